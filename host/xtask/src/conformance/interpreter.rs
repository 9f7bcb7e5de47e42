//! The two interpreters that run the suite: CPython as it is, and the runtime as a guest.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

use anyhow::{Context, Result};

use crate::command;
use crate::cpython::Cpython;
use crate::debs;
use crate::project::Project;

use super::outcome::full;

const DRIVER: &str = "tests/conformance/run.py";

/// One of them.
pub(super) struct Interpreter {
    /// Its command line up to the driver.
    words: Vec<String>,
    cpython: Cpython,
    driver: PathBuf,
    logs: PathBuf,
    guest: bool,
}

/// A folder of the tests' own, gone when it is dropped. Its path is short: it is part of the names
/// of Unix sockets.
pub(super) struct Scratch(PathBuf);

impl Interpreter {
    /// First CPython, then the guest. Each writes what it complains of to a file in `logs`.
    pub(super) fn both(
        project: &Project,
        cpython: &Cpython,
        runtime: PathBuf,
        logs: PathBuf,
    ) -> Result<[Self; 2]> {
        let with = |guest: bool, words: Vec<String>| Self {
            words,
            cpython: cpython.clone(),
            driver: project.path(DRIVER),
            logs: logs.join(if guest { "guest" } else { "native" }),
            guest,
        };
        let both = [
            with(false, vec![text(&cpython.program())]),
            with(true, guest(project, cpython, &runtime)),
        ];
        for one in &both {
            debs::remake(&one.logs)?;
        }
        Ok(both)
    }

    pub(super) fn is_guest(&self) -> bool {
        self.guest
    }

    /// Runs an empty program.
    pub(super) fn start(&self) -> Result<()> {
        let mut command = Command::new(&self.words[0]);
        command::run(command.args(&self.words[1..]).args(["-c", ""]))
    }

    /// Where it complains about a file.
    pub(super) fn log(&self, file: &str) -> PathBuf {
        self.logs.join(format!("{file}.log"))
    }

    /// The command that runs a file in `scratch`, without the tests of `leave_out`.
    pub(super) fn command(
        &self,
        file: &str,
        leave_out: &[String],
        scratch: &Scratch,
    ) -> Result<Command> {
        let log = self.log(file);
        let log = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).arg(&self.driver);
        command
            .arg(self.cpython.suite())
            .arg(self.cpython.program());
        command.arg(full(file)).args(leave_out);
        command.current_dir(&scratch.0).env("TMPDIR", &scratch.0);
        // Cargo's, for what it runs itself; children of the tests would be given it.
        command.env_remove("LD_LIBRARY_PATH");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        Ok(command)
    }
}

impl Scratch {
    pub(super) fn new(file: &str, guest: bool) -> Result<Self> {
        let side = if guest { "g" } else { "n" };
        let name = format!("aio-{}-{side}-{file}", process::id());
        let path = env::temp_dir().join(name);
        debs::remake(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies where such things are removed at some time.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn guest(project: &Project, cpython: &Cpython, runtime: &Path) -> Vec<String> {
    let aio_host = project.path("target/debug/aio-host");
    let suite = text(&cpython.suite());
    let words = [
        text(&aio_host),
        "python".to_owned(),
        format!("--runtime={}", text(runtime)),
        "--allow-all".to_owned(),
        "--allow-child-env=*,PYTHON*".to_owned(),
        "--allow-env=TMPDIR".to_owned(),
        "--dir=.".to_owned(),
        format!("--dir={suite}:ro"),
    ];
    words.into()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
