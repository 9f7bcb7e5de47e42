//! Starts jobs, says so, and waits for them, until they are done or it is asked to stop. The
//! arguments are what a job does and how many there are; with `ring` as third the ring begins them.

use aio_guest::bindings::aio::host::workers::JobError;
use aio_guest::{ErrorCode, Ring};
use test_guests::jobs::begin;
use test_guests::{argument, equal};

mod workers_support;

aio_guest::main!(main);

async fn main() -> Result<(), String> {
    let (act, count) = (argument(1)?, argument(2)?);
    let count = count.parse::<u64>().map_err(|error| error.to_string())?;
    match argument(3).as_deref() {
        Ok("ring") => by_the_ring(&act, count),
        _ => by_imports(&act, count).await,
    }
}

async fn by_imports(act: &str, count: u64) -> Result<(), String> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(begin("act-later", act)?);
    }
    println!("waiting");
    for job in all {
        let ended = job.await;
        if ended != Ok(Vec::new()) {
            let stopped = Err(JobError::Refused(ErrorCode::Cancelled));
            equal(ended, stopped, "a job")?;
            println!("asked to stop");
        }
    }
    Ok(())
}

fn by_the_ring(act: &str, count: u64) -> Result<(), String> {
    let mut ring = Ring::new();
    for token in 1..=count {
        ring.run_job(token, "act-later", act.as_bytes());
    }
    println!("waiting");
    while !ring
        .enter(None)
        .map_err(|code| code.name().to_owned())?
        .stop()
    {}
    println!("asked to stop");
    Ok(())
}
