//! Children, signals and workers: programs that measure themselves, in turn. Nothing is pinned:
//! children and workers are to have the other core.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::contest::{Contest, Row, Sample};
use super::histogram::Histogram;
use super::native::Kind;
use super::programs::Programs;
use super::speaker::Speaker;
use crate::args::Server;
use crate::venv;

/// How many children are about at a time.
const AT_ONCE: [u16; 2] = [1, 8];

/// Children that are there all at once.
const CHILDREN: u16 = 1000;

/// How many signals are sent in a round.
const SIGNALS: usize = 2_000;

/// How many numbers the jobs look at.
const NUMBERS: u32 = 12_000_000;

/// `/bin/true`, started and waited for.
pub(super) fn spawn(programs: &Programs<'_>) -> Vec<Row> {
    let contests = AT_ONCE.map(|at_once| (at_once, contest("spawn", format!("{at_once} at once"))));
    let run = |(at_once, contest): (u16, Contest)| {
        let arguments = ["spawn", &at_once.to_string(), &seconds(programs)];
        contest.rounds(programs, |server| {
            rate(command(programs, server, &arguments)?)
        })
    };
    contests.into_iter().flat_map(run).collect()
}

/// Bytes through `cat`.
pub(super) fn cat(programs: &Programs<'_>) -> Vec<Row> {
    let contest = Contest {
        servers: vec![Server::Mio, Server::GuestRing],
        ..contest("cat", "64 KiB".to_owned())
    };
    let arguments = ["cat", &seconds(programs)];
    contest.rounds(programs, |server| {
        rate(command(programs, server, &arguments)?)
    })
}

/// Many children at once, none of which is left.
pub(super) fn many(programs: &Programs<'_>) -> Vec<Row> {
    let contest = contest("children", format!("{CHILDREN} at once"));
    let arguments = ["children", &CHILDREN.to_string()];
    contest.rounds(programs, |server| {
        let mut speaker = Speaker::start(command(programs, server, &arguments)?)?;
        let sample = Sample::rate(read_rate(&mut speaker)?);
        let left = children_of(speaker.id())?;
        ensure!(left.is_empty(), "children {left} are left");
        Ok(sample)
    })
}

/// From a signal's sending until the guest's word of it is here.
pub(super) fn signal(programs: &Programs<'_>) -> Vec<Row> {
    let contest = contest("signal", "there and back".to_owned());
    contest.rounds(programs, |server| {
        let command = command(programs, server, &["signal"])?;
        let mut speaker = programs.cores.on_server(|| Speaker::start(command))?;
        programs.cores.on_load(|| latencies(&mut speaker))
    })
}

/// A list of jobs, one after the other and in workers.
pub(super) fn workers(programs: &Programs<'_>) -> Vec<Row> {
    let contest = Contest {
        servers: vec![Server::GuestInline, Server::GuestWorkers],
        ..contest("workers", "primes".to_owned())
    };
    contest.rounds(programs, |server| {
        let how = match server {
            Server::GuestInline => "inline",
            _ => "workers",
        };
        let mut command = programs.guest(&[], "primes", &[how, &NUMBERS.to_string()])?;
        let start = Instant::now();
        crate::command::output(&mut command)?;
        Ok(Sample::rate(
            f64::from(NUMBERS) / start.elapsed().as_secs_f64(),
        ))
    })
}

fn contest(part: &'static str, case: String) -> Contest {
    Contest {
        part,
        case,
        connections: 0,
        servers: vec![Server::Asyncio, Server::GuestRing],
    }
}

fn seconds(programs: &Programs<'_>) -> String {
    programs.options.seconds.as_secs_f64().to_string()
}

const FLAGS: [&str; 5] = [
    "--allow-run=/bin/true",
    "--allow-run=/bin/cat",
    "--allow-run=/bin/sleep",
    "--allow-signal=USR1",
    "--max-children=1000",
];

fn command(programs: &Programs<'_>, server: Server, arguments: &[&str]) -> Result<Command> {
    match server {
        Server::Mio => {
            let mut command = programs.native(Kind::Cat)?;
            command.args(&arguments[1..]);
            Ok(command)
        }
        Server::Asyncio => {
            let mut command = Command::new(venv::interpreter()?);
            let script = programs.project.path("host/xtask/src/bench/children.py");
            command.arg(script).args(arguments);
            Ok(command)
        }
        _ => programs.guest(&FLAGS, "bench-children", arguments),
    }
}

fn rate(command: Command) -> Result<Sample> {
    let mut speaker = Speaker::start(command)?;
    read_rate(&mut speaker).map(Sample::rate)
}

/// The rate that a program says that measures itself.
pub(super) fn read_rate(speaker: &mut Speaker) -> Result<f64> {
    parse_rate(&speaker.line()?)
}

fn parse_rate(line: &str) -> Result<f64> {
    let rate = line.trim_end().strip_prefix("rate ");
    let rate = rate.and_then(|rate| rate.parse().ok());
    rate.with_context(|| format!("not a rate: {line:?}"))
}

/// The ids of all children of a process, those that have ended and were not reaped included.
fn children_of(id: u32) -> Result<String> {
    let tasks = format!("/proc/{id}/task");
    let tasks = fs::read_dir(&tasks).with_context(|| format!("read {tasks}"))?;
    let all = tasks.map(|task| task.and_then(|task| children_of_thread(&task.path())));
    let all: Vec<_> = all.collect::<Result<_, _>>().context("read the children")?;
    Ok(all.concat())
}

/// A thread that has ended meanwhile has none.
fn children_of_thread(task: &Path) -> io::Result<String> {
    match fs::read_to_string(task.join("children")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

fn latencies(speaker: &mut Speaker) -> Result<Sample> {
    let mut latencies = Histogram::new();
    let started = Instant::now();
    for number in 0..SIGNALS + WARM_UP {
        let sent = Instant::now();
        speaker.send(Signal::USR1)?;
        let line = speaker.line()?;
        ensure!(line == "signal\n", "not a signal: {line:?}");
        if number >= WARM_UP {
            latencies.record(sent.elapsed());
        }
        // So that each finds a program that has gone to sleep.
        std::thread::sleep(PAUSE);
    }
    Ok(Sample::latencies(&latencies, started.elapsed()))
}

const WARM_UP: usize = 20;
const PAUSE: Duration = Duration::from_micros(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_behind_its_name() {
        assert_eq!(parse_rate("rate 2.5\n").unwrap(), 2.5);
        assert!(parse_rate("2.5\n").is_err() && parse_rate("rate fast\n").is_err());
    }

    #[test]
    fn a_child_that_has_ended_is_a_child_until_it_is_reaped() {
        let mut child = Command::new("true").spawn().unwrap();
        let id = std::process::id();
        let is_child = |child: &std::process::Child| {
            let children = children_of(id).unwrap();
            children
                .split(' ')
                .any(|found| found == child.id().to_string())
        };
        assert!(is_child(&child));
        child.wait().unwrap();
        assert!(!is_child(&child));
    }
}
