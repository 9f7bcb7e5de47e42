;; Traps two calls deep, so that there is a backtrace with names to show. WASI 0.1.
(module
  (memory (export "memory") 1)
  (func $culprit unreachable)
  (func $accomplice (call $culprit))
  (func (export "_start") (call $accomplice)))
