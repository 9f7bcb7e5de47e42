//! Counts primes, a range of numbers at a time: inline, or as jobs in workers, which are other
//! instances of this program on threads of their own. The result is the same, the time is not.
//!
//! ```text
//! cargo xtask guests
//! aio-host run target/guests/wasm32-wasip2/release/primes.wasm workers 5000000
//! aio-host run target/guests/wasm32-wasip2/release/primes.wasm inline 5000000
//! ```

use std::env;

use aio_guest::ring::Outcome;
use aio_guest::{Ring, executor};

use jobs::count;

#[allow(unsafe_code, reason = "an export of wasm is a symbol")]
mod jobs;

/// How many numbers a job looks at.
const RANGE: u32 = 50_000;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let usage = "usage: primes inline|workers NUMBER";
    let (how, max) = (env::args().nth(1), env::args().nth(2));
    let max = max.and_then(|max| max.parse().ok()).ok_or(usage)?;
    let primes = match how.as_deref() {
        Some("inline") => ranges(max).map(|(start, end)| count(start, end)).sum(),
        Some("workers") => by_workers(max)?,
        _ => return Err(usage.into()),
    };
    println!("{primes} primes below {max}");
    Ok(())
}

fn ranges(max: u32) -> impl Iterator<Item = (u32, u32)> {
    let starts = (0..max).step_by(RANGE as usize);
    starts.map(move |start| (start, max.min(start.saturating_add(RANGE))))
}

/// Keeps each worker busy and one more job at hand, and no more: what waits takes room.
fn by_workers(max: u32) -> Result<u32, String> {
    let mut ring = Ring::new();
    let mut ranges = ranges(max).peekable();
    let (mut primes, mut running) = (0, 0);
    let at_once = executor::parallelism() + 1;
    while running > 0 || ranges.peek().is_some() {
        while running < at_once
            && let Some((start, end)) = ranges.next()
        {
            let input = [start.to_le_bytes(), end.to_le_bytes()].concat();
            ring.run_job(0, "count-primes", &input);
            running += 1;
        }
        let batch = ring.enter(None);
        for completion in &batch.map_err(|error| format!("enter the ring: {error}"))? {
            primes += result(&completion.outcome)?;
            running -= 1;
        }
    }
    Ok(primes)
}

fn result(outcome: &Outcome<'_>) -> Result<u32, String> {
    let Outcome::Data(primes) = outcome else {
        return Err(format!("count primes: {outcome:?}"));
    };
    let primes = (*primes).try_into().map_err(|_| "not a number")?;
    Ok(u32::from_le_bytes(primes))
}
