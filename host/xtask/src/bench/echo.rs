//! TCP echo: every server under the same load, in turn, in several rounds. Ratios are taken within
//! a round, so that a slow minute of the machine does not decide them.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

use super::child::Server as Process;
use super::cores::{self, Cores};
use super::load::{self, Load};
use super::native::Kind;
use super::table::{Table, count, decimal, ratio};
use super::{median, python};
use crate::args::{Bench, Server};
use crate::guests;
use crate::progress::say;
use crate::project::Project;

const WARM_UP: Duration = Duration::from_millis(500);

/// What one server did under one number of connections: medians of the rounds.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// How many connections had a request under way.
    pub(super) connections: u16,
    /// The server's name.
    pub(super) server: &'static str,
    /// Answers per second.
    pub(super) rate: Option<f64>,
    /// Median latency in microseconds.
    p50_us: Option<f64>,
    /// The latency that one in a hundred exceeds, in microseconds.
    p99_us: Option<f64>,
    /// CPU time of the server for each answer, in microseconds.
    cpu_us: Option<f64>,
    /// Answers per second relative to the native server.
    pub(super) to_mio: Option<f64>,
    /// Answers per second relative to uvloop.
    pub(super) to_uvloop: Option<f64>,
    /// Why there is no measurement.
    error: Option<String>,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
struct Sample {
    rate: f64,
    p50_us: f64,
    p99_us: f64,
    cpu_us: f64,
}

/// The measurements of one server, one for each round, as long as it works.
#[derive(Debug)]
struct Series {
    server: Server,
    samples: Vec<Sample>,
    error: Option<String>,
}

/// Measures the servers that `options` ask for. A server that cannot be measured has a row too.
pub(super) fn measure(project: &Project, options: &Bench, cores: &Cores) -> Result<Vec<Row>> {
    cores::raise_file_limit()?;
    let mut rows = Vec::new();
    for &connections in &options.connections {
        rows.extend(rows_of(project, options, cores, connections));
    }
    Ok(rows)
}

/// The rows as text.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(
        2,
        [
            "connections",
            "server",
            "req/s",
            "p50 us",
            "p99 us",
            "server CPU us/req",
            "to mio",
            "to uvloop",
        ],
    );
    for row in rows {
        table.row(row.cells());
    }
    table.text()
}

fn rows_of(project: &Project, options: &Bench, cores: &Cores, connections: u16) -> Vec<Row> {
    let mut all: Vec<_> = servers(options).map(Series::new).collect();
    for round in 1..=options.rounds {
        for series in &mut all {
            let name = series.server.name();
            say(format!(
                "echo: {connections} connections, round {round}, {name}"
            ));
            series.add(|server| sample(project, options, cores, server, connections));
        }
    }
    all.iter()
        .map(|series| series.row(connections, &all))
        .collect()
}

fn servers(options: &Bench) -> impl Iterator<Item = Server> {
    let wanted = |server: &Server| options.servers.is_empty() || options.servers.contains(server);
    Server::value_variants().iter().copied().filter(wanted)
}

fn sample(
    project: &Project,
    options: &Bench,
    cores: &Cores,
    server: Server,
    connections: u16,
) -> Result<Sample> {
    let command = command(project, server)?;
    let process = cores.on_server(|| Process::start(command))?;
    let load = Load {
        address: process.address(),
        connections,
        warm_up: WARM_UP,
        window: options.seconds,
    };
    let measured = cores.on_load(|| load::run(&load, || process.cpu_time()))?;
    Ok(Sample::of(&measured))
}

fn command(project: &Project, server: Server) -> Result<Command> {
    match server {
        Server::Mio => native(project, Kind::Mio),
        Server::MioShortRead => native(project, Kind::MioShortRead),
        Server::GuestRing => guest(project, "echo-ring"),
        Server::GuestAsync => guest(project, "echo-async"),
        Server::Asyncio => {
            let python = python::interpreter()?;
            Ok(python::server(project, &python, server.name()))
        }
        Server::Uvloop => {
            let python = python::with_uvloop(project)?;
            Ok(python::server(project, &python, server.name()))
        }
    }
}

fn native(project: &Project, kind: Kind) -> Result<Command> {
    let value = kind.to_possible_value();
    let mut command = Command::new(project.program("xtask")?);
    command.arg("bench-server");
    command.args(value.iter().map(clap::builder::PossibleValue::get_name));
    Ok(command)
}

