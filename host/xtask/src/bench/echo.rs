//! TCP echo of 1 KiB: the doors of a guest beside native servers.

use std::process::Command;

use anyhow::Result;

use super::contest::{Contest, Row};
use super::fetched;
use super::load::echo::{Echo, Exchange};
use super::native::Kind;
use super::programs::Programs;
use crate::args::Server;
use crate::venv;

const SERVERS: [Server; 7] = [
    Server::Mio,
    Server::MioShortRead,
    Server::GuestRing,
    Server::GuestRingUnparked,
    Server::GuestAsync,
    Server::Asyncio,
    Server::Uvloop,
];

/// Those whom others are compared with.
pub(super) const PEERS: [Server; 3] = [Server::Mio, Server::MioShortRead, Server::Uvloop];

pub(super) fn measure(programs: &Programs<'_>) -> Vec<Row> {
    let numbers = programs.options.connections.iter();
    numbers
        .flat_map(|&connections| contest(programs, connections))
        .collect()
}

fn contest(programs: &Programs<'_>, connections: u16) -> Vec<Row> {
    let contest = Contest {
        part: "echo",
        case: super::connections(connections),
        connections,
        servers: SERVERS.into(),
    };
    contest.run::<Echo>(programs, |server| command(programs, server), Exchange::new)
}

fn command(programs: &Programs<'_>, server: Server) -> Result<Command> {
    let address = ["127.0.0.1:0"];
    let project = programs.project;
    match server {
        Server::Mio => programs.native(Kind::Mio),
        Server::MioShortRead => programs.native(Kind::MioShortRead),
        Server::GuestRing => programs.guest(&[], "echo-ring", &address),
        Server::GuestRingUnparked => programs.guest(&["--no-park-in-place"], "echo-ring", &address),
        Server::GuestAsync => programs.guest(&[], "echo-async", &address),
        Server::Uvloop => {
            let python = fetched::with_uvloop(project)?;
            Ok(fetched::server(project, &python, server.name()))
        }
        _ => {
            let python = venv::interpreter()?;
            Ok(fetched::server(project, &python, Server::Asyncio.name()))
        }
    }
}
