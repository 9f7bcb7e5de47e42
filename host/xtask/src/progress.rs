//! Progress lines: what is being done now, and how long it took. They go to standard error, so
//! that results can be piped.

use std::time::Instant;

use anyhow::{Context, Result};

/// Prints one line.
pub(crate) fn say(what: impl AsRef<str>) {
    eprintln!("xtask: {}", what.as_ref());
}

/// Announces `what`, does it, and prints the time it took. An error names the step.
pub(crate) fn step<T>(what: &str, action: impl FnOnce() -> Result<T>) -> Result<T> {
    say(format!("{what} ..."));
    let started = Instant::now();
    let value = action().with_context(|| what.to_owned())?;
    let seconds = started.elapsed().as_secs_f64();
    say(format!("{what}: done in {seconds:.1} s"));
    Ok(value)
}
