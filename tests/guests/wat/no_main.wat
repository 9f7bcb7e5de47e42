;; Can be linked, but has no main call.
(component
  (core module $Main (func (export "answer") (result i32) (i32.const 42)))
  (core instance $main (instantiate $Main))
  (func (export "answer") (result u32) (canon lift (core func $main "answer"))))
