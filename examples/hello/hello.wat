;; Says hello. A component by hand: no toolchain, one page of text.
;;
;;     aio-host run examples/hello/hello.wat
;;
;; It exports `run` of `aio:host/run`, and prints through WASI 0.2: take the standard output, write
;; to it, give it back.
(component
  (import "wasi:io/error@0.2.0" (instance $error
    (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))

  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $io-error (type $outer-error))
    (export "error" (type $e (eq $outer-error)))
    (export "output-stream" (type $stream (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $stream)) (param "contents" (list u8))
        (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))

  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $outer-stream))
    (export "output-stream" (type $stream (eq $outer-stream)))
    (export "get-stdout" (func (result (own $stream))))))

  ;; The memory comes first: imports that take bytes need to know whose.
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $bytes))

  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $bytes)))
  (core func $drop (canon resource.drop $output-stream))

  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop" (func $drop (param i32)))
    (data (i32.const 64) "hello from a component written by hand\n")

    ;; The result of a call is at 0: its first byte is 0 for ok, as it is in what `run` returns.
    (func (export "run") (result i32)
      (local $stdout i32)
      (local.set $stdout (call $get-stdout))
      (call $write (local.get $stdout) (i32.const 64) (i32.const 39) (i32.const 0))
      (call $drop (local.get $stdout))
      (if (i32.load8_u (i32.const 0)) (then unreachable))
      (i32.const 0)))
  (core instance $main (instantiate $Main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "get-stdout" (func $get-stdout))
      (export "write" (func $write))
      (export "drop" (func $drop))))))

  ;; `run` is typed `async`; a guest that has nothing to await may still return like any function.
  (func $run async (result (result (error string)))
    (canon lift (core func $main "run") (memory $bytes)))
  (instance $exports (export "run" (func $run)))
  (export "aio:host/run@0.1.0" (instance $exports)))
