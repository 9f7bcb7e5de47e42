//! SIGINT and SIGTERM: the first asks, the second kills.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{command, guest};

/// A guest at work: it has said that it is ready.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    /// Starts a guest and waits until it has said `ready`.
    fn start(flags: &[&str], guest: &str, ready: &str) -> Self {
        let mut command = command(&[&["run"], flags, &[guest]].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{ready}\n"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    fn send(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    #[track_caller]
    fn says(&mut self, expected: &str) {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        assert_eq!(line, format!("aio-host: {expected}\n"));
    }

    /// Waits for the end; tells the exit code, and that nothing more was said.
    fn end(mut self) -> Option<i32> {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        self.stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_guest_that_is_asked_to_stop_ends_in_its_own_way() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut guest = Running::start(&["--grace=1h"], &guest("sleep.wat"), "ready");
        guest.send(signal);
        guest.says("stopping, again to kill");
        assert_eq!(guest.end(), Some(0));
    }
}

#[test]
fn the_second_signal_kills_and_is_the_exit_code() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut guest = Running::start(&["--grace=1h"], &deaf(), "spinning");
        guest.send(Signal::TERM);
        guest.says("stopping, again to kill");
        guest.send(signal);
        guest.says("killed");
        assert_eq!(guest.end(), Some(code));
    }
}

#[test]
fn the_end_of_the_grace_period_kills() {
    let mut guest = Running::start(&["--grace=0s"], &deaf(), "spinning");
    guest.send(Signal::INT);
    guest.says("stopping, again to kill");
    guest.says("killed");
    assert_eq!(guest.end(), Some(130));
}

#[test]
fn a_guest_that_cannot_hear_is_killed_at_once() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut guest = Running::start(&["--grace=1h"], &guest("spin.wat"), "ready");
        guest.send(signal);
        guest.says("stopping, again to kill");
        guest.says("killed");
        assert_eq!(guest.end(), Some(code));
    }
}

/// Knows `aio:host`, and never asks it anything.
fn deaf() -> String {
    let guest = crate::support::guest("hostile_spin");
    guest.to_str().unwrap().to_owned()
}
