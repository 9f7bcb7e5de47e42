//! UDP ping-pong: datagrams of 1 KiB, so many under way at once, each from a socket of its own.

use std::process::Command;

use anyhow::Result;

use super::contest::{Contest, Row};
use super::load::datagram::Datagrams;
use super::load::echo::Exchange;
use super::native::Kind;
use super::programs::Programs;
use crate::args::Server;

const IN_FLIGHT: [u16; 2] = [1, 32];

pub(super) fn measure(programs: &Programs<'_>) -> Vec<Row> {
    let contests = IN_FLIGHT.map(|connections| Contest {
        part: "udp",
        case: format!("{connections} in flight"),
        connections,
        servers: vec![Server::Mio, Server::GuestRing],
    });
    let command = |server| command(programs, server);
    let run = |contest: Contest| contest.run::<Datagrams>(programs, command, Exchange::new);
    contests.into_iter().flat_map(run).collect()
}

fn command(programs: &Programs<'_>, server: Server) -> Result<Command> {
    match server {
        Server::Mio => programs.native(Kind::Datagrams),
        _ => programs.guest(&[], "udp-ping-pong", &["127.0.0.1:0"]),
    }
}
