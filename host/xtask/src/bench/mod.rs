//! The benchmark: one run, one table. Everything that is compared is measured in the same run and
//! in turn, because machines differ by the minute.

mod bulk;
mod calls;
mod certificate;
mod child;
mod children;
mod contest;
mod cores;
mod echo;
mod fetched;
mod goals;
mod histogram;
mod idle;
mod load;
mod loops;
pub(crate) mod native;
mod programs;
mod python;
mod speaker;
mod start;
mod timer;
mod tls;
mod udp;
mod wasi;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::args::{Bench, Part, Server};
use crate::command::{self, cargo};
use crate::guests;
use crate::progress::{say, step};
use crate::project::Project;

use programs::Programs;

/// Everything that was measured. A part that was not asked for is empty.
#[derive(Debug, Default, Serialize)]
struct Report {
    machine: String,
    contests: Vec<contest::Row>,
    idle: Vec<idle::Row>,
    timer: Vec<timer::Row>,
    calls: Vec<calls::Row>,
    start: Vec<start::Row>,
    python_start: Vec<python::start::Row>,
    r#loop: Vec<String>,
    goals: Vec<goals::Row>,
    errors: Vec<String>,
}

/// Measures what `options` ask for. What could not be measured is in the table, and fails the
/// command when all else is done.
pub(crate) fn run(project: &Project, options: &Bench) -> Result<()> {
    if !options.no_build {
        build(project)?;
    }
    let report = measure(project, options)?;
    print(&report);
    write(&report, &project.path(&options.json))?;
    match report.errors.len() {
        0 => Ok(()),
        count => bail!(
            "{count} measurements are missing:\n{}",
            report.errors.join("\n")
        ),
    }
}

fn build(project: &Project) -> Result<()> {
    // The native servers too: what is compared is compiled alike.
    step("build for release", || {
        command::run(cargo(project).args(["build", "--release", "--workspace"]))
    })?;
    guests::build(project, false)?;
    crate::python::build(project)
}

fn measure(project: &Project, options: &Bench) -> Result<Report> {
    let cores = cores::Cores::choose()?;
    let mut report = Report {
        machine: format!("{cores}; load average before the run: {}", load_average()),
        ..Report::default()
    };
    say(&report.machine);
    cores::raise_file_limit()?;
    let programs = Programs {
        project,
        options,
        cores: &cores,
    };
    report.contests = contests(&programs);
    if options.wants(Part::Tls) {
        let rows = keep(&mut report.errors, "tls", || tls::measure(&programs));
        report.contests.extend(rows);
    }
    let complaints = report.contests.iter().filter_map(contest::Row::complaint);
    report.errors.extend(complaints);
    let errors = &mut report.errors;
    if options.wants(Part::Idle) {
        report.idle = keep(errors, "idle", || idle::measure(&programs));
    }
    if options.wants(Part::Timer) {
        report.timer = keep(errors, "timer", || timer::measure(&programs));
    }
    if options.wants(Part::Calls) {
        report.calls = keep(errors, "calls", || calls::measure(project));
    }
    if options.wants(Part::Start) {
        report.start = keep(errors, "start", || start::measure(project));
    }
    if options.wants(Part::PythonStart) {
        report.python_start = keep(errors, "python-start", || python::start::measure(&programs));
    }
    if options.wants(Part::Loop) {
        report.r#loop = keep(errors, "loop", || loops::measure(project));
    }
    report.goals = goals::check(&report);
    Ok(report)
}

