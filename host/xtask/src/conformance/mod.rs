//! CPython's own tests of asyncio, by CPython and by the Python runtime. What fails only in the
//! guest has to be in the list of expected differences, with its cause.

mod expected;
mod interpreter;
mod outcome;
mod report;
mod watched;

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::args::Conformance;
use crate::command::{self, cargo};
use crate::cpython::Cpython;
use crate::debs;
use crate::progress::{say, step};
use crate::project::Project;
use crate::python;

use expected::Expected;
use interpreter::Interpreter;
use outcome::Outcomes;
use report::Report;

/// The list of expected differences.
const LIST: &str = "tests/conformance/expected.txt";

/// How many files are run at a time.
const AT_A_TIME: usize = 2;

/// Files that take longest, which are begun first.
const LONGEST: [&str; 4] = ["test_events", "test_tasks", "test_ssl", "test_subprocess"];

/// Runs the suite. Without the suite there is nothing that could pass.
pub(crate) fn run(project: &Project, options: &Conformance) -> Result<()> {
    let cpython = Cpython::prepare(project).context("the suite is skipped")?;
    check(project, options, &cpython)
}

/// Runs the suite as one of several; that it cannot be had is told, and no failure of the others.
pub(crate) fn run_if_to_be_had(project: &Project) -> Result<()> {
    match Cpython::prepare(project) {
        Ok(cpython) => check(project, &Conformance::default(), &cpython),
        Err(why) => {
            say(format!(
                "python-conformance: skipped suite, not a pass: {why:#}"
            ));
            Ok(())
        }
    }
}

fn check(project: &Project, options: &Conformance, cpython: &Cpython) -> Result<()> {
    let runtime = python::build_for_suite(project, cpython)?;
    if !options.no_build {
        step("build aio-host", || {
            command::run(cargo(project).args(["build", "--workspace"]))
        })?;
    }
    let list = project.path(LIST);
    let text = fs::read_to_string(&list).with_context(|| format!("read {}", list.display()))?;
    let expected = Expected::parse(&text).with_context(|| format!("read {}", list.display()))?;
    let logs = project.path("target/python-conformance");
    debs::remake(&logs)?;
    let interpreters = Interpreter::both(project, cpython, runtime, logs)?;
    // Compiles the runtime: once, and in no test's time.
    step("start both interpreters", || {
        interpreters.iter().try_for_each(Interpreter::start)
    })?;
    let files = files(cpython, options)?;
    let report = step("run CPython's tests of asyncio", || {
        run_all(&interpreters, &files, &expected)
    })?;
    print!("{}", report.text());
    ensure!(report.is_as_expected(), "{}", report.complaint(LIST));
    Ok(())
}

/// The names of the files to run.
fn files(cpython: &Cpython, options: &Conformance) -> Result<Vec<String>> {
    let mut names: Vec<String> = debs::files(&cpython.suite().join("test_asyncio"))?
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.strip_suffix(".py"))
        .filter(|name| name.starts_with("test_") && !name.starts_with("test_windows"))
        .filter(|name| options.files.is_empty() || options.files.iter().any(|file| file == name))
        .map(str::to_owned)
        .collect();
    ensure!(!names.is_empty(), "no such file of tests");
    names.sort_by_key(|name| (!LONGEST.contains(&name.as_str()), name.clone()));
    Ok(names)
}

/// Runs each file by both interpreters, a few at a time.
fn run_all<'a>(
    interpreters: &[Interpreter; 2],
    files: &'a [String],
    expected: &'a Expected,
) -> Result<Report<'a>> {
    let jobs = files.iter().flat_map(|file| [(file, 0), (file, 1)]);
    let jobs = Mutex::new(jobs);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while let Some((file, which)) = next(&jobs) {
                    let outcomes = run_file(&interpreters[which], file, expected);
                    if sender.send((file, which, outcomes)).is_err() {
                        return;
                    }
                }
            });
        }
    });
    drop(sender);
    let mut report = Report::new(expected);
    for (file, which, outcomes) in results {
        report.add(file, which, outcomes?);
    }
    report.compare();
    run_again(&mut report, &interpreters[1])?;
    Ok(report)
}

/// Gives what differs unexpectedly a second chance, alone: the machine may have been busy.
fn run_again(report: &mut Report<'_>, guest: &Interpreter) -> Result<()> {
    for (file, leave_out) in report.all_but_unexpected() {
        say(format!("{file}: once more what differs"));
        let outcomes = watched::run(guest, file, leave_out)?;
        report.add(file, 1, outcomes);
    }
    report.compare();
    Ok(())
}

fn next<T>(jobs: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    // A thread that panicked has taken its job, and no other.
    jobs.lock()
        .unwrap_or_else(|poison| poison.into_inner())
        .next()
}

fn run_file(interpreter: &Interpreter, file: &str, expected: &Expected) -> Result<Outcomes> {
    let leave_out = if interpreter.is_guest() {
        expected.never_run(file)
    } else {
        Vec::new()
    };
    watched::run(interpreter, file, leave_out)
}
