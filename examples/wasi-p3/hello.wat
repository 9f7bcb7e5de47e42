;; A command of WASI 0.3 with no toolchain behind it: says hello, waits, says good-bye.
;;
;;     aio-host run examples/wasi-p3/hello.wat
;;
;; Standard output is a `stream<u8>`: the guest makes a stream, hands its readable end to
;; `write-via-stream`, and writes into the other end. `run` is an `async func`, so it may wait.
(component
  ;; What is imported: two interfaces, of each the one function that is used.

  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (export "wait-for" (func async (param "how-long" u64)))))

  (import "wasi:cli/types@0.3.0" (instance $types
    (type $codes (enum "io" "illegal-byte-sequence" "pipe"))
    (export "error-code" (type (eq $codes)))))
  (alias export $types "error-code" (type $error-code))

  (import "wasi:cli/stdout@0.3.0" (instance $stdout
    (alias outer 1 $error-code (type $imported))
    (export "error-code" (type $code (eq $imported)))
    (type $outcome (result (error $code)))
    (type $written (future $outcome))
    (type $bytes (stream u8))
    (export "write-via-stream" (func (param "data" $bytes) (result $written)))))

  (type $bytes (stream u8))
  (type $outcome (result (error $error-code)))
  (type $written (future $outcome))

  ;; The memory is a module of its own, so that what is lowered can refer to it.

  (core module $Memory
    (memory (export "memory") 1)
    (data (i32.const 1024) "hello from WASI 0.3\n")
    (data (i32.const 1056) "and good-bye, 20 ms later\n"))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $mem))

  (core func $wait-for (canon lower (func $clock "wait-for")))
  (core func $write-via-stream (canon lower (func $stdout "write-via-stream")))
  (core func $stream-new (canon stream.new $bytes))
  (core func $stream-write (canon stream.write $bytes async (memory $mem)))
  (core func $stream-close (canon stream.drop-writable $bytes))
  (core func $future-read (canon future.read $written async (memory $mem)))
  (core func $future-close (canon future.drop-readable $written))
  (core func $set-new (canon waitable-set.new))
  (core func $set-wait (canon waitable-set.wait (memory $mem)))
  (core func $set-drop (canon waitable-set.drop))
  (core func $join (canon waitable.join))

  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "host" "wait-for" (func $wait-for (param $nanoseconds i64)))
    (import "host" "write-via-stream" (func $write-via-stream (param $readable i32) (result i32)))
    (import "host" "stream-new" (func $stream-new (result i64)))
    (import "host" "stream-write" (func $stream-write (param $end i32) (param $at i32) (param $length i32) (result i32)))
    (import "host" "stream-close" (func $stream-close (param $end i32)))
    (import "host" "future-read" (func $future-read (param $future i32) (param $to i32) (result i32)))
    (import "host" "future-close" (func $future-close (param $future i32)))
    (import "host" "set-new" (func $set-new (result i32)))
    (import "host" "set-wait" (func $set-wait (param $set i32) (param $event i32) (result i32)))
    (import "host" "set-drop" (func $set-drop (param $set i32)))
    (import "host" "join" (func $join (param $waitable i32) (param $set i32)))

    ;; Where `set-wait` puts an event: the waitable, and how its operation went.
    (global $event i32 (i32.const 0))
    ;; Where the future's value comes to lie: a `result`, whose first byte is 0 for ok.
    (global $value i32 (i32.const 16))
    ;; Whether nobody reads the stream any more. Writing to it then is a trap.
    (global $unread (mut i32) (i32.const 0))

    ;; Waits for an operation on `waitable` that answered `status`, if it has to be waited for.
    (func $finish (param $waitable i32) (param $status i32) (result i32)
      (local $set i32)
      ;; -1 stands for BLOCKED
      (if (i32.ne (local.get $status) (i32.const -1))
        (then (return (local.get $status))))
      (local.set $set (call $set-new))
      (call $join (local.get $waitable) (local.get $set))
      (drop (call $set-wait (local.get $set) (global.get $event)))
      ;; Set 0 is none: a set can be dropped only when nothing is in it.
      (call $join (local.get $waitable) (i32.const 0))
      (call $set-drop (local.get $set))
      (i32.load offset=4 (global.get $event)))

    ;; Prints all of a text. What a write answers is its progress times 16, and 1 added to it when
    ;; nobody reads any more.
    (func $print (param $end i32) (param $at i32) (param $length i32)
      (local $status i32)
      (loop $rest
        (if (global.get $unread) (then (return)))
        (local.set $status
          (call $finish (local.get $end)
            (call $stream-write (local.get $end) (local.get $at) (local.get $length))))
        (global.set $unread (i32.and (local.get $status) (i32.const 15)))
        (local.set $status (i32.shr_u (local.get $status) (i32.const 4)))
        (local.set $at (i32.add (local.get $at) (local.get $status)))
        (local.set $length (i32.sub (local.get $length) (local.get $status)))
        (br_if $rest (local.get $length))))

    (func (export "run") (result i32)
      (local $ends i64) (local $end i32) (local $written i32)
      ;; The readable end is in the lower half, the writable one in the upper.
      (local.set $ends (call $stream-new))
      (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (local.set $written (call $write-via-stream (i32.wrap_i64 (local.get $ends))))

      (call $print (local.get $end) (i32.const 1024) (i32.const 20))
      (call $wait-for (i64.const 20_000_000))
      (call $print (local.get $end) (i32.const 1056) (i32.const 26))

      ;; The future tells whether everything was written, once the stream has ended.
      (call $stream-close (local.get $end))
      (drop (call $finish (local.get $written)
        (call $future-read (local.get $written) (global.get $value))))
      (call $future-close (local.get $written))
      (i32.load8_u (global.get $value))))

  (core instance $main (instantiate $Main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "wait-for" (func $wait-for))
      (export "write-via-stream" (func $write-via-stream))
      (export "stream-new" (func $stream-new))
      (export "stream-write" (func $stream-write))
      (export "stream-close" (func $stream-close))
      (export "future-read" (func $future-read))
      (export "future-close" (func $future-close))
      (export "set-new" (func $set-new))
      (export "set-wait" (func $set-wait))
      (export "set-drop" (func $set-drop))
      (export "join" (func $join))))))

  (func $run async (result (result))
    (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $exports)))
