//! The benchmarks of the crate `aio-loop`, in its own words: timers, wakes and what else it
//! measures without a guest.

use anyhow::{Result, ensure};

use crate::command::{self, cargo};
use crate::project::Project;

/// Runs them, and returns the lines that they print.
pub(super) fn measure(project: &Project) -> Result<Vec<String>> {
    let mut command = cargo(project);
    // Benchmarks by name, all of them: `--benches` would also run the unit tests as such.
    command.args(["bench", "--quiet", "--package", "aio-loop", "--bench", "*"]);
    let printed = command::output(&mut command)?;
    ensure!(!printed.trim().is_empty(), "aio-loop measured nothing");
    Ok(printed.lines().map(str::to_owned).collect())
}
