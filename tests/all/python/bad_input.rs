//! Programs that are wrong, or ask for too much: what python3 does, or one clear line. None of it
//! is a trap.

use std::process::Command;

use rustix::process::Signal;

use super::super::support::AIO_HOST;
use super::{Folder, cache, compile, is_as_in_python, prints, python, start};

#[test]
fn a_program_that_does_not_parse_is_told_as_in_python() {
    let texts = [
        "print('begun')\ndef f(:\n",
        "x = (1,\nprint(x)\n",
        "if 1:\n\tx\n        y\n",
        "return\n",
        "await f()\n",
        "def f():\n    nonlocal x\n",
        "'open\n",
    ];
    for text in texts {
        let folder = Folder::with(&[("app.py", text), ("other.py", "import app")]);
        is_as_in_python(&[&folder.file("app.py")]);
        is_as_in_python(&[&folder.file("other.py")]);
    }
}

#[test]
fn bytes_that_are_no_program_are_a_syntax_error() {
    let folder = Folder::with(&[]);
    for bytes in [&b"\xff\xfe"[..], b"x\0y", b"# coding: none\n", b"\x7fELF"] {
        let file = folder.path.join("app.py");
        std::fs::write(&file, bytes).unwrap();
        python(&[file.to_str().unwrap()]).fails(1, &["SyntaxError: "]);
    }
}

#[test]
fn what_cannot_be_imported_is_told_as_in_python() {
    let files = [
        ("circle.py", "from circle import missing"),
        ("broken.py", "1 / 0"),
        ("package/__init__.py", "from . import missing"),
    ];
    let folder = Folder::with(&files);
    for import in ["no_such_module", "json.no_such", "broken"] {
        let program = format!("import {import}");
        std::fs::write(folder.path.join("app.py"), program).unwrap();
        is_as_in_python(&[&folder.file("app.py")]);
    }
    for name in ["circle", "package"] {
        let program = format!("try: import {name}\nexcept ImportError as e: print(e.name)");
        std::fs::write(folder.path.join("app.py"), program).unwrap();
        is_as_in_python(&[&folder.file("app.py")]);
    }
}

/// As python3's own importer, ours has no place in a traceback.
#[test]
fn a_traceback_leaves_the_importer_out() {
    let code = "import multiprocessing.synchronize";
    let ran = python(&["-c", code]);
    ran.fails(1, &["/python/multiprocessing/synchronize.py"]);
    assert!(!ran.stderr.contains("library.py"), "{ran:?}");
}

#[test]
fn recursion_without_end_is_an_error_as_in_python() {
    let deep = [
        "def f(): f()\nf()",
        "class C: __getattr__ = lambda self, name: getattr(self, name)\nC().x",
        "class C: __repr__ = lambda self: repr(self)\nrepr(C())",
        "import json; json.loads('[' * 100_000)",
        "import json; json.loads('{\"a\":' * 100_000)",
        "import json; x = []; x.append(x); json.JSONEncoder(check_circular=False).encode(x)",
        "import pickle\nx = []\nfor _ in range(100_000): x = [x]\npickle.dumps(x)",
        "import copy\nx = []\nfor _ in range(100_000): x = [x]\ncopy.deepcopy(x)",
    ];
    for code in deep {
        let code = format!("try: exec({code:?})\nexcept RecursionError: print('too deep')");
        is_as_in_python(&["-c", &code]);
    }
    is_as_in_python(&["-c", "x = []; x.append(x); print(x, x in x)"]);
}

#[test]
fn a_stack_without_room_for_it_ends_the_guest_and_not_the_host() {
    let code = "import json; json.loads('[' * 100_000)";
    python(&["-c", code]).fails(1, &["RecursionError"]);
    python(&["--max-stack=512KiB", "-c", code]).fails(134, &["trap"]);
    for size in ["1GiB", "1073741824"] {
        python(&["--max-stack", size, "-c", code]).fails(1, &["RecursionError"]);
    }
}

#[test]
fn a_program_that_is_nested_too_deep_is_an_error() {
    for code in [
        "'(' * 100_000",
        "'-' * 100_000 + '1'",
        "'a' + '.b' * 100_000",
    ] {
        let code = format!(
            "try: eval({code})\nexcept (SyntaxError, MemoryError, RecursionError): print('no')"
        );
        is_as_in_python(&["-c", &code]);
    }
}

