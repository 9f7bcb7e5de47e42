//! One file of tests, run by a process that is watched: one test that hangs, or that ends the
//! process, fails by itself, and the others are run by another process.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use super::interpreter::{Interpreter, Scratch};
use super::outcome::{Outcome, Outcomes, full};

/// How long a test may take, natively under load and in the guest.
const TEST: Duration = Duration::from_secs(60);

/// How long a file may take.
const FILE: Duration = Duration::from_secs(300);

/// A line of the driver.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    Began {
        began: String,
    },
    Ended {
        ended: String,
        outcome: Outcome,
        reason: String,
    },
    Done {
        #[allow(dead_code, reason = "the line is known by its name")]
        done: bool,
    },
}

/// How a process ended, or was ended.
enum End {
    Done,
    Ended(ExitStatus),
    Hangs,
}

/// Runs all tests of a file, but those of `leave_out`.
pub(super) fn run(
    interpreter: &Interpreter,
    file: &str,
    leave_out: Vec<String>,
) -> Result<Outcomes> {
    let mut run = Run {
        interpreter,
        file,
        leave_out,
        outcomes: Outcomes::default(),
        current: None,
        end: Instant::now() + FILE,
    };
    let started = Instant::now();
    while !run.process()? {}
    run.outcomes.time = started.elapsed();
    Ok(run.outcomes)
}

struct Run<'a> {
    interpreter: &'a Interpreter,
    file: &'a str,
    leave_out: Vec<String>,
    outcomes: Outcomes,
    /// The test that has begun and not ended.
    current: Option<String>,
    end: Instant,
}

impl Run<'_> {
    /// Runs what was not run yet, and tells whether that is all.
    fn process(&mut self) -> Result<bool> {
        let end = self.watch()?;
        if let End::Done = end {
            return Ok(true);
        }
        let why = self.why(&end);
        let test = self.current.take();
        let all = test.is_none() || Instant::now() >= self.end;
        let culprit = test.unwrap_or_else(|| full(self.file));
        self.outcomes.note(&culprit, Outcome::Failed, why);
        Ok(all)
    }

    fn watch(&mut self) -> Result<End> {
        let scratch = Scratch::new(self.file, self.interpreter.is_guest())?;
        let leave_out: Vec<_> = self
            .outcomes
            .tests()
            .chain(self.leave_out.clone())
            .collect();
        let mut command = self.interpreter.command(self.file, &leave_out, &scratch)?;
        let mut child = command
            .process_group(0)
            .spawn()
            .context("start the tests")?;
        let stdout = child.stdout.take().context("read what the tests tell")?;
        let end = self.listen(&lines(stdout));
        // Children of the tests too.
        end_group(&child);
        let status = child.wait().context("wait for the tests")?;
        Ok(end.unwrap_or(End::Ended(status)))
    }

    /// Listens until the process says that it is done, or hangs, or closes its output.
    fn listen(&mut self, lines: &Receiver<Told>) -> Option<End> {
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left.min(TEST)) {
                Ok(Told::Began { began }) => self.current = Some(began),
                Ok(Told::Ended {
                    ended,
                    outcome,
                    reason,
                }) => {
                    self.current = None;
                    self.outcomes.note(&ended, outcome, reason);
                }
                Ok(Told::Done { .. }) => return Some(End::Done),
                Err(RecvTimeoutError::Timeout) => return Some(End::Hangs),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn why(&self, end: &End) -> String {
        match end {
            End::Ended(status) => format!("ended the process ({status}): {}", self.last_words()),
            End::Hangs | End::Done => "hangs".to_owned(),
        }
    }

    /// What the host says of a trap, or else the last line of complaint.
    fn last_words(&self) -> String {
        let log = fs::read(self.interpreter.log(self.file)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines = || log.lines().filter(|line| !line.trim().is_empty());
        let words = lines().find(|line| line.starts_with("aio-host: "));
        words
            .or_else(|| lines().next_back())
            .unwrap_or_default()
            .to_owned()
    }
}

/// What the driver tells; lines that a test prints are left out.
fn lines(stdout: impl Read + Send + 'static) -> Receiver<Told> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout)
            .split(b'\n')
            .map_while(std::io::Result::ok)
        {
            let told = told(&String::from_utf8_lossy(&line));
            if told.is_some_and(|told| sender.send(told).is_err()) {
                return;
            }
        }
    });
    receiver
}

/// A test may have printed something before it without ending the line.
fn told(line: &str) -> Option<Told> {
    let at = line.find("{\"")?;
    serde_json::from_str(&line[at..]).ok()
}

fn end_group(child: &Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // Nothing is left of most groups.
        kill_process_group(group, Signal::KILL).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_prints_is_not_what_the_driver_tells() {
        assert!(told("running {").is_none());
        assert!(told("").is_none());
        let told = told("dots...{\"began\": \"a.b\"}").unwrap();
        assert!(matches!(told, Told::Began { began } if began == "a.b"));
    }

    #[test]
    fn an_outcome_has_a_reason() {
        let line = r#"{"ended": "a", "outcome": "skipped", "reason": "no"}"#;
        let Some(Told::Ended { outcome, .. }) = told(line) else {
            panic!("not an end");
        };
        assert_eq!(outcome, Outcome::Skipped);
    }
}
