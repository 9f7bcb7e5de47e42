//! What the measurements are to reach, and whether they did. A goal missed is a line in the
//! report, not a failure: a loaded machine must not break a build.

use serde::Serialize;

use super::table::{Table, decimal};
use super::{echo, start};
use crate::args::Server;

/// Ratios of the guest on the ring: connections, the other server, and the least ratio.
const RATIOS: [(u16, Server, f64); 4] = [
    (1, Server::Mio, 0.75),
    (50, Server::Mio, 0.90),
    (1000, Server::Mio, 0.75),
    (50, Server::Uvloop, 1.2),
];

/// Milliseconds that hello may take from the cache, start of the process included.
const START_MAX_MS: f64 = 5.0;

/// One goal and what was measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    goal: String,
    measured: f64,
    reached: bool,
}

/// Compares what was measured with the goals. A goal without a measurement is left out.
pub(super) fn check(echo: &[echo::Row], start: &[start::Row]) -> Vec<Row> {
    let ratios = RATIOS.iter().filter_map(|goal| check_ratio(echo, goal));
    ratios.chain(check_start(start)).collect()
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

fn check_ratio(echo: &[echo::Row], goal: &(u16, Server, f64)) -> Option<Row> {
    let &(connections, to, least) = goal;
    let ring = echo
        .iter()
        .filter(|row| row.server == Server::GuestRing.name())
        .find(|row| row.connections == connections)?;
    let measured = match to {
        Server::Uvloop => ring.to_uvloop?,
        _ => ring.to_mio?,
    };
    Some(Row {
        goal: format!(
            "ring at {connections} connections, at least {least:.2} of {}",
            to.name()
        ),
        measured,
        reached: measured >= least,
    })
}

fn check_start(start: &[start::Row]) -> Option<Row> {
    let hello = start.iter().find(|row| row.program == start::HELLO)?;
    Some(Row {
        goal: format!("start of hello from the cache, at most {START_MAX_MS} ms"),
        measured: hello.median_ms,
        reached: hello.median_ms <= START_MAX_MS,
    })
}
