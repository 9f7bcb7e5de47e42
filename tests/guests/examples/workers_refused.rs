//! What is no job is refused before it is queued, and so is what is too long.

use aio_guest::ErrorCode;
use aio_guest::bindings::aio::host::workers::{self, JobError};
use test_guests::equal;
use test_guests::jobs::{refused, run, traps};

mod workers_support;

aio_guest::main!(main);

/// The most bytes of an input or a result.
const MAX: usize = 16 << 20;

async fn main() -> Result<(), String> {
    names().await?;
    inputs().await?;
    outputs().await
}

async fn names() -> Result<(), String> {
    for name in [
        "",
        "#",
        "echo#",
        "#echo",
        "echo#echo",
        "nothing",
        "Echo",
        "echo ",
        "run",
        "no-input",
        "two-inputs",
        "words",
        "text",
        "no-output",
        "other-output",
        "other-ok",
        "other-error",
        "no-error",
        "test:jobs/tools",
        "test:jobs/tools#",
        "test:jobs/tools#nothing",
        "test:jobs/tools#number",
        "test:jobs/tools#echo#echo",
        "tools#echo",
        "aio:host/run@0.1.0",
        "aio:host/run@0.1.0#run",
        "aio:host/workers@0.1.0#run",
    ] {
        refused(name, "", ErrorCode::NotFound).await?;
    }
    refused(&"echo".repeat(1_000_000), "", ErrorCode::NotFound).await
}

async fn inputs() -> Result<(), String> {
    let most = workers::run("echo".to_owned(), vec![7; MAX]).await;
    equal(
        most.map(|result| result == vec![7; MAX]),
        Ok(true),
        "16 MiB",
    )?;
    let more = workers::run("echo".to_owned(), vec![7; MAX + 1]).await;
    equal(
        more,
        Err(JobError::Refused(ErrorCode::OutOfRange)),
        "16 MiB and one byte",
    )
}

async fn outputs() -> Result<(), String> {
    let most = run("act", &format!("return {MAX}")).await;
    equal(most.map(|result| result.len()), Ok(MAX), "16 MiB")?;
    for act in ["return", "complain"] {
        let more = format!("{act} {}", MAX + 1);
        refused("act", &more, ErrorCode::OutOfRange).await?;
        traps(&format!("{act} {}", 2 * MAX + 1), "too much data").await?;
    }
    equal(
        run("echo", "alive").await,
        Ok(b"alive".to_vec()),
        "the next",
    )
}
