//! CPython's own asyncio over the ring: programs print what they print in python3, and learn what
//! was not granted.

use std::process::Command;

use rustix::process::Signal;

use super::super::support::in_repository;
use super::{Folder, LOOPBACK, path_text, prints, python, python3, start, start_in};

fn program(name: &str) -> String {
    path_text(&in_repository(&format!("tests/asyncio/{name}.py")))
}

/// Runs a program of `tests/asyncio` under these flags and by python3, and compares what it prints.
#[track_caller]
pub(super) fn prints_the_same(flags: &[&str], name: &str, args: &[&str]) {
    let file = program(name);
    let words = [&[file.as_str()], args].concat();
    let expected = python3(&words);
    assert!(expected.status.success(), "{expected:?}");
    let printed = prints(&[flags, &words].concat());
    assert_eq!(printed, String::from_utf8(expected.stdout).unwrap());
}

/// The same for a program that writes files in a folder, of which each has its own.
#[track_caller]
fn leaves_the_same(flags: &[&str], name: &str) {
    let [theirs, ours] = [Folder::with(&[]), Folder::with(&[])];
    let expected = python3(&[&program(name), theirs.text()]);
    assert!(expected.status.success(), "{expected:?}");
    let dir = format!("--dir={}", ours.text());
    let printed = prints(&[flags, &[&dir, &program(name), ours.text()]].concat());
    assert_eq!(printed, String::from_utf8(expected.stdout).unwrap());
}

#[test]
fn tasks_and_timers_are_as_in_python() {
    prints_the_same(&[], "timers", &[]);
}

#[test]
fn streams_of_tcp_are_as_in_python() {
    prints_the_same(&LOOPBACK, "echo", &[]);
}

#[test]
fn connections_by_callbacks_and_by_sockets_are_as_in_python() {
    prints_the_same(&LOOPBACK, "connections", &[]);
}

#[test]
fn datagrams_are_as_in_python() {
    prints_the_same(&LOOPBACK, "datagrams", &[]);
}

#[test]
fn unix_sockets_are_as_in_python() {
    let folder = Folder::with(&[]);
    let dir = format!("--dir={}", folder.text());
    prints_the_same(&[&dir], "unix", &[folder.text()]);
}

#[test]
fn messages_options_and_files_of_sockets_are_as_in_python() {
    let folder = Folder::with(&[]);
    let dir = format!("--dir={}", folder.text());
    let flags = [&LOOPBACK[..], &[dir.as_str()]].concat();
    prints_the_same(&flags, "messages", &[folder.text()]);
}

#[test]
fn names_are_looked_up_as_in_python() {
    let flags = [
        "--allow-net=localhost",
        "--allow-net=no-such-name.invalid",
        "--allow-net=127.0.0.1",
    ];
    prints_the_same(&flags, "names", &[]);
}

#[test]
fn what_is_ready_is_as_in_python() {
    prints_the_same(&[], "polling", &[]);
}

#[test]
fn calls_that_wait_without_a_loop_are_as_in_python() {
    let flags = [&LOOPBACK[..], &["--allow-run=*"]].concat();
    prints_the_same(&flags, "blocking", &[]);
}

#[test]
fn an_executor_does_its_work_in_between() {
    prints_the_same(&[], "threads", &[]);
}

#[test]
fn an_executor_of_processes_does_its_work_in_workers() {
    let flags = ["--max-workers=2"];
    prints_the_same(&flags, "executor", &[]);
    prints_the_same(&flags, "processes", &["one", "two"]);
}

#[test]
fn children_are_as_in_python() {
    for name in ["communicate", "control", "protocol", "streams"] {
        prints_the_same(&["--allow-run=*"], name, &[]);
    }
    prints_the_same(&["--allow-run=*", "--allow-signal=ALRM"], "children", &[]);
}

#[test]
fn files_are_standard_streams_of_children_as_in_python() {
    leaves_the_same(&["--allow-run=*"], "redirects");
}

#[test]
fn files_are_written_where_python_writes_them() {
    leaves_the_same(&[], "seeking");
}

