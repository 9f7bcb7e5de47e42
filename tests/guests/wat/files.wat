;; Opens "file" of its first directory for reading and says "read", then creates "new" there and
;; says "created". WASI 0.1.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\40\00\00\00\05\00\00\00\50\00\00\00\08\00\00\00")
  (data (i32.const 64) "read\n")
  (data (i32.const 80) "created\n")
  (data (i32.const 96) "filenew")
  (func $say_if (param $failed i32) (param $text i32)
    (if (i32.eqz (local.get $failed))
      (then (drop
        (call $fd_write (i32.const 1) (local.get $text) (i32.const 1) (i32.const 8))))))
  (func (export "_start")
    ;; The right 2 is to read, 64 to write; the flag 1 is to create.
    (call $say_if
      (call $path_open (i32.const 3) (i32.const 0) (i32.const 96) (i32.const 4)
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))
      (i32.const 16))
    (call $say_if
      (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 3)
        (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0))
      (i32.const 24))))
