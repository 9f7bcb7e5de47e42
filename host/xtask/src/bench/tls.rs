//! Echo of 1 KiB over TLS: the guest on the ring, with the host's rustls, beside a native server of
//! rustls and mio.

use std::process::Command;

use anyhow::Result;

use super::certificate::Certificate;
use super::contest::{Contest, Row};
use super::load::echo::Exchange;
use super::load::tls::{Shared, TlsEcho};
use super::native::Kind;
use super::programs::Programs;
use crate::args::Server;

const CONNECTIONS: [u16; 2] = [1, 50];

pub(super) fn measure(programs: &Programs<'_>) -> Result<Vec<Row>> {
    let certificate = Certificate::make(programs.project)?;
    let config = certificate.client()?;
    let shared = || Shared {
        exchange: Exchange::new(),
        config: config.clone(),
    };
    let contests = CONNECTIONS.map(|connections| Contest {
        part: "tls",
        case: super::connections(connections),
        connections,
        servers: vec![Server::Mio, Server::GuestRing],
    });
    let command = |server| command(programs, server, &certificate);
    let run = |contest: Contest| contest.run::<TlsEcho>(programs, command, shared);
    Ok(contests.into_iter().flat_map(run).collect())
}

fn command(programs: &Programs<'_>, server: Server, certificate: &Certificate) -> Result<Command> {
    match server {
        Server::Mio => {
            let mut command = programs.native(Kind::Tls)?;
            command.arg(certificate.folder());
            Ok(command)
        }
        _ => {
            let (chain, key) = (certificate.certificate(), certificate.key());
            let identity = format!("--tls-identity=web={},{}", chain.display(), key.display());
            programs.guest(&[&identity], "echo-tls", &["127.0.0.1:0"])
        }
    }
}
