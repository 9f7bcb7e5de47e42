;; Prints "ready" and sleeps for 146 years. Asked to stop it ends well, with the error "woken" if
;; the sleep ends otherwise.
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

  (core func $sleep (canon lower (func $timers "sleep") (memory $bytes)))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $bytes)))

  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "host" "sleep" (func $sleep (param i64 i32)))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (data (i32.const 64) "ready\n")
    (data (i32.const 96) "\01\00\00\00\80\00\00\00\05\00\00\00")
    (data (i32.const 128) "woken")
    (func (export "run") (result i32)
      (call $write (call $get-stdout) (i32.const 64) (i32.const 6) (i32.const 0))
      (call $sleep (i64.const 0x4000_0000_0000_0000) (i32.const 32))
      ;; An error, and the one that is numbered 5: cancelled.
      (if (result i32) (i32.eq (i32.load16_u (i32.const 32)) (i32.const 0x0501))
        (then (i32.const 48))
        (else (i32.const 96)))))
  (core instance $main (instantiate $Main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "sleep" (func $sleep))
      (export "get-stdout" (func $get-stdout))
      (export "write" (func $write))))))

  (func $run async (result (result (error string)))
    (canon lift (core func $main "run") (memory $bytes)))
  (instance $exports (export "run" (func $run)))
  (export "aio:host/run@0.1.0" (instance $exports)))
