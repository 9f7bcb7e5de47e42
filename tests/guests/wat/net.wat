;; Touches the network, as its call of the action says, and returns the name of the error code as
;; its error. The test puts an action in the place of ACTION and a number in that of PORT.
(component
  (import "aio:host/types@0.1.0" (instance $types
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
    (type $family (enum "ipv4" "ipv6"))
    (export "ip-family" (type $ip-family (eq $family)))
    (type $a4 (tuple u8 u8 u8 u8))
    (export "ipv4-address" (type $ipv4-address (eq $a4)))
    (type $a6 (tuple u16 u16 u16 u16 u16 u16 u16 u16))
    (export "ipv6-address" (type $ipv6-address (eq $a6)))
    (type $s4 (record (field "port" u16) (field "address" $ipv4-address)))
    (export "ipv4-socket-address" (type $ipv4-socket-address (eq $s4)))
    (type $s6 (record
      (field "port" u16) (field "flow-info" u32) (field "address" $ipv6-address)
      (field "scope-id" u32)))
    (export "ipv6-socket-address" (type $ipv6-socket-address (eq $s6)))
    (type $s (variant (case "ipv4" $ipv4-socket-address) (case "ipv6" $ipv6-socket-address)))
    (export "ip-socket-address" (type (eq $s)))))
  (alias export $types "error-code" (type $error-code))
  (alias export $types "ip-family" (type $ip-family))
  (alias export $types "ip-socket-address" (type $address))

  (import "aio:host/dns@0.1.0" (instance $dns
    (alias outer 1 $error-code (type $outer-code))
    (export "error-code" (type $code (eq $outer-code)))
    (alias outer 1 $ip-family (type $outer-family))
    (export "ip-family" (type $family (eq $outer-family)))
    (alias outer 1 $address (type $outer-address))
    (export "ip-socket-address" (type $address (eq $outer-address)))
    (export "lookup" (func async
      (param "name" string) (param "service" string) (param "family" (option $family))
      (result (result (list $address) (error $code)))))))

  (import "aio:host/tcp@0.1.0" (instance $tcp
    (alias outer 1 $error-code (type $outer-code))
    (export "error-code" (type $code (eq $outer-code)))
    (alias outer 1 $address (type $outer-address))
    (export "ip-socket-address" (type $address (eq $outer-address)))
    (type $o (record
      (field "backlog" u32) (field "reuse-port" bool) (field "ipv6-only" (option bool))))
    (export "listen-options" (type $options (eq $o)))
    (export "tcp-listener" (type $listener (sub resource)))
    (export "tcp-stream" (type $stream (sub resource)))
    (export "[static]tcp-listener.listen" (func
      (param "address" $address) (param "options" $options)
      (result (result (own $listener) (error $code)))))
    (export "[static]tcp-stream.connect" (func async
      (param "address" $address) (result (result (own $stream) (error $code)))))))

  (core module $Memory
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 65536))
    ;; Nothing is ever given back: the guest ends soon.
    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $free (i32.add (local.get $at) (local.get $size)))
      (local.get $at)))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $bytes))

  (core func $lookup (canon lower (func $dns "lookup") (memory $bytes)
    (realloc (core func $memory "realloc"))))
  (core func $listen (canon lower (func $tcp "[static]tcp-listener.listen") (memory $bytes)))
  (core func $connect (canon lower (func $tcp "[static]tcp-stream.connect") (memory $bytes)))

  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "host" "lookup" (func $host.lookup (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "listen" (func $host.listen
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "connect" (func $host.connect
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 128) "localhost")
    (data (i32.const 160) "access-denied")
    (data (i32.const 176) "another error")
    ;; What `run` returns: ok, until an action fails.
    (global $result i32 (i32.const 64))

    ;; Results of actions are at 0: 1 in the first byte is an error, its number $code behind.
    (func $check (param $code_at i32)
      (if (i32.eqz (i32.load8_u (i32.const 0))) (then (return)))
      (i32.store8 (global.get $result) (i32.const 1))
      (i32.store offset=4 (global.get $result)
        (select (i32.const 176) (i32.const 160) (i32.load8_u (local.get $code_at))))
      (i32.store offset=8 (global.get $result) (i32.const 13)))

    (func $lookup
      (call $host.lookup (i32.const 128) (i32.const 9) (i32.const 0) (i32.const 0)
        (i32.const 1) (i32.const 0) (i32.const 0))
      (call $check (i32.const 4)))

    (func $connect
      (call $host.connect
        (i32.const 0) (i32.const PORT)
        (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0))
      (call $check (i32.const 4)))

    (func $listen
      (call $host.listen
        (i32.const 0) (i32.const PORT)
        (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 16) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $check (i32.const 4)))

    (func (export "run") (result i32)
      ACTION
      (global.get $result)))
  (core instance $main (instantiate $Main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "lookup" (func $lookup))
      (export "listen" (func $listen))
      (export "connect" (func $connect))))))

  (func $run async (result (result (error string)))
    (canon lift (core func $main "run") (memory $bytes)))
  (instance $exports (export "run" (func $run)))
  (export "aio:host/run@0.1.0" (instance $exports)))
