//! Guests of WASI 0.1 and 0.2 as text, each with the least it needs.

/// A core module of WASI 0.1. `fields` come after what every one of them needs: memory is free from
/// 1024 on, and `$write` writes all of a text, or answers an error number.
pub(crate) fn module(fields: &str) -> String {
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
          (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_open"
            (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 20)
          (func $write (param $fd i32) (param $at i32) (param $length i32) (result i32)
            (local $failed i32)
            (loop $rest
              (i32.store (i32.const 0) (local.get $at))
              (i32.store (i32.const 4) (local.get $length))
              (local.set $failed (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
              (if (local.get $failed) (then (return (local.get $failed))))
              (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
              (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
              (br_if $rest (local.get $length)))
            (i32.const 0))
          (func $read (param $fd i32) (param $at i32) (param $max i32) (result i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $max))
            (if (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))
            (i32.load (i32.const 8)))
          {fields})"#
    )
}

pub(crate) fn hello() -> String {
    module(
        r#"(data (i32.const 1024) "hello from WASI 0.1\n")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 20))))"#,
    )
}

/// Copies standard input to standard output until it ends.
pub(crate) fn echo() -> String {
    module(
        r#"(func (export "_start")
          (local $count i32)
          (loop $more
            (local.set $count (call $read (i32.const 0) (i32.const 1024) (i32.const 4096)))
            (if (i32.eqz (local.get $count)) (then (return)))
            (if (call $write (i32.const 1) (i32.const 1024) (local.get $count)) (then (unreachable)))
            (br $more)))"#,
    )
}

/// How many bytes `flood` writes.
pub(crate) const FLOOD: usize = 1 << 20;

/// Writes 1 MiB, in which each byte is the remainder of its position by 251.
pub(crate) fn flood() -> String {
    module(
        r#"(func (export "_start")
          (local $at i32)
          (loop $fill
            (i32.store8 offset=65536 (local.get $at) (i32.rem_u (local.get $at) (i32.const 251)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $fill (i32.lt_u (local.get $at) (i32.const 1048576))))
          (if (call $write (i32.const 1) (i32.const 65536) (i32.const 1048576)) (then (unreachable))))"#,
    )
}

pub(crate) fn flooded() -> Vec<u8> {
    (0..FLOOD)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

/// Waits for the first of three timers, of which only the last, 20 ms, ever ends; prints its number.
/// Traps if the clock did not advance by as much.
pub(crate) fn sleeper() -> String {
    module(
        r#"(func $subscribe (param $at i32) (param $number i64) (param $timeout i64) (param $absolute i32)
          (i64.store (local.get $at) (local.get $number))
          (i32.store offset=16 (local.get $at) (i32.const 1))
          (i64.store offset=24 (local.get $at) (local.get $timeout))
          (i32.store16 offset=40 (local.get $at) (local.get $absolute)))
        (func $now (result i64)
          (if (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 8)) (then (unreachable)))
          (i64.load (i32.const 8)))
        (func (export "_start")
          (local $start i64)
          (call $subscribe (i32.const 1024) (i64.const 48) (i64.const -1) (i32.const 0))
          (call $subscribe (i32.const 1072) (i64.const 49) (i64.const -1) (i32.const 1))
          (call $subscribe (i32.const 1120) (i64.const 50) (i64.const 20_000_000) (i32.const 0))
          (local.set $start (call $now))
          (if (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 3) (i32.const 16)) (then (unreachable)))
          (if (i32.ne (i32.load (i32.const 16)) (i32.const 1)) (then (unreachable)))
          (if (i64.lt_u (i64.sub (call $now) (local.get $start)) (i64.const 20_000_000)) (then (unreachable)))
          (drop (call $write (i32.const 1) (i32.const 2048) (i32.const 1))))"#,
    )
}

/// A component whose `run` calls `wasi:cli/exit`.
pub(crate) fn exit(function: &str, parameter: &str, argument: u8) -> String {
    format!(
        r#"(component
          (import "wasi:cli/exit@0.2.0" (instance $exit (export "{function}" (func (param {parameter})))))
          (core func $exit (canon lower (func $exit "{function}")))
          (core module $Main
            (import "host" "exit" (func $exit (param i32)))
            (func (export "run") (result i32) (call $exit (i32.const {argument})) (unreachable)))
          (core instance $main (instantiate $Main
            (with "host" (instance (export "exit" (func $exit))))))
          (func $run (result (result)) (canon lift (core func $main "run")))
          (instance $exports (export "run" (func $run)))
          (export "wasi:cli/run@0.2.0" (instance $exports)))"#
    )
}

/// Reads `in.txt` and prints it, then writes to `out.txt`, and prints the error if that fails.
pub(crate) fn files() -> String {
    module(
        r#"(data (i32.const 1024) "in.txt")
        (data (i32.const 1032) "out.txt")
        (data (i32.const 1040) "written")
        (data (i32.const 1048) ", denied")
        (func (export "_start")
          (local $count i32)
          (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 6) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)) (then (unreachable)))
          (local.set $count (call $read (i32.load (i32.const 16)) (i32.const 2048) (i32.const 1000)))
          (drop (call $write (i32.const 1) (i32.const 2048) (local.get $count)))
          (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 1032) (i32.const 7) (i32.const 1)
                (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 16))
            (then (drop (call $write (i32.const 1) (i32.const 1048) (i32.const 8))))
            (else (if (call $write (i32.load (i32.const 16)) (i32.const 1040) (i32.const 7)) (then (unreachable))))))"#,
    )
}