#[test]
fn scripts_of_the_shell_are_as_in_python() {
    let folder = Folder::with(&[]);
    let dir = format!("--dir={}", folder.text());
    let flags = ["--allow-run=/bin/sh -c", "--allow-child-env=COLOUR", &dir];
    prints_the_same(&flags, "shell", &[folder.text()]);
}

#[test]
fn signals_are_heard_as_in_python() {
    prints_the_same(&["--allow-run=sh", "--allow-signal=*"], "signals", &[]);
}

#[test]
fn standard_streams_carry_lines_as_in_python() {
    let enter = ["sh", "-c", "printf 'one\\n\\ntwo\\nthree' | \"$0\" \"$@\""];
    let expected = Command::new(enter[0])
        .args(&enter[1..])
        .args(["python3", &program("stdio")])
        .output()
        .unwrap();
    let ran = start_in(&enter, &[&program("stdio")]).end();
    ran.passes();
    assert_eq!(ran.stdout, String::from_utf8(expected.stdout).unwrap());
}

#[test]
fn an_interrupt_cancels_the_main_task_and_is_130() {
    let code = "
import asyncio

async def main():
    try:
        print('begun', flush=True)
        await asyncio.sleep(1000)
    finally:
        await asyncio.sleep(0)
        print('cleaned up')

asyncio.run(main())
";
    let mut running = start(&["-c", code]);
    assert_eq!(running.line(), "begun");
    running.signal(Signal::INT);
    let ran = running.end();
    ran.fails(130, &["\nKeyboardInterrupt\n"]);
    assert_eq!(ran.stdout, "cleaned up\n");
}

#[test]
fn a_program_that_computes_hears_of_an_interrupt() {
    for work in ["print(0)", "kept = [[] for _ in range(10000)]"] {
        let code = format!("print('begun', flush=True)\nwhile True: {work}");
        let mut running = start(&["-c", &code]);
        assert_eq!(running.line(), "begun");
        running.signal(Signal::INT);
        // The last line of the program is the last that is shown.
        let shown = format!("    while True: {work}\n");
        let ran = running.end();
        ran.fails(130, &[&shown, "\nKeyboardInterrupt\n"]);
        assert!(!ran.stderr.contains("aio_"), "{ran:?}");
    }
}

#[test]
fn what_is_not_granted_is_a_permission_error_and_named() {
    let denied = [
        (
            "import subprocess; subprocess.run(['ls'])",
            "--allow-run=ls",
        ),
        (
            "import socket; socket.create_connection(('127.0.0.1', 9))",
            "--allow-net=127.0.0.1:9",
        ),
        (
            "import socket; socket.create_server(('127.0.0.1', 9))",
            "--allow-listen=127.0.0.1:9",
        ),
        (
            "import socket; socket.gethostbyname('name.invalid')",
            "--allow-net=name.invalid",
        ),
        (
            "import signal; signal.signal(signal.SIGUSR1, print)",
            "--allow-signal=USR1",
        ),
    ];
    for (code, flag) in denied {
        python(&["-c", code]).fails(1, &[flag, "\nPermissionError: "]);
    }
}

#[test]
fn what_cannot_be_says_what_can() {
    let code = "from concurrent.futures import ProcessPoolExecutor; ProcessPoolExecutor()";
    let ran = python(&["--max-workers=0", "-c", code]);
    ran.fails(1, &["NotImplementedError", "--max-workers"]);
    let code = "import os; os.fork()";
    python(&["-c", code]).fails(1, &["OSError", "a guest cannot fork"]);
    let code = "import multiprocessing as m; m.Process(target=print).start()";
    python(&["-c", code]).fails(1, &["OSError", "ProcessPoolExecutor"]);
    let code = "import threading; threading.Event().wait()";
    python(&["-c", code]).fails(1, &["RuntimeError: nothing can end this wait"]);
    let code = "import os, subprocess; subprocess.run(['true'], preexec_fn=os.getcwd)";
    python(&["-c", code]).fails(1, &["OSError", "preexec_fn"]);
    let code = "import subprocess; subprocess.run(['true'], pass_fds=[0], umask=2)";
    python(&["-c", code]).fails(1, &["OSError", "pass_fds"]);
}
