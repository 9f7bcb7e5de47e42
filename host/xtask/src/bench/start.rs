//! How long `aio-host run` of hello takes, from the start of the process to its end, with the
//! compiled guest in the cache. Beside it what a process costs at all, and what Python costs.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::median;
use crate::command::describe;
use crate::project::Project;
use crate::table::{Table, decimal};
use crate::venv;

const RUNS: usize = 50;

/// The name of the row that a goal is set for.
pub(super) const HELLO: &str = "aio-host run hello.wat";

/// One program.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What was started.
    pub(super) program: &'static str,
    /// Milliseconds from start to end, the median.
    pub(super) median_ms: f64,
    /// The same, the least.
    min_ms: f64,
}

/// Starts each program once to fill caches, then all of them in turn.
pub(super) fn measure(project: &Project) -> Result<Vec<Row>> {
    let mut programs = programs(project)?.map(|(name, command)| (name, command, Vec::new()));
    for (_, command, _) in &mut programs {
        run(command)?;
    }
    for _ in 0..RUNS {
        for (_, command, times) in &mut programs {
            times.push(run(command)?);
        }
    }
    let rows = programs.into_iter();
    rows.map(|(name, _, times)| Row::of(name, times)).collect()
}

/// The rows as text.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(1, ["program", "median ms", "min ms"]);
    for row in rows {
        let name = row.program.to_owned();
        table.row(vec![name, decimal(row.median_ms), decimal(row.min_ms)]);
    }
    table.text()
}

fn programs(project: &Project) -> Result<[(&'static str, Command); 3]> {
    let mut hello = Command::new(project.program("aio-host")?);
    hello
        .arg("run")
        .arg(project.path("examples/hello/hello.wat"));
    let mut python = Command::new(venv::interpreter()?);
    python.args(["-c", "pass"]);
    Ok([
        (HELLO, hello),
        ("true", Command::new("/bin/true")),
        ("python3 -c pass", python),
    ])
}

/// Milliseconds from start to end.
fn run(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let status = command.status();
    let elapsed = started.elapsed();
    let status = status.with_context(|| format!("start {}", describe(command)))?;
    ensure!(status.success(), "{}: {status}", describe(command));
    Ok(elapsed.as_secs_f64() * 1e3)
}

impl Row {
    fn of(program: &'static str, times: Vec<f64>) -> Result<Self> {
        Ok(Self {
            program,
            min_ms: times.iter().copied().fold(f64::INFINITY, f64::min),
            median_ms: median(times).context("no run was measured")?,
        })
    }
}