fn guest(project: &Project, name: &str) -> Result<Command> {
    let host = project.program("aio-host")?;
    ensure!(
        host.exists(),
        "no aio-host; build it with `cargo build --release --workspace`"
    );
    let mut command = Command::new(host);
    command.args(["run", "--allow-listen=127.0.0.1:0"]);
    command.arg(guests::program(project, name)?);
    command.arg("127.0.0.1:0");
    Ok(command)
}

impl Sample {
    fn of(measured: &load::Measured) -> Self {
        let answers = measured.latencies.count() as f64;
        let micros = |span: Duration| span.as_secs_f64() * 1e6;
        Self {
            rate: answers / measured.window.as_secs_f64(),
            p50_us: micros(measured.latencies.quantile(0.5)),
            p99_us: micros(measured.latencies.quantile(0.99)),
            cpu_us: micros(measured.cpu_time) / answers,
        }
    }
}

impl Series {
    fn new(server: Server) -> Self {
        Self {
            server,
            samples: Vec::new(),
            error: None,
        }
    }

    /// Measures once more, unless it failed before.
    fn add(&mut self, measure: impl FnOnce(Server) -> Result<Sample>) {
        if self.error.is_some() {
            return;
        }
        match measure(self.server) {
            Ok(sample) => self.samples.push(sample),
            Err(error) => self.fail(format!("{error:#}")),
        }
    }

    /// Half a series is no median of the rounds that the others ran.
    fn fail(&mut self, error: String) {
        self.samples.clear();
        self.error = Some(error);
    }

    fn row(&self, connections: u16, all: &[Self]) -> Row {
        Row {
            connections,
            server: self.server.name(),
            rate: self.median(|sample| sample.rate),
            p50_us: self.median(|sample| sample.p50_us),
            p99_us: self.median(|sample| sample.p99_us),
            cpu_us: self.median(|sample| sample.cpu_us),
            to_mio: self.ratio(Server::Mio, all),
            to_uvloop: self.ratio(Server::Uvloop, all),
            error: self.error.clone(),
        }
    }

    fn median(&self, value: impl Fn(&Sample) -> f64) -> Option<f64> {
        median(self.samples.iter().map(value).collect())
    }

    /// The median of the ratios of each round.
    fn ratio(&self, to: Server, all: &[Self]) -> Option<f64> {
        let other = all.iter().find(|series| series.server == to)?;
        let rounds = self.samples.iter().zip(&other.samples);
        median(rounds.map(|(own, other)| own.rate / other.rate).collect())
    }
}

impl Row {
    /// What is missing and why, if this row has no measurement.
    pub(super) fn complaint(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        Some(format!(
            "echo, {} connections, {}: {error}",
            self.connections, self.server
        ))
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.connections.to_string(), self.server.to_owned()];
        if let Some(error) = &self.error {
            cells.push(error.clone());
            return cells;
        }
        cells.extend(self.rate.map(count));
        cells.extend(
            [self.p50_us, self.p99_us, self.cpu_us]
                .into_iter()
                .flatten()
                .map(decimal),
        );
        cells.extend([ratio(self.to_mio), ratio(self.to_uvloop)]);
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(server: Server, rates: &[f64]) -> Series {
        let sample = |rate: &f64| Sample {
            rate: *rate,
            p50_us: 1.0,
            p99_us: 2.0,
            cpu_us: 3.0,
        };
        Series {
            samples: rates.iter().map(sample).collect(),
            ..Series::new(server)
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let all = [
            series(Server::Mio, &[100.0, 10.0, 40.0]),
            series(Server::GuestRing, &[90.0, 5.0, 40.0]),
        ];
        let row = all[1].row(50, &all);
        assert_eq!((row.rate, row.to_mio), (Some(40.0), Some(0.9)));
        assert_eq!(row.to_uvloop, None);
    }

    #[test]
    fn a_server_that_fails_has_a_row_that_says_why() {
        let mut failed = series(Server::Uvloop, &[1.0]);
        failed.add(|_| Err(anyhow::anyhow!("no pip")));
        failed.add(|_| panic!("it failed before"));
        let row = failed.row(1, &[]);
        assert_eq!(
            row.complaint().unwrap(),
            "echo, 1 connections, uvloop: no pip"
        );
        assert!(table(&[row]).contains("no pip"));
    }
}
