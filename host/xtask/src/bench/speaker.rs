//! A program that measures itself: it says `ready` and then what it found, a line at a time.
//! Whatever happens, it is killed and reaped.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Command};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::child::{Guard, launch};
use crate::command::describe;

/// A running program.
pub(super) struct Speaker {
    guard: Guard,
    stdout: BufReader<ChildStdout>,
}

impl Speaker {
    /// Starts `command` and waits until it is ready.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        let (guard, line, stdout) = launch(&mut command)?;
        ensure!(line == "ready\n", "{}: said {line:?}", describe(&command));
        Ok(Self { guard, stdout })
    }

    /// What it says next; its end is an error.
    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line);
        ensure!(read.context("read a line")? > 0, "the program has ended");
        Ok(line)
    }

    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.guard.id()
    }

    /// Sends it a signal.
    pub(super) fn send(&self, signal: Signal) -> Result<()> {
        self.guard.send(signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_heard_line_by_line_and_its_end_is_an_error() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo ready; echo rate 1"]);
        let mut speaker = Speaker::start(shell).unwrap();
        assert_eq!(speaker.line().unwrap(), "rate 1\n");
        assert!(speaker.line().is_err());
        assert!(Speaker::start(Command::new("true")).is_err());
    }
}
