;; Grows its memory from one page of 64 KiB to 16, which are 1 MiB. Returns the error "no room" if
;; it cannot.
(component
  (core module $Main
    (memory (export "memory") 1)
    (data (i32.const 16) "\01\00\00\00\20\00\00\00\07\00\00\00")
    (data (i32.const 32) "no room")
    (func (export "run") (result i32)
      (if (result i32) (i32.lt_s (memory.grow (i32.const 15)) (i32.const 0))
        (then (i32.const 16))
        (else (i32.const 0)))))
  (core instance $main (instantiate $Main))
  (alias core export $main "memory" (core memory $memory))
  (func $run async (result (result (error string)))
    (canon lift (core func $main "run") (memory $memory)))
  (instance $exports (export "run" (func $run)))
  (export "aio:host/run@0.1.0" (instance $exports)))
