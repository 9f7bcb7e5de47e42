//! A server under test as a child process: its address, its CPU time, and its end. Whatever
//! happens, it is killed and reaped.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::describe;

/// The first start of a guest compiles it.
const START_MAX: Duration = Duration::from_secs(120);

/// Clock ticks per second in `/proc`: a constant of Linux for what user space sees.
const TICKS_PER_SECOND: u64 = 100;

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    guard: Guard,
    address: SocketAddr,
    /// Kept open, or the server's next line would end it.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `command` and waits until it has said where it listens.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        let (guard, line, stdout) = launch(&mut command)?;
        let address = parse_address(&line)
            .with_context(|| format!("{}: said {line:?}", describe(&command)))?;
        Ok(Self {
            guard,
            address,
            stdout,
        })
    }

    /// Where the server listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time that the server has used so far, in user mode and in the system.
    pub(super) fn cpu_time(&self) -> Result<Duration> {
        cpu_time(self.guard.id())
    }

    /// The bytes of memory that the server has in use.
    pub(super) fn resident(&self) -> Result<u64> {
        resident(self.guard.id())
    }

    /// Asks the server to stop.
    pub(super) fn interrupt(&self) -> Result<()> {
        self.guard.send(Signal::INT)
    }

    /// What the server prints until it ends.
    pub(super) fn rest(mut self) -> Result<String> {
        let mut rest = String::new();
        let read = self.stdout.read_to_string(&mut rest);
        read.context("read what the server printed")?;
        Ok(rest)
    }
}

/// The CPU time that a process has used so far, in user mode and in the system.
pub(super) fn cpu_time(id: u32) -> Result<Duration> {
    let path = format!("/proc/{id}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    parse_cpu_time(&stat).with_context(|| format!("understand {path}"))
}

/// The bytes of memory that a process has in use.
pub(super) fn resident(id: u32) -> Result<u64> {
    let path = format!("/proc/{id}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    parse_resident(&status).with_context(|| format!("understand {path}"))
}

/// A child that is killed and reaped when nobody has it any more.
#[derive(Debug)]
pub(super) struct Guard(Child);

impl Guard {
    /// The number of the process.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal.
    pub(super) fn send(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.0), signal).context("send a signal")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail only for a child that is gone already, which is what is wanted.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts `command` and waits for its first line.
pub(super) fn launch(command: &mut Command) -> Result<(Guard, String, BufReader<ChildStdout>)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.spawn();
    let child = child.with_context(|| format!("start {}", describe(command)))?;
    let mut guard = Guard(child);
    let stdout = guard.0.stdout.take().context("the child has a pipe")?;
    let (line, stdout) = first_line(stdout)?;
    Ok((guard, line, stdout))
}

/// Reads by a thread, because a pipe cannot be waited for with a deadline.
fn first_line(stdout: ChildStdout) -> Result<(String, BufReader<ChildStdout>)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        // Nobody listens any more if the deadline has passed.
        sender.send(read.map(|_| (line, stdout))).ok();
    });
    let Ok(read) = receiver.recv_timeout(START_MAX) else {
        bail!("no address within {} s", START_MAX.as_secs());
    };
    let (line, stdout) = read.context("read the address of the server")?;
    ensure!(!line.is_empty(), "the server ended before it listened");
    Ok((line, stdout))
}

fn parse_address(line: &str) -> Result<SocketAddr> {
    let address = line.trim().strip_prefix("listening on ");
    let address = address.context("expected `listening on ADDRESS:PORT`")?;
    address.parse().context("not an address")
}

/// User and system time are the 14th and 15th field; the second one may contain spaces.
fn parse_cpu_time(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis(
        (user + system) * (1000 / TICKS_PER_SECOND),
    ))
}

/// A line `VmRSS: NUMBER kB`.
fn parse_resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_address() {
        let address = parse_address("listening on 127.0.0.1:80\n").unwrap();
        assert_eq!(address, "127.0.0.1:80".parse().unwrap());
        assert!(parse_address("listening on port 80").is_err());
        assert!(parse_address("127.0.0.1:80").is_err());
    }

    #[test]
    fn cpu_time_is_read_behind_the_name() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 25 50 0 0 20";
        assert_eq!(parse_cpu_time(stat), Some(Duration::from_millis(750)));
        assert_eq!(parse_cpu_time("7 (a) S 1"), None);
    }

    #[test]
    fn resident_memory_is_found_among_the_lines() {
        let status = "Name:\tx\nVmHWM:\t   9 kB\nVmRSS:\t    1234 kB\n";
        assert_eq!(parse_resident(status), Some(1234 * 1024));
        assert_eq!(parse_resident("Name:\tx\n"), None);
    }

    #[test]
    fn a_program_that_never_listens_is_an_error_and_is_reaped() {
        let error = Server::start(Command::new("true")).unwrap_err();
        assert!(error.to_string().contains("ended"), "{error:#}");
        let mut echo = Command::new("echo");
        echo.arg("hello");
        let error = Server::start(echo).unwrap_err();
        assert!(error.to_string().contains("hello"), "{error:#}");
    }
}
