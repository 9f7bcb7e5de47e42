//! asyncio in Python: the guest of `aio-host python` beside CPython 3.14 with its own loop and with
//! uvloop. What is compared is one file for all of them.

pub(super) mod start;

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::child::cpu_time;
use super::children::read_rate;
use super::contest::{Contest, Row, Sample};
use super::fetched;
use super::load::echo::{Echo, Exchange};
use super::load::http::Http;
use super::programs::Programs;
use super::speaker::Speaker;
use crate::args::Server;
use crate::cpython::Cpython;

const SERVERS: [Server; 3] = [Server::Asyncio, Server::Uvloop, Server::GuestPython];

/// How many connections ask for hello.
const ASKING: u16 = 50;

/// Echo of 1 KiB by asyncio's protocols and streams.
pub(super) fn echo(programs: &Programs<'_>) -> Vec<Row> {
    let kinds = ["protocol", "streams"].into_iter();
    let numbers = &programs.options.connections;
    let contests = kinds.flat_map(|kind| numbers.iter().map(move |&number| (kind, number)));
    let run = |(kind, number): (&str, u16)| {
        let case = format!("{kind}, {}", super::connections(number));
        contest("python-echo", case, number).run::<Echo>(
            programs,
            |server| command(programs, server, "echo.py", &[kind]),
            Exchange::new,
        )
    };
    contests.flat_map(run).collect()
}

/// Hello by aiohttp, whose parser is native where native code can be loaded.
pub(super) fn http(programs: &Programs<'_>) -> Vec<Row> {
    let case = super::connections(ASKING);
    contest("python-http", case, ASKING).run::<Http>(
        programs,
        |server| command(programs, server, "hello.py", &[]),
        || (),
    )
}

/// What a loop does by itself.
pub(super) fn turns(programs: &Programs<'_>) -> Vec<Row> {
    let window = programs.options.seconds;
    let seconds = window.as_secs_f64().to_string();
    let run = |case: &str| {
        contest("python-turns", case.to_owned(), 0).rounds(programs, |server| {
            let arguments = [case, &seconds];
            let command = command(programs, server, "turns.py", &arguments)?;
            programs.cores.on_server(|| turn(command, window))
        })
    };
    ["call_soon", "timers", "task-switch"]
        .into_iter()
        .flat_map(run)
        .collect()
}

fn turn(command: Command, window: Duration) -> Result<Sample> {
    let mut speaker = Speaker::start(command)?;
    let before = cpu_time(speaker.id())?;
    let rate = read_rate(&mut speaker)?;
    let used = cpu_time(speaker.id())?.saturating_sub(before);
    Ok(Sample::rate_at(rate, window, used))
}

fn contest(part: &'static str, case: String, connections: u16) -> Contest {
    Contest {
        part,
        case,
        connections,
        servers: SERVERS.into(),
    }
}

/// The command that runs one of the files beside this one.
fn command(
    programs: &Programs<'_>,
    server: Server,
    file: &str,
    arguments: &[&str],
) -> Result<Command> {
    let (packages, site) = fetched::packages(programs.project)?;
    let mut command = match server {
        Server::GuestPython => {
            let mut command = Command::new(programs.host()?);
            command.args(["python", "--allow-listen=127.0.0.1:0", "--venv"]);
            command.arg(packages);
            command
        }
        _ => {
            let mut command = Command::new(Cpython::prepare(programs.project)?.program());
            command.env("PYTHONPATH", site);
            command
        }
    };
    let folder = programs.project.path("host/xtask/src/bench/python");
    command.arg(folder.join(file));
    command.arg(match server {
        Server::Uvloop => "uvloop",
        _ => "asyncio",
    });
    command.args(arguments);
    Ok(command)
}
