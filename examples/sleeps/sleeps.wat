;; Two sleeps at once, the longer one begun first: what is awaited together takes as long as the
;; longest, and ends in the order of the deadlines.
;;
;;     aio-host run examples/sleeps/sleeps.wat
;;
;; The asynchronous calls of the component model by hand. `timers.sleep` is lowered `async`: a call
;; that waits returns at once with a subtask. `run` is lifted `async` with a callback: it returns to
;; the host with a set of subtasks to wait for, and the callback is told of each that has ended.
(component
  (import "aio:host/timers@0.1.0" (instance $timers
    (type $codes (enum
      "access-denied" "bad-handle" "invalid-argument" "out-of-range" "quota-exceeded"
      "cancelled" "closed" "invalid-state" "not-supported" "address-in-use"
      "address-not-available" "connection-refused" "connection-reset" "connection-aborted"
      "broken-pipe" "not-connected" "timed-out" "datagram-too-large" "host-unreachable"
      "network-unreachable" "not-found" "path-escapes" "not-permitted"
      "not-executable" "arguments-too-long" "no-such-process" "name-too-long" "name-unresolvable"
      "service-unknown" "resolver-again" "resolver-failure" "tls-protocol" "tls-alert"
      "tls-no-agreement" "tls-no-protocol" "tls-truncated" "tls-bad-identity"
      "certificate-wrong-name" "certificate-expired" "certificate-not-yet-valid"
      "certificate-unknown-issuer" "certificate-revoked" "certificate-invalid"
      "certificate-required" "insufficient-resources" "other"))
    (export "error-code" (type $error-code (eq $codes)))
    (export "sleep" (func async (param "delay" u64) (result (result (error $error-code)))))))

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

  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $bytes))

  (core func $sleep (canon lower (func $timers "sleep") async (memory $bytes)))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $bytes)))
  (core func $subtask.drop (canon subtask.drop))
  (core func $set.new (canon waitable-set.new))
  (core func $set.drop (canon waitable-set.drop))
  (core func $join (canon waitable.join))
  (core func $task.return (canon task.return (result (result (error string))) (memory $bytes)))

  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "host" "sleep" (func $sleep (param i64 i32) (result i32)))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "model" "subtask.drop" (func $subtask.drop (param i32)))
    (import "model" "set.new" (func $set.new (result i32)))
    (import "model" "set.drop" (func $set.drop (param i32)))
    (import "model" "join" (func $join (param i32 i32)))
    (import "model" "task.return" (func $task.return (param i32 i32 i32)))
    (data (i32.const 64) "both sleeps have begun\n")
    (data (i32.const 96) "slept 20 ms\n")
    (data (i32.const 128) "slept 60 ms\n")
    (data (i32.const 160) "both sleeps are done\n")

    (global $stdout (mut i32) (i32.const 0))
    (global $set (mut i32) (i32.const 0))
    (global $long (mut i32) (i32.const 0))
    (global $short (mut i32) (i32.const 0))
    (global $left (mut i32) (i32.const 2))

    (func $print (param $text i32) (param $length i32)
      (call $write (global.get $stdout) (local.get $text) (local.get $length) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then unreachable)))

    ;; A call returns `subtask << 4 | state`, where the state 1 is "started, and waits": a sleep of
    ;; more than nothing always does. Its result is written to $result when it ends.
    (func $begin (param $ns i64) (param $result i32) (result i32)
      (local $call i32)
      (local.set $call (call $sleep (local.get $ns) (local.get $result)))
      (if (i32.ne (i32.and (local.get $call) (i32.const 15)) (i32.const 1)) (then unreachable))
      (local.set $call (i32.shr_u (local.get $call) (i32.const 4)))
      (call $join (local.get $call) (global.get $set))
      (local.get $call))

    ;; What the host is to do next: 2 with a set is "wait for it".
    (func $wait (result i32)
      (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))

    (func (export "run") (result i32)
      (global.set $stdout (call $get-stdout))
      (global.set $set (call $set.new))
      (global.set $long (call $begin (i64.const 60000000) (i32.const 16)))
      (global.set $short (call $begin (i64.const 20000000) (i32.const 24)))
      (call $print (i32.const 64) (i32.const 23))
      (call $wait))

    ;; Event 1 is "a subtask has changed", to state 2, "returned".
    (func (export "callback") (param $event i32) (param $subtask i32) (param $state i32) (result i32)
      (if (i32.ne (local.get $event) (i32.const 1)) (then unreachable))
      (if (i32.ne (local.get $state) (i32.const 2)) (then unreachable))
      (call $join (local.get $subtask) (i32.const 0))
      (call $subtask.drop (local.get $subtask))
      (if (i32.eq (local.get $subtask) (global.get $short))
        (then (call $print (i32.const 96) (i32.const 12)))
        (else (call $print (i32.const 128) (i32.const 12))))
      (global.set $left (i32.sub (global.get $left) (i32.const 1)))
      (if (global.get $left) (then (return (call $wait))))
      (call $set.drop (global.get $set))
      (call $print (i32.const 160) (i32.const 21))
      (call $task.return (i32.const 0) (i32.const 0) (i32.const 0))
      (i32.const 0)))
  (core instance $main (instantiate $Main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "sleep" (func $sleep))
      (export "get-stdout" (func $get-stdout))
      (export "write" (func $write))))
    (with "model" (instance
      (export "subtask.drop" (func $subtask.drop))
      (export "set.new" (func $set.new))
      (export "set.drop" (func $set.drop))
      (export "join" (func $join))
      (export "task.return" (func $task.return))))))

  (func $run async (result (result (error string)))
    (canon lift (core func $main "run") async (callback (core func $main "callback"))
      (memory $bytes)))
  (instance $exports (export "run" (func $run)))
  (export "aio:host/run@0.1.0" (instance $exports)))
