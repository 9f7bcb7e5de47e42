//! How late a timer of 10 ms fires in a guest that serves echo as fast as it can. The guest
//! measures by its own clock, and prints when it is told to stop.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::child::Server as Process;
use super::histogram::Histogram;
use super::load::echo::{Echo, Exchange};
use super::load::{self, Load};
use super::programs::Programs;
use crate::progress::say;
use crate::table::{Table, count};

/// Lateness under one number of connections, of all rounds together.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) connections: u16,
    /// How often the timer fired.
    fired: u64,
    p50_us: f64,
    pub(super) p99_us: f64,
    max_us: f64,
}

pub(super) fn measure(programs: &Programs<'_>) -> Result<Vec<Row>> {
    let numbers = programs.options.connections.iter();
    numbers
        .map(|&connections| row(programs, connections))
        .collect()
}

/// The rows as text.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(1, ["load", "fired", "p50 us", "p99 us", "max us"]);
    for row in rows {
        let fired = row.fired as f64;
        let mut cells = vec![super::connections(row.connections)];
        cells.extend([fired, row.p50_us, row.p99_us, row.max_us].map(count));
        table.row(cells);
    }
    table.text()
}

fn row(programs: &Programs<'_>, connections: u16) -> Result<Row> {
    let mut late = Histogram::new();
    let mut max = Duration::ZERO;
    for round in 1..=programs.options.rounds {
        let load = super::connections(connections);
        say(format!("timer: {load}, round {round}"));
        for lateness in sample(programs, connections)? {
            late.record(lateness);
            max = max.max(lateness);
        }
    }
    let micros = |span: Duration| span.as_secs_f64() * 1e6;
    Ok(Row {
        connections,
        fired: late.count(),
        p50_us: micros(late.quantile(0.5)),
        p99_us: micros(late.quantile(0.99)),
        max_us: micros(max),
    })
}

fn sample(programs: &Programs<'_>, connections: u16) -> Result<Vec<Duration>> {
    let command = programs.guest(&[], "bench-server", &["127.0.0.1:0", "timer"])?;
    let process = programs.cores.on_server(|| Process::start(command))?;
    let load = Load {
        address: process.address(),
        connections,
        warm_up: Duration::ZERO,
        window: programs.options.seconds,
    };
    let run = || {
        let measured = load::run::<Echo>(&load, Exchange::new(), || process.cpu_time());
        // Stopped at once: what fires without load counts for little.
        Ok((measured?, process.interrupt()?))
    };
    programs.cores.on_load(run)?;
    let printed = process.rest()?;
    let late = parse(&printed)?;
    ensure!(!late.is_empty(), "the guest's timer never fired");
    Ok(late)
}

fn parse(printed: &str) -> Result<Vec<Duration>> {
    let nanos = |line: &str| {
        let nanos = line.strip_prefix("late ")?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    };
    let line = |line| nanos(line).with_context(|| format!("not a lateness: {line:?}"));
    printed.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_how_late_the_timer_was() {
        let late = parse("late 5\nlate 1000\n").unwrap();
        assert_eq!(late, [Duration::from_nanos(5), Duration::from_micros(1)]);
        assert!(parse("late\n").is_err());
        assert!(parse("early 5\n").is_err());
    }
}
