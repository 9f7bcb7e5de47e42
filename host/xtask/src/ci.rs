//! What CI runs: checks that change nothing, then all tests. No step is skipped silently.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo, describe};
use crate::conformance;
use crate::guests;
use crate::packages;
use crate::progress::{say, step};
use crate::project::Project;
use crate::python;
use crate::tidy;
use crate::toolchain::{self, Toolchain};
use crate::venv;

/// The module of the tests that need root, for namespaces of their own.
const IN_NAMESPACES: &str = "dns::resolver::";

/// Checks, then tests.
pub(crate) fn all(project: &Project, fallback: bool) -> Result<()> {
    check(project, fallback)?;
    test(project, fallback, &[])
}

/// Formatting, lints, documentation and style, host and guests.
pub(crate) fn check(project: &Project, fallback: bool) -> Result<()> {
    step("check format", || check_format(project))?;
    step("check style (tidy)", || tidy::run(project))?;
    step("lint host", || lint_host(project))?;
    step("document host", || document(project))?;
    let toolchain = toolchain::prepare(project, fallback)?;
    step("lint guests", || lint_guests(project, &toolchain))
}

/// Everything from an empty clone to the last test. `args` go to `cargo test`.
pub(crate) fn test(project: &Project, fallback: bool, args: &[String]) -> Result<()> {
    packages::prepare()?;
    venv::with_packages(project)?;
    toolchain::prepare(project, fallback)?;
    guests::build(project, fallback)?;
    python::build(project)?;
    let mut command = cargo(project);
    // One failing binary must not hide what the others would have said.
    command.args(["test", "--workspace", "--no-fail-fast"]);
    step("run tests", || run_tests(command.args(args)))?;
    match args {
        [] => {
            conformance::run_if_to_be_had(project)?;
            test_in_namespaces(project)
        }
        _ => Ok(()),
    }
}

/// The tests that bring a network of their own, which `cargo test` shows as ignored.
fn test_in_namespaces(project: &Project) -> Result<()> {
    let possible = Command::new("unshare")
        .args(["--mount", "--net", "true"])
        .stderr(Stdio::null())
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        say("tests in namespaces: ignored, this user may not make any");
        return Ok(());
    }
    let mut command = cargo(project);
    // The same packages as above: with others, features would differ and all be built anew.
    command.args(["test", "--workspace", "--test", "all"]);
    command.args(["--", "--ignored", IN_NAMESPACES]);
    step("run tests in namespaces", || run_tests(&mut command))
}

fn check_format(project: &Project) -> Result<()> {
    let mut host = cargo(project);
    command::run(host.args(["fmt", "--all", "--", "--check"]))?;
    let mut guests = cargo(project);
    guests.arg("fmt").arg("--manifest-path");
    guests.arg(project.guests_manifest());
    command::run(guests.args(["--all", "--", "--check"]))
}

fn lint_host(project: &Project) -> Result<()> {
    let mut command = cargo(project);
    command.args(["clippy", "--workspace", "--all-targets"]);
    command::run(command.args(["--", "-D", "warnings"]))
}

fn document(project: &Project) -> Result<()> {
    let mut command = cargo(project);
    command.args(["doc", "--no-deps", "--workspace"]);
    command::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn lint_guests(project: &Project, toolchain: &Toolchain) -> Result<()> {
    if let Toolchain::Active = toolchain {
        let mut command = guests::cargo_for(project, toolchain, "clippy")?;
        return command::run(command.args(["--", "-D", "warnings"]));
    }
    // Clippy is a compiler itself and cannot read a standard library built by another one.
    say("lint guests: the fallback toolchain has no clippy, so only the compiler's warnings");
    let mut command = guests::cargo_for(project, toolchain, "check")?;
    // Other flags are another build; in a folder of its own it does not undo that of the guests.
    command.env("CARGO_TARGET_DIR", project.guests_target().join("check"));
    command::run(command.env("RUSTFLAGS", "-D warnings"))
}

/// Runs `command` with its output in view and adds up the summaries of its test binaries.
fn run_tests(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("start cargo test")?;
    let stdout = child.stdout.take().context("read what cargo test prints")?;
    let summary = relay(BufReader::new(stdout));
    let status = child.wait().context("wait for cargo test")?;
    let summary = summary?;
    say(format!("tests: {summary}"));
    if !status.success() {
        bail!("{}: {status}", describe(command));
    }
    Ok(())
}

fn relay(lines: impl BufRead) -> Result<Summary> {
    let mut summary = Summary::default();
    for line in lines.lines() {
        let line = line.context("read what cargo test prints")?;
        println!("{line}");
        summary.add(&line);
    }
    Ok(summary)
}

/// The sum of the lines `test result: ...`.
#[derive(Debug, Default, PartialEq)]
struct Summary {
    passed: u64,
    failed: u64,
    ignored: u64,
    binaries: u64,
}

impl Summary {
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        self.binaries += 1;
        for part in counts.split("; ") {
            self.add_part(part);
        }
    }

    fn add_part(&mut self, part: &str) {
        let Some((count, what)) = part.split_once(' ') else {
            return;
        };
        let Ok(count) = count.parse::<u64>() else {
            return;
        };
        match what {
            "passed" => self.passed += count,
            "failed" => self.failed += count,
            "ignored" => self.ignored += count,
            _ => {}
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            passed,
            failed,
            ignored,
            binaries,
        } = self;
        write!(
            f,
            "{passed} passed, {failed} failed, {ignored} ignored in {binaries} test binaries"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_test_binaries_are_added_up() {
        let output = b"running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; finished in 0.01s\n\
            test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured\n";
        let summary = relay(&output[..]).unwrap();
        let expected = Summary {
            passed: 7,
            failed: 1,
            ignored: 1,
            binaries: 2,
        };
        assert_eq!(summary, expected);
    }
}
