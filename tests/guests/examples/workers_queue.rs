//! So many jobs run and so many wait, and not one more; bytes that wait are bounded too. The first
//! arguments say how many threads there are and how many jobs may wait.

use aio_guest::ErrorCode;
use aio_guest::bindings::aio::host::workers::{self, JobError};
use test_guests::jobs::{begin, begin_with, refused, returns};
use test_guests::{argument, equal};

mod workers_support;

aio_guest::main!(main);

async fn main() -> Result<(), String> {
    let number = |at| {
        argument(at)?
            .parse::<usize>()
            .map_err(|error| error.to_string())
    };
    let (threads, jobs_max) = (number(1)?, number(2)?);
    equal(
        workers::parallelism(),
        u32::try_from(threads).unwrap_or(0),
        "parallelism",
    )?;
    if threads == 0 {
        return refused("echo", "", ErrorCode::NotSupported).await;
    }
    jobs(threads, jobs_max).await?;
    bytes(threads, jobs_max).await
}

async fn jobs(threads: usize, jobs_max: usize) -> Result<(), String> {
    for _ in 0..2 {
        let mut all = Vec::new();
        for _ in 0..2 {
            // A job that is cancelled keeps its place until its worker has let go of it.
            while all.len() < threads + jobs_max {
                all.extend(begin("act-later", "sleep").ok());
                aio_guest::yield_now().await;
            }
            refused("echo", "", ErrorCode::QuotaExceeded).await?;
            drop(all.pop());
        }
        drop(all);
        while returns("echo", "free", "free").await.is_err() {}
    }
    Ok(())
}

/// The quota of this guest is 1 MiB.
async fn bytes(threads: usize, jobs_max: usize) -> Result<(), String> {
    const MAX: usize = 1 << 20;
    let too_much = workers::run("echo".to_owned(), vec![0; MAX + 1]).await;
    equal(
        too_much,
        Err(JobError::Refused(ErrorCode::QuotaExceeded)),
        "1 MiB and one byte",
    )?;
    let all = workers::run("echo".to_owned(), vec![0; MAX]).await;
    equal(all.map(|result| result.len()), Ok(MAX), "1 MiB")?;
    refused(
        "act",
        &format!("return {}", MAX + 1),
        ErrorCode::QuotaExceeded,
    )
    .await?;

    if jobs_max == 0 {
        return Ok(());
    }
    let mut busy = Vec::new();
    for _ in 0..threads {
        busy.push(begin("act", "spin")?);
    }
    // Once these have begun, what waits is the one behind them.
    let waits = loop {
        match begin_with("echo", vec![0; MAX]) {
            Ok(waits) => break waits,
            Err(_) => aio_guest::yield_now().await,
        }
    };
    let more = workers::run("echo".to_owned(), vec![0; 1]).await;
    equal(
        more,
        Err(JobError::Refused(ErrorCode::QuotaExceeded)),
        "one byte more",
    )?;
    drop(waits);
    let waits = begin_with("echo", vec![0; MAX])?;
    drop(busy);
    equal(
        waits.await.map(|result| result.len()),
        Ok(MAX),
        "what has waited",
    )
}
