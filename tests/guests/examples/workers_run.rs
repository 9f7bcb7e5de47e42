//! Jobs return, fail and trap, and the guest lives; what a worker keeps it has for its next job.

use aio_guest::bindings::aio::host::workers::{self, JobError};
use test_guests::jobs::{begin, returns, run, traps};
use test_guests::{check, equal};

mod workers_support;

aio_guest::main!(main);

async fn main() -> Result<(), String> {
    results().await?;
    failures().await?;
    many().await?;
    state().await
}

async fn results() -> Result<(), String> {
    check(workers::parallelism() > 0, "there are workers")?;
    for input in ["", "some bytes"] {
        for job in ["echo", "echo-later", "test:jobs/tools#echo"] {
            returns(job, input, input).await?;
        }
    }
    returns("act", "arguments", "one two").await?;
    returns("act", "alone", "").await?;
    let refused = Err(JobError::Failed("not-supported".to_owned()));
    equal(
        run("act-later", "delegate").await,
        refused,
        "a job of a job",
    )
}

async fn failures() -> Result<(), String> {
    let failed = |text: &str| Err(JobError::Failed(text.to_owned()));
    equal(run("act", "fail so").await, failed("so"), "fail")?;
    equal(run("act-later", "fail so").await, failed("so"), "fail")?;
    for (input, reason) in [
        ("panic", "unreachable"),
        ("unreachable", "unreachable"),
        ("recurse", "trap"),
        ("exit", "exit status"),
    ] {
        traps(input, reason).await?;
        returns("echo", input, input).await?;
    }
    Ok(())
}

/// More jobs than threads, begun at once: each has its own result.
async fn many() -> Result<(), String> {
    let mut all = Vec::new();
    for number in 0..100 {
        let job = ["echo", "echo-later"][number % 2];
        all.push(begin(job, &number.to_string())?);
    }
    for (number, job) in all.into_iter().enumerate() {
        equal(job.await, Ok(number.to_string().into_bytes()), "echo")?;
    }
    Ok(())
}

/// With one worker its count goes on, and begins anew with a new instance.
async fn state() -> Result<(), String> {
    if workers::parallelism() != 1 {
        return Ok(());
    }
    traps("panic", "").await?;
    for count in ["1", "2", "3"] {
        returns("act", "count", count).await?;
    }
    run("act", "fail").await.ok();
    returns("act", "count", "4").await?;
    traps("unreachable", "").await?;
    returns("act", "count", "1").await
}
