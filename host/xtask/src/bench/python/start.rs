//! From the start of a process until the first line of `asyncio.run`, and the memory in use then.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Programs;
use super::command;
use crate::args::Server;
use crate::bench::child::resident;
use crate::bench::median;
use crate::bench::speaker::Speaker;
use crate::table::{Table, decimal};

const RUNS: usize = 20;

/// One interpreter.
#[derive(Debug, Serialize)]
pub(in super::super) struct Row {
    pub(in super::super) server: &'static str,
    /// Milliseconds until the line is there, the median.
    pub(in super::super) median_ms: f64,
    /// MiB of memory in use by then, the median.
    pub(in super::super) memory_mib: f64,
}

/// Starts each once to fill caches, then both in turn.
pub(in super::super) fn measure(programs: &Programs<'_>) -> Result<Vec<Row>> {
    let mut servers = [Server::Asyncio, Server::GuestPython].map(|server| (server, Vec::new()));
    for (server, _) in &servers {
        run(command(programs, *server, "start.py", &[])?)?;
    }
    for _ in 0..RUNS {
        for (server, samples) in &mut servers {
            samples.push(run(command(programs, *server, "start.py", &[])?)?);
        }
    }
    let rows = servers.into_iter();
    rows.map(|(server, samples)| Row::of(server, &samples))
        .collect()
}

/// The rows as text.
pub(in super::super) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(1, ["program", "median ms", "MiB"]);
    for row in rows {
        let name = row.server.to_owned();
        table.row(vec![name, decimal(row.median_ms), decimal(row.memory_mib)]);
    }
    table.text()
}

/// Milliseconds, and MiB.
fn run(command: Command) -> Result<(f64, f64)> {
    let started = Instant::now();
    let speaker = Speaker::start(command)?;
    let elapsed = started.elapsed().as_secs_f64() * 1e3;
    Ok((elapsed, resident(speaker.id())? as f64 / f64::from(1 << 20)))
}

impl Row {
    fn of(server: Server, samples: &[(f64, f64)]) -> Result<Self> {
        let middle = |values: Vec<f64>| median(values).context("no run was measured");
        Ok(Self {
            server: server.name(),
            median_ms: middle(samples.iter().map(|sample| sample.0).collect())?,
            memory_mib: middle(samples.iter().map(|sample| sample.1).collect())?,
        })
    }
}
