//! The benchmark: one run, one table. Everything that is compared is measured in the same run and
//! in turn, because machines differ by the minute.

mod calls;
mod child;
mod cores;
mod echo;
mod goals;
mod histogram;
mod load;
mod loops;
pub(crate) mod native;
mod python;
mod start;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::args::{Bench, Part};
use crate::command::{self, cargo};
use crate::guests;
use crate::progress::{say, step};
use crate::project::Project;

/// Everything that was measured. A part that was not asked for is empty.
#[derive(Debug, Default, Serialize)]
struct Report {
    machine: String,
    echo: Vec<echo::Row>,
    calls: Vec<calls::Row>,
    start: Vec<start::Row>,
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
    guests::build(project, false)
}

fn measure(project: &Project, options: &Bench) -> Result<Report> {
    let cores = cores::Cores::choose()?;
    let mut report = Report {
        machine: format!("{cores}; load average before the run: {}", load_average()),
        ..Report::default()
    };
    say(&report.machine);
    if options.wants(Part::Echo) {
        report.echo = echo::measure(project, options, &cores)?;
        let errors = report.echo.iter().filter_map(echo::Row::complaint);
        report.errors.extend(errors);
    }
    let errors = &mut report.errors;
    if options.wants(Part::Calls) {
        report.calls = keep(errors, "calls", || calls::measure(project));
    }
    if options.wants(Part::Start) {
        report.start = keep(errors, "start", || start::measure(project));
    }
    if options.wants(Part::Loop) {
        report.r#loop = keep(errors, "loop", || loops::measure(project));
    }
    report.goals = goals::check(&report.echo, &report.start);
    Ok(report)
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
    section(
        "TCP echo, 1 KiB, median of the rounds",
        echo::table(&report.echo),
    );
    section("Calls from a guest", calls::table(&report.calls));
    section(
        "Start of a process until it ended",
        start::table(&report.start),
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
