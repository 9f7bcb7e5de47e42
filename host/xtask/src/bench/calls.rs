//! What one call costs a guest: the guest program measures itself and prints `NAME NANOSECONDS`.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::command;
use crate::guests;
use crate::project::Project;
use crate::table::{Table, decimal};

/// One kind of call.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Row {
    call: String,
    nanoseconds: f64,
}

/// Runs the guest that measures calls.
pub(super) fn measure(project: &Project) -> Result<Vec<Row>> {
    let guest = guests::program(project, "call-costs")?;
    let mut host = Command::new(project.program("aio-host")?);
    let rows = parse(&command::output(host.arg("run").arg(guest))?)?;
    ensure!(!rows.is_empty(), "the guest call-costs printed nothing");
    Ok(rows)
}

/// The rows as text.
pub(super) fn table(rows: &[Row]) -> String {
    let mut table = Table::new(1, ["call", "ns"]);
    for row in rows {
        table.row(vec![row.call.clone(), decimal(row.nanoseconds)]);
    }
    table.text()
}

fn parse(printed: &str) -> Result<Vec<Row>> {
    let lines = printed.lines().filter(|line| !line.trim().is_empty());
    lines.map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Row> {
    let row = || {
        let (call, nanoseconds) = line.trim().rsplit_once(' ')?;
        Some(Row {
            call: call.trim_end().to_owned(),
            nanoseconds: nanoseconds.parse().ok()?,
        })
    };
    row().with_context(|| format!("not a name and nanoseconds: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_call_and_its_cost() {
        let rows = parse("plain 130\n\nasync, ready 250.5\n").unwrap();
        assert_eq!(rows[0].call, "plain");
        assert_eq!(rows[1].call, "async, ready");
        assert_eq!(rows[1].nanoseconds, 250.5);
        assert!(parse("plain\n").is_err());
        assert!(parse("plain fast\n").is_err());
    }
}
