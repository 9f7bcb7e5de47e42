//! What the crate for Rust guests adds to the imports.

use super::support::{guest, passes, run};

#[test]
fn communicate_feeds_and_drains_a_child_at_once() {
    let flags = ["--allow-run=cat", "--allow-run=sh", "--allow-run=true"];
    passes(&flags, "process_communicate", &[]);
}

#[test]
fn a_child_has_what_its_command_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let programs = ["cat", "cut", "echo", "env", "pwd", "sh", "true"];
    let flags = programs.map(|program| format!("--allow-run={program}"));
    let dir = format!("--dir={}::/", folder.path().display());
    let mut flags: Vec<_> = flags.iter().map(String::as_str).collect();
    flags.extend(["--allow-child-env=NEW", "--env=KEPT=1", &dir]);
    let ran = run(&flags, &guest("process_builder"), &[]);
    ran.passes();
    assert_eq!(ran.stdout, "inherited\n");
}

#[test]
fn the_ring_tells_of_children_and_signals_what_the_imports_tell() {
    let flags = ["--allow-run=sh", "--allow-run=true", "--allow-signal=USR1"];
    passes(&flags, "process_lifted", &[]);
}
