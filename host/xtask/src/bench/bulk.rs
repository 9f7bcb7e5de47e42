//! Bulk over TCP, 64 KiB at a time: the guest on the ring beside a native server, each as the one
//! that sends and as the one that receives.

use std::process::Command;

use anyhow::Result;

use super::contest::{Contest, Row};
use super::load::bulk::{Giver, Taker, buffer};
use super::native::Kind;
use super::programs::Programs;
use crate::args::Server;

const CONNECTIONS: [u16; 2] = [1, 8];

/// What the server does, in the words of the guest.
const DIRECTIONS: [(&str, Kind); 2] = [("send", Kind::Source), ("receive", Kind::Sink)];

pub(super) fn measure(programs: &Programs<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (direction, kind) in DIRECTIONS {
        for connections in CONNECTIONS {
            rows.extend(contest(programs, direction, kind, connections));
        }
    }
    rows
}

fn contest(programs: &Programs<'_>, direction: &str, kind: Kind, connections: u16) -> Vec<Row> {
    let contest = Contest {
        part: "bulk",
        case: format!("{direction}, {}", super::connections(connections)),
        connections,
        servers: vec![Server::Mio, Server::GuestRing],
    };
    let command = |server| command(programs, server, direction, kind);
    match kind {
        Kind::Source => contest.run::<Taker>(programs, command, buffer),
        _ => contest.run::<Giver>(programs, command, buffer),
    }
}

fn command(
    programs: &Programs<'_>,
    server: Server,
    direction: &str,
    kind: Kind,
) -> Result<Command> {
    match server {
        Server::Mio => programs.native(kind),
        _ => programs.guest(&[], "bench-server", &["127.0.0.1:0", direction]),
    }
}
