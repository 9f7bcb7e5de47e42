//! What the measurements are to reach, and whether they did. A goal missed is a line in the
//! report, not a failure: a loaded machine must not break a build.

use serde::Serialize;

use super::Report;
use super::contest;
use super::start;
use crate::args::Server::{
    self, Asyncio, GuestInline, GuestPython, GuestRing, GuestWasi, GuestWorkers, Mio, Uvloop,
    Wasmtime,
};
use crate::table::{Table, decimal};

/// A rate that is to be at least so much of another one.
struct Ratio {
    part: &'static str,
    case: &'static str,
    server: Server,
    to: Server,
    least: f64,
}

const RATIOS: [Ratio; 29] = [
    Ratio::new("echo", "1 connection", GuestRing, Mio, 0.90),
    Ratio::new("echo", "50 connections", GuestRing, Mio, 0.95),
    Ratio::new("echo", "1000 connections", GuestRing, Mio, 0.90),
    Ratio::new("echo", "50 connections", GuestRing, Uvloop, 1.2),
    Ratio::new("bulk", "send, 1 connection", GuestRing, Mio, 0.8),
    Ratio::new("bulk", "send, 8 connections", GuestRing, Mio, 0.8),
    Ratio::new("bulk", "receive, 1 connection", GuestRing, Mio, 0.8),
    Ratio::new("bulk", "receive, 8 connections", GuestRing, Mio, 0.8),
    Ratio::new("udp", "1 in flight", GuestRing, Mio, 0.8),
    Ratio::new("udp", "32 in flight", GuestRing, Mio, 0.8),
    Ratio::new("tls", "1 connection", GuestRing, Mio, 0.8),
    Ratio::new("tls", "50 connections", GuestRing, Mio, 0.8),
    Ratio::new("wasi", "1 connection", GuestWasi, Wasmtime, 1.5),
    Ratio::new("wasi", "50 connections", GuestWasi, Wasmtime, 1.5),
    Ratio::new("wasi", "1000 connections", GuestWasi, Wasmtime, 1.5),
    Ratio::new("spawn", "1 at once", GuestRing, Asyncio, 2.0),
    Ratio::new("spawn", "8 at once", GuestRing, Asyncio, 2.0),
    Ratio::new("cat", "64 KiB", GuestRing, Mio, 0.8),
    Ratio::new("workers", "primes", GuestWorkers, GuestInline, 1.8),
    Ratio::python("python-echo", "protocol, 1 connection", 0.40),
    Ratio::python("python-echo", "protocol, 50 connections", 0.40),
    Ratio::python("python-echo", "protocol, 1000 connections", 0.40),
    Ratio::python("python-echo", "streams, 1 connection", 0.40),
    Ratio::python("python-echo", "streams, 50 connections", 0.40),
    Ratio::python("python-echo", "streams, 1000 connections", 0.40),
    Ratio::python("python-turns", "call_soon", 0.30),
    Ratio::python("python-turns", "timers", 0.30),
    Ratio::python("python-turns", "task-switch", 0.30),
    Ratio::python("python-http", "50 connections", 0.35),
];

impl Ratio {
    const fn new(
        part: &'static str,
        case: &'static str,
        server: Server,
        to: Server,
        least: f64,
    ) -> Self {
        Self {
            part,
            case,
            server,
            to,
            least,
        }
    }

    /// Ours to native asyncio.
    const fn python(part: &'static str, case: &'static str, least: f64) -> Self {
        Self::new(part, case, GuestPython, Asyncio, least)
    }

    fn check(&self, rows: &[contest::Row]) -> Option<Row> {
        let is_meant = |row: &&contest::Row| {
            (row.part, row.case.as_str(), row.server) == (self.part, self.case, self.server.name())
        };
        let row = rows.iter().find(is_meant)?;
        let measured = *row.to.get(self.to.name())?;
        Some(Row {
            goal: format!(
                "{}, {}: {} at least {:.2} of {}",
                self.part,
                self.case,
                self.server.name(),
                self.least,
                self.to.name()
            ),
            measured,
            reached: measured >= self.least,
        })
    }
}

/// Milliseconds that hello may take from the cache, start of the process included.
const START_MAX_MS: f64 = 5.0;

/// Milliseconds until the first line of `asyncio.run` in Python, and MiB of memory by then.
const PYTHON_START_MAX_MS: f64 = 20.0;
const PYTHON_START_MAX_MIB: f64 = 45.0;

/// Bytes of the host that an idle connection may cost.
const IDLE_MAX: f64 = 3.0 * 1024.0;

/// Microseconds that 99 of 100 timers may be late at most.
const LATE_MAX_US: f64 = 1000.0;

/// Microseconds that a signal may take to the guest, and the guest's word of it back.
const SIGNAL_MAX_US: f64 = 100.0;

/// One goal and what was measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    goal: String,
    measured: f64,
    reached: bool,
}

/// Compares what was measured with the goals. A goal without a measurement is left out.
pub(super) fn check(report: &Report) -> Vec<Row> {
    let mut rows: Vec<_> = RATIOS
        .iter()
        .filter_map(|ratio| ratio.check(&report.contests))
        .collect();
    rows.extend(report.idle.iter().map(|row| {
        let goal = format!("an idle connection, at most {IDLE_MAX} bytes");
        Row::at_most(goal, row.each, IDLE_MAX)
    }));
    rows.extend(report.timer.iter().map(|row| {
        let load = super::connections(row.connections);
        let goal = format!("timer, {load}: p99 at most {LATE_MAX_US} us late");
        Row::at_most(goal, row.p99_us, LATE_MAX_US)
    }));
    let contests = report.contests.iter();
    let signal = contests.filter(|row| row.part == "signal" && row.server == GuestRing.name());
    rows.extend(signal.filter_map(|row| {
        let goal = format!("signal, {}: p50 at most {SIGNAL_MAX_US} us", row.case);
        Some(Row::at_most(goal, row.p50_us?, SIGNAL_MAX_US))
    }));
    let hello = report
        .start
        .iter()
        .filter(|row| row.program == start::HELLO);
    rows.extend(hello.map(|row| {
        let goal = format!("start of hello from the cache, at most {START_MAX_MS} ms");
        Row::at_most(goal, row.median_ms, START_MAX_MS)
    }));
    let python = report.python_start.iter();
    rows.extend(
        python
            .filter(|row| row.server == GuestPython.name())
            .flat_map(|row| {
                let start = "python to the first line of asyncio.run, at most";
                [
                    Row::at_most(
                        format!("{start} {PYTHON_START_MAX_MS} ms"),
                        row.median_ms,
                        PYTHON_START_MAX_MS,
                    ),
                    Row::at_most(
                        format!("{start} {PYTHON_START_MAX_MIB} MiB"),
                        row.memory_mib,
                        PYTHON_START_MAX_MIB,
                    ),
                ]
            }),
    );
    rows
}

impl Row {
    fn at_most(goal: String, measured: f64, most: f64) -> Self {
        Self {
            goal,
            measured,
            reached: measured <= most,
        }
    }
}

/// The rows as text.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(1, ["goal", "measured", ""]);
    for row in rows {
        let verdict = if row.reached { "reached" } else { "missed" };
        table.row(vec![
            row.goal.clone(),
            decimal(row.measured),
            verdict.to_owned(),
        ]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_at_its_very_bound() {
        assert!(Row::at_most(String::new(), 3.0, 3.0).reached);
        assert!(!Row::at_most(String::new(), 3.1, 3.0).reached);
    }
}
