//! What is started: the servers under test, each by its command line.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use super::cores::Cores;
use super::native::Kind;
use crate::args::Bench;
use crate::guests;
use crate::project::Project;

/// What all parts of the benchmark need to know.
#[derive(Debug)]
pub(super) struct Programs<'a> {
    pub(super) project: &'a Project,
    pub(super) options: &'a Bench,
    pub(super) cores: &'a Cores,
}

impl Programs<'_> {
    /// A native server.
    pub(super) fn native(&self, kind: Kind) -> Result<Command> {
        let value = kind.to_possible_value();
        let mut command = Command::new(self.project.program("xtask")?);
        command.arg("bench-server");
        command.args(value.iter().map(clap::builder::PossibleValue::get_name));
        Ok(command)
    }

    /// Our host with `flags`, running the guest `name` with `args`. It may listen on the loopback.
    pub(super) fn guest(&self, flags: &[&str], name: &str, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(self.host()?);
        command.args(["run", "--allow-listen=127.0.0.1:0"]);
        command.args(flags);
        command.arg(guests::program(self.project, name)?).args(args);
        Ok(command)
    }

    /// Our host.
    pub(super) fn host(&self) -> Result<PathBuf> {
        let host = self.project.program("aio-host")?;
        ensure!(
            host.exists(),
            "no aio-host; build it with `cargo build --release --workspace`"
        );
        Ok(host)
    }
}