/// A part that compares servers.
type Measure = fn(&Programs<'_>) -> Vec<contest::Row>;

/// The parts that compare servers, in the order of the report.
const CONTESTS: [(Part, Measure); 12] = [
    (Part::Echo, echo::measure),
    (Part::Bulk, bulk::measure),
    (Part::Udp, udp::measure),
    (Part::Wasi, wasi::measure),
    (Part::Spawn, children::spawn),
    (Part::Cat, children::cat),
    (Part::Children, children::many),
    (Part::Signal, children::signal),
    (Part::Workers, children::workers),
    (Part::PythonEcho, python::echo),
    (Part::PythonTurns, python::turns),
    (Part::PythonHttp, python::http),
];

fn contests(programs: &Programs<'_>) -> Vec<contest::Row> {
    let wanted = CONTESTS
        .iter()
        .filter(|(part, _)| programs.options.wants(*part));
    wanted.flat_map(|(_, measure)| measure(programs)).collect()
}

/// A number of connections in words.
fn connections(number: u16) -> String {
    match number {
        1 => "1 connection".to_owned(),
        _ => format!("{number} connections"),
    }
}

/// How busy the machine is without us: figures of a busy one are worth little.
fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let last_minute = text.split(' ').next().filter(|first| !first.is_empty());
    last_minute.unwrap_or("unknown").to_owned()
}

/// Does one part; if it fails, the others are still worth having.
fn keep<T>(
    errors: &mut Vec<String>,
    part: &str,
    measure: impl FnOnce() -> Result<Vec<T>>,
) -> Vec<T> {
    step(&format!("measure {part}"), measure).unwrap_or_else(|error| {
        errors.push(format!("{error:#}"));
        Vec::new()
    })
}

fn print(report: &Report) {
    println!("{}", report.machine);
    for (part, title, unit, to) in [
        ("echo", "TCP echo, 1 KiB", "req", &echo::PEERS[..]),
        ("bulk", "TCP bulk, 64 KiB writes", "MiB", &[Server::Mio]),
        ("udp", "UDP ping-pong, 1 KiB", "req", &[Server::Mio]),
        ("tls", "TCP echo over TLS, 1 KiB", "req", &[Server::Mio]),
        (
            "wasi",
            "TCP echo by WASI 0.3, 1 KiB",
            "req",
            &[Server::Wasmtime],
        ),
        (
            "spawn",
            "Spawn and wait of /bin/true",
            "child",
            &[Server::Asyncio],
        ),
        ("cat", "Through cat and back", "MiB", &[Server::Mio]),
        (
            "children",
            "Children that are all there before they are ended",
            "child",
            &[Server::Asyncio],
        ),
        (
            "signal",
            "A signal, and the word of it back",
            "signal",
            &[Server::Asyncio],
        ),
        (
            "workers",
            "Jobs that look for primes",
            "number",
            &[Server::GuestInline],
        ),
        (
            "python-echo",
            "TCP echo by asyncio in Python 3.14, 1 KiB",
            "req",
            &[Server::Asyncio],
        ),
        (
            "python-turns",
            "What an event loop in Python does by itself",
            "turn",
            &[Server::Asyncio],
        ),
        ("python-http", "Hello by aiohttp", "req", &[Server::Asyncio]),
    ] {
        let rows = report.contests.iter().filter(|row| row.part == part);
        section(
            &format!("{title}, median of the rounds"),
            contest::table(rows, unit, to),
        );
    }
    section("Memory of the host", idle::table(&report.idle));
    section(
        "How late a timer of 10 ms is under full echo load",
        timer::table(&report.timer),
    );
    section("Calls from a guest", calls::table(&report.calls));
    section(
        "Start of a process until it ended",
        start::table(&report.start),
    );
    section(
        "Start of Python until the first line of asyncio.run",
        python::start::table(&report.python_start),
    );
    section("Benchmarks of aio-loop", report.r#loop.join("\n"));
    section("Goals", goals::table(&report.goals));
}

fn section(title: &str, body: String) {
    if !body.is_empty() {
        println!("\n{title}\n\n{}", body.trim_end());
    }
}

fn write(report: &Report, path: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(report).context("write the report as JSON")?;
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    fs::write(path, json + "\n").with_context(|| format!("write {}", path.display()))?;
    say(format!("bench: written to {}", path.display()));
    Ok(())
}

/// The middle of `values`, or `None` if there is none. Values are finite.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some((values[middle - 1] + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
