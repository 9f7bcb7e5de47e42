//! What a connection costs that says nothing: memory of the host for each of ten thousand.

use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result};
use serde::Serialize;
use socket2::{Domain, Socket, Type};

use super::child::Server as Process;
use super::programs::Programs;
use crate::table::{Table, count};

const CONNECTIONS: u16 = 10_000;

/// Connections from one address: far fewer than it has ports.
const PER_SOURCE: u16 = 2_500;

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    connections: u16,
    /// Resident bytes of the host before the first of them.
    before: u64,
    /// The same with all of them.
    after: u64,
    /// Bytes for each.
    pub(super) each: f64,
}

pub(super) fn measure(programs: &Programs<'_>) -> Result<Vec<Row>> {
    let handles = format!("--max-handles={}", u32::from(CONNECTIONS) + 100);
    let command = programs.guest(&[&handles], "echo-ring", &["127.0.0.1:0"])?;
    let process = programs.cores.on_server(|| Process::start(command))?;
    // What the first ones allocate once for all is not theirs.
    drop(connect_all(process.address(), 100)?);
    let before = process.resident()?;
    let all = connect_all(process.address(), CONNECTIONS)?;
    let after = process.resident()?;
    drop(all);
    Ok(vec![Row {
        connections: CONNECTIONS,
        before,
        after,
        each: after.saturating_sub(before) as f64 / f64::from(CONNECTIONS),
    }])
}

/// The row as text.
pub(super) fn table(rows: &[Row]) -> String {
    let header = ["idle connections", "MiB before", "MiB after", "bytes each"];
    let mut table = Table::new(1, header);
    for row in rows {
        let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
        table.row(vec![
            row.connections.to_string(),
            mebibytes(row.before),
            mebibytes(row.after),
            count(row.each),
        ]);
    }
    table.text()
}

/// Connections that the server is known to have: each has echoed a byte.
fn connect_all(server: SocketAddr, number: u16) -> Result<Vec<TcpStream>> {
    (0..number).map(|index| connect(server, index)).collect()
}

fn connect(server: SocketAddr, index: u16) -> Result<TcpStream> {
    use std::io::{Read, Write};
    let connect = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&source(index).into())?;
        socket.connect(&server.into())?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(b"x")?;
        stream.read_exact(&mut [0])?;
        Ok::<_, std::io::Error>(stream)
    };
    connect().with_context(|| format!("make connection {index} to {server}"))
}

/// An address of the loopback for each few thousand connections.
fn source(index: u16) -> SocketAddr {
    let last = u8::try_from(2 + index / PER_SOURCE).unwrap_or(u8::MAX);
    SocketAddr::from(([127, 0, 0, last], 0))
}