#[test]
fn a_lock_that_nobody_can_give_back_is_an_error() {
    let waits = [
        "lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "lock = threading.Lock()\nwith lock:\n    with lock: pass",
        "threading.Event().wait()",
        "threading.Semaphore(0).acquire()",
        "threading.Barrier(2).wait()",
        "queue.Queue().get()",
        "queue.SimpleQueue().get()",
        "concurrent.futures.Future().result()",
    ];
    for wait in waits {
        let code = format!("import concurrent.futures, queue, threading\n{wait}");
        let expected = "\nRuntimeError: nothing can end this wait: a guest has one thread only\n";
        python(&["-c", &code]).fails(1, &[expected]);
    }
}

#[test]
fn a_lock_is_as_in_python() {
    let code = "
import threading
lock = threading.Lock()
print(lock.acquire(), lock.locked(), lock.acquire(False), lock.acquire(timeout=0.01))
print(lock.acquire(blocking=False), repr(lock).split()[0])
lock.release()
with lock as taken:
    print(taken, lock.locked())
print(lock.locked(), repr(lock).split()[0], isinstance(lock, type(threading.Lock())))
for wrong in (
    lambda: lock.release(),
    lambda: lock.acquire(False, 1),
    lambda: lock.acquire(True, -2),
    lambda: lock.acquire(True, threading.TIMEOUT_MAX * 2),
    lambda: __import__('pickle').dumps(lock),
):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__)
print(threading.Event().wait(0.01), threading.Semaphore(2).acquire())
condition = threading.Condition()
with condition:
    print(condition.wait(0.01), condition.wait_for(lambda: True))
";
    is_as_in_python(&["-c", code]);
}

#[test]
fn a_signals_handler_may_end_a_wait() {
    let code = "
import signal, threading
event = threading.Event()
signal.signal(signal.SIGALRM, lambda number, frame: event.set())
import subprocess
subprocess.Popen(['sh', '-c', 'kill -ALRM $PPID'])
print(event.wait())
";
    let flags = ["--allow-signal=ALRM", "--allow-run=sh", "-c", code];
    assert_eq!(prints(&flags), "True\n");
}

#[test]
fn a_loop_goes_on_when_memory_is_not_there() {
    let code = "
import asyncio

async def greedy():
    kept = []
    while True:
        kept.append(bytearray(10**7))
        await asyncio.sleep(0)

async def main():
    try:
        await asyncio.create_task(greedy())
    except MemoryError:
        print('no memory')
    print(await asyncio.sleep(0, 'goes on'))

asyncio.run(main())
";
    let printed = prints(&["--max-memory=200MiB", "-c", code]);
    assert_eq!(printed, "no memory\ngoes on\n");
}

/// In python3 it is a second KeyboardInterrupt, and the exit code the same.
#[test]
fn a_second_interrupt_ends_a_program_that_does_not_come_to_an_end() {
    let code = "
import asyncio

async def main():
    try:
        print('begun', flush=True)
        await asyncio.sleep(1000)
    finally:
        print('cleaning up', flush=True)
        await asyncio.sleep(1000)

asyncio.run(main())
";
    let mut running = start(&["-c", code]);
    assert_eq!(running.line(), "begun");
    running.signal(Signal::INT);
    assert_eq!(running.line(), "cleaning up");
    running.signal(Signal::INT);
    running.end().fails(130, &["aio-host: killed\n"]);
}

/// The errors of a program whose output goes to one that reads a line and ends.
fn with_a_short_reader(program: &[&str], code: &str) -> String {
    let script = "{ \"$@\"; echo \"ended with $?\" >&2; } | head -n 1";
    let ran = Command::new("timeout")
        .args([
            "60",
            "sh",
            "-c",
            script,
            "sh",
            "env",
            "-u",
            "PYTHONUNBUFFERED",
        ])
        .args(program)
        .args(["-c", code])
        .env("XDG_CACHE_HOME", cache())
        .output()
        .unwrap();
    String::from_utf8(ran.stderr).unwrap()
}

#[test]
fn a_reader_that_is_gone_is_a_broken_pipe_as_in_python() {
    compile();
    let ends = [
        "while True: print('x' * 100, flush=True)",
        "
import sys
try:
    while True: print('x' * 100, flush=True)
except BrokenPipeError:
    print('caught', file=sys.stderr)
    sys.exit(3)
",
        "
import os
try:
    while True: os.write(1, b'x\\n' * 100)
except BrokenPipeError: os._exit(4)
",
    ];
    for code in ends {
        let told = |program: &[&str]| {
            let errors = with_a_short_reader(program, code);
            let last = errors.lines().last().map(str::to_owned);
            (errors.contains("BrokenPipeError: "), last)
        };
        let ended = told(&[AIO_HOST, "python"]);
        assert_eq!(ended, told(&["python3"]));
        assert!(ended.1.is_some_and(|last| last.starts_with("ended with ")));
    }
}
