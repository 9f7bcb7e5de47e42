//! Servers under the same load, in turn, in several rounds. Ratios are taken within a round, so
//! that a slow minute of the machine does not decide them.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::child::Server as Process;
use super::histogram::Histogram;
use super::load::{self, Client, Load};
use super::median;
use super::programs::Programs;
use crate::args::Server;
use crate::progress::say;
use crate::table::{Table, count, decimal, ratio};

const WARM_UP: Duration = Duration::from_millis(500);

/// What is compared, under one kind of load.
#[derive(Clone, Debug)]
pub(super) struct Contest {
    /// The part of the benchmark.
    pub(super) part: &'static str,
    /// What is special about the load.
    pub(super) case: String,
    /// How many connections are busy.
    pub(super) connections: u16,
    /// Who takes part, those first that others are compared with.
    pub(super) servers: Vec<Server>,
}

/// What one server did in one contest: medians of the rounds.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) part: &'static str,
    /// What is special about the load.
    pub(super) case: String,
    /// The server's name.
    pub(super) server: &'static str,
    /// Answers, or MiB, per second.
    pub(super) rate: Option<f64>,
    /// Median latency in microseconds; none for a load without answers.
    pub(super) p50_us: Option<f64>,
    /// The latency that one in a hundred exceeds, in microseconds.
    p99_us: Option<f64>,
    /// CPU time of the server for each answer, or MiB, in microseconds.
    cpu_us: Option<f64>,
    /// The rate relative to other servers.
    pub(super) to: BTreeMap<&'static str, f64>,
    /// Why there is no measurement.
    error: Option<String>,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    rate: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    cpu_us: Option<f64>,
}

impl Contest {
    /// Measures each server that was asked for in each round. `command` starts one. A server that
    /// cannot be measured has a row too.
    pub(super) fn run<C: Client>(
        &self,
        programs: &Programs<'_>,
        command: impl Fn(Server) -> Result<Command>,
        shared: impl Fn() -> C::Shared,
    ) -> Vec<Row> {
        self.rounds(programs, |server| {
            self.sample::<C>(programs, command(server)?, shared())
        })
    }

    /// The same, measured by whatever `sample` does.
    pub(super) fn rounds(
        &self,
        programs: &Programs<'_>,
        sample: impl Fn(Server) -> Result<Sample>,
    ) -> Vec<Row> {
        let options = programs.options;
        let wanted = self.servers.iter().copied();
        let wanted = wanted.filter(|server| options.wants_server(*server));
        let mut all: Vec<_> = wanted.map(Series::new).collect();
        for round in 1..=options.rounds {
            for series in &mut all {
                let (part, case, name) = (self.part, &self.case, series.server.name());
                say(format!("{part}: {case}, round {round}, {name}"));
                series.add(&sample);
            }
        }
        all.iter().map(|series| series.row(self, &all)).collect()
    }

    fn sample<C: Client>(
        &self,
        programs: &Programs<'_>,
        command: Command,
        shared: C::Shared,
    ) -> Result<Sample> {
        let process = programs.cores.on_server(|| Process::start(command))?;
        let load = Load {
            address: process.address(),
            connections: self.connections,
            warm_up: WARM_UP,
            window: programs.options.seconds,
        };
        let run = || load::run::<C>(&load, shared, || process.cpu_time());
        Ok(Sample::of(&programs.cores.on_load(run)?))
    }
}

/// The rows as text. `unit` is what a rate counts; ratios are shown to the servers `to`.
pub(super) fn table<'a>(rows: impl Iterator<Item = &'a Row>, unit: &str, to: &[Server]) -> String {
    let mut header: Vec<String> = ["load", "server"].map(str::to_owned).into();
    header.push(format!("{unit}/s"));
    header.extend(["p50 us", "p99 us"].map(str::to_owned));
    header.push(format!("server CPU us/{unit}"));
    header.extend(to.iter().map(|server| format!("to {}", server.name())));
    let mut table = Table::with_header(2, header);
    for row in rows {
        table.row(row.cells(to));
    }
    table.text()
}

impl Sample {
    fn of(measured: &load::Measured) -> Self {
        let micros = |span: Duration| span.as_secs_f64() * 1e6;
        let latencies = &measured.tally.latencies;
        let quantile = |share| (latencies.count() > 0).then(|| micros(latencies.quantile(share)));
        let amount = match latencies.count() {
            0 => measured.tally.bytes as f64 / f64::from(1 << 20),
            answers => answers as f64,
        };
        Self {
            rate: amount / measured.window.as_secs_f64(),
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            cpu_us: Some(micros(measured.cpu_time) / amount),
        }
    }

