;; Its main call returns the error "out of luck".
(component
  (core module $Main
    (memory (export "memory") 1)
    (data (i32.const 0) "\01\00\00\00\10\00\00\00\0b\00\00\00")
    (data (i32.const 16) "out of luck")
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $Main))
  (alias core export $main "memory" (core memory $memory))
  (func $run async (result (result (error string)))
    (canon lift (core func $main "run") (memory $memory)))
  (instance $exports (export "run" (func $run)))
  (export "aio:host/run@0.1.0" (instance $exports)))
