//! Programs of asyncio's documents, in our words: as a guest they print what they print in Python,
//! and CPython is who says what that is.

use std::process::Command;

use super::support::{Running, guest, in_repository};

/// Runs the guest `seeds_NAME` and `tests/asyncio/NAME.py`, and compares what they print.
#[track_caller]
fn prints_the_same(name: &str, python_args: &[&str], flags: &[&str]) {
    prints_the_same_in(&["env"], name, python_args, flags);
}

/// The same by a command that runs what follows it.
#[track_caller]
fn prints_the_same_in(enter: &[&str], name: &str, python_args: &[&str], flags: &[&str]) {
    let expected = python(enter, name.trim_start_matches("seeds_"), python_args);
    let ran = Running::start_in(enter, flags, &guest(name), &[]).end();
    ran.passes();
    assert_eq!(ran.stdout, expected);
}

#[track_caller]
fn python(enter: &[&str], name: &str, args: &[&str]) -> String {
    // What hangs is ended.
    let ran = Command::new("timeout")
        .arg("60")
        .args(enter)
        .arg("python3")
        .arg(in_repository(&format!("tests/asyncio/{name}.py")))
        .args(args)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{:?} {complaint}", ran.status);
    assert!(!ran.stdout.is_empty());
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_child_is_watched_through_callbacks_as_in_python() {
    prints_the_same("seeds_protocol", &[], &["--allow-run=sh"]);
}

#[test]
fn a_child_is_read_and_talked_with_as_in_python() {
    let flags = ["--allow-run=sh", "--allow-run=cat", "--allow-run=printf"];
    prints_the_same("seeds_streams", &[], &flags);
}

#[test]
fn a_child_is_communicated_with_as_in_python() {
    let programs = ["cat", "sh", "tr", "true", "/bin/sh"];
    let flags = programs.map(|program| format!("--allow-run={program}"));
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    prints_the_same("seeds_communicate", &[], &flags);
}

#[test]
fn children_end_and_fail_to_begin_as_in_python() {
    prints_the_same("seeds_control", &[], &["--allow-run=*"]);
}

#[test]
fn scripts_run_where_and_with_what_they_do_in_python() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let folder = folder.to_str().unwrap();
    let flags = [
        "--allow-run=/bin/sh -c",
        "--allow-child-env=COLOUR",
        "--dir",
        &format!("{folder}::/"),
    ];
    prints_the_same("seeds_shell", &[folder], &flags);
}

#[test]
fn signals_are_heard_as_in_python() {
    prints_the_same(
        "seeds_signals",
        &[],
        &["--allow-run=sh", "--allow-signal=*"],
    );
}

#[test]
fn jobs_come_to_what_they_come_to_in_python() {
    prints_the_same("seeds_executor", &[], &[]);
}

#[test]
fn standard_streams_carry_lines_as_in_python() {
    let enter = ["sh", "-c", "printf 'one\\n\\ntwo\\nthree' | \"$0\" \"$@\""];
    prints_the_same_in(&enter, "seeds_stdio", &[], &[]);
}