    /// What counts is how much was done in a second.
    pub(super) fn rate(rate: f64) -> Self {
        Self {
            rate,
            p50_us: None,
            p99_us: None,
            cpu_us: None,
        }
    }

    /// The same, and how much CPU time that took.
    pub(super) fn rate_at(rate: f64, window: Duration, cpu_time: Duration) -> Self {
        let amount = rate * window.as_secs_f64();
        Self {
            cpu_us: Some(cpu_time.as_secs_f64() * 1e6 / amount),
            ..Self::rate(rate)
        }
    }

    /// What counts is how long each took, of all that were measured within `window`.
    pub(super) fn latencies(latencies: &Histogram, window: Duration) -> Self {
        let micros = |share| latencies.quantile(share).as_secs_f64() * 1e6;
        Self {
            p50_us: Some(micros(0.5)),
            p99_us: Some(micros(0.99)),
            ..Self::rate(latencies.count() as f64 / window.as_secs_f64())
        }
    }
}

/// The measurements of one server, one for each round, as long as it works.
#[derive(Debug)]
struct Series {
    server: Server,
    samples: Vec<Sample>,
    error: Option<String>,
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

    fn row(&self, contest: &Contest, all: &[Self]) -> Row {
        let ratio = |other: &Self| Some((other.server.name(), self.ratio(other)?));
        Row {
            part: contest.part,
            case: contest.case.clone(),
            server: self.server.name(),
            rate: self.median(|sample| Some(sample.rate)),
            p50_us: self.median(|sample| sample.p50_us),
            p99_us: self.median(|sample| sample.p99_us),
            cpu_us: self.median(|sample| sample.cpu_us),
            to: all.iter().filter_map(ratio).collect(),
            error: self.error.clone(),
        }
    }

    fn median(&self, value: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        median(self.samples.iter().filter_map(value).collect())
    }

    /// The median of the ratios of each round.
    fn ratio(&self, other: &Self) -> Option<f64> {
        let rounds = self.samples.iter().zip(&other.samples);
        median(rounds.map(|(own, other)| own.rate / other.rate).collect())
    }
}

impl Row {
    /// What is missing and why, if this row has no measurement.
    pub(super) fn complaint(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        Some(format!(
            "{}, {}, {}: {error}",
            self.part, self.case, self.server
        ))
    }

    fn cells(&self, to: &[Server]) -> Vec<String> {
        let mut cells = vec![self.case.clone(), self.server.to_owned()];
        if let Some(error) = &self.error {
            cells.push(error.clone());
            return cells;
        }
        let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), decimal);
        cells.extend(self.rate.map(count));
        cells.extend([self.p50_us, self.p99_us, self.cpu_us].map(optional));
        cells.extend(to.iter().map(|to| ratio(self.to.get(to.name()).copied())));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest() -> Contest {
        Contest {
            part: "echo",
            case: "50 connections".to_owned(),
            connections: 50,
            servers: vec![Server::Mio, Server::GuestRing],
        }
    }

    fn series(server: Server, rates: &[f64]) -> Series {
        let sample = |rate: &f64| Sample {
            rate: *rate,
            p50_us: Some(1.0),
            p99_us: Some(2.0),
            cpu_us: Some(3.0),
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
        let row = all[1].row(&contest(), &all);
        assert_eq!((row.rate, row.to.get("mio")), (Some(40.0), Some(&0.9)));
        assert_eq!(row.to.get("uvloop"), None);
    }

    #[test]
    fn a_server_that_fails_has_a_row_that_says_why() {
        let mut failed = series(Server::Uvloop, &[1.0]);
        failed.add(|_| Err(anyhow::anyhow!("no pip")));
        failed.add(|_| panic!("it failed before"));
        let row = failed.row(&contest(), &[]);
        assert_eq!(
            row.complaint().unwrap(),
            "echo, 50 connections, uvloop: no pip"
        );
        assert!(table([row].iter(), "req", &[Server::Mio]).contains("no pip"));
    }

    #[test]
    fn a_load_without_answers_is_measured_in_mebibytes() {
        let measured = load::Measured {
            tally: load::Tally {
                latencies: Histogram::new(),
                bytes: 10 << 20,
            },
            window: Duration::from_secs(2),
            cpu_time: Duration::from_secs(1),
        };
        let sample = Sample::of(&measured);
        assert_eq!((sample.rate, sample.cpu_us), (5.0, Some(1e5)));
        assert_eq!(sample.p50_us, None);
    }
}
