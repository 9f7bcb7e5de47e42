//! TCP echo of 1 KiB by a guest that knows only WASI 0.3: on our host and on wasmtime's own, with
//! the same program.

use std::process::Command;

use anyhow::Result;

use super::contest::{Contest, Row};
use super::fetched;
use super::load::echo::{Echo, Exchange};
use super::programs::Programs;
use crate::args::Server;
use crate::guests;

const PROGRAM: &str = "echo-wasip3";
const ADDRESS: &str = "127.0.0.1:0";

pub(super) fn measure(programs: &Programs<'_>) -> Vec<Row> {
    let numbers = programs.options.connections.iter();
    let contest = |&connections: &u16| {
        let contest = Contest {
            part: "wasi",
            case: super::connections(connections),
            connections,
            servers: vec![Server::Wasmtime, Server::GuestWasi],
        };
        contest.run::<Echo>(programs, |server| command(programs, server), Exchange::new)
    };
    numbers.flat_map(contest).collect()
}

fn command(programs: &Programs<'_>, server: Server) -> Result<Command> {
    match server {
        Server::Wasmtime => wasmtime_cli(programs),
        _ => programs.guest(&[], PROGRAM, &[ADDRESS]),
    }
}

fn wasmtime_cli(programs: &Programs<'_>) -> Result<Command> {
    let mut command = Command::new(fetched::wasmtime_cli(programs.project)?);
    command.args(["run", "-Wcomponent-model-async", "-Sp3,inherit-network"]);
    command.arg(guests::program(programs.project, PROGRAM)?);
    command.arg(ADDRESS);
    Ok(command)
}
