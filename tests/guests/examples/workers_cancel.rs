//! Jobs are cancelled while they wait and while they run, by either door; their workers are of use
//! again. The first argument says how many threads there are.

use aio_guest::{ErrorCode, Ring};
use test_guests::jobs::{begin, returns};
use test_guests::{Told, argument, collect, equal};

mod workers_support;

aio_guest::main!(main);

async fn main() -> Result<(), String> {
    let threads = argument(1)?.parse().map_err(|_| "a number".to_owned())?;
    for input in ["spin", "sleep", "enter"] {
        dropped(threads, input).await?;
    }
    by_the_ring(threads)
}

async fn dropped(threads: usize, input: &str) -> Result<(), String> {
    for _ in 0..5 {
        let mut busy = Vec::new();
        for _ in 0..threads {
            busy.push(begin("act-later", input)?);
        }
        let queued = begin("echo", "never")?;
        let next = begin("echo", "next")?;
        drop(queued);
        // All but one: those behind come to their end by what it leaves free.
        busy.truncate(threads - 1);
        equal(next.await, Ok(b"next".to_vec()), "next")?;
        drop(busy);
        returns("echo", "free", "free").await?;
    }
    Ok(())
}

fn by_the_ring(threads: usize) -> Result<(), String> {
    let mut ring = Ring::new();
    for round in 0..5_u64 {
        let first = 100 * round;
        let busy = first + 10..first + 10 + threads as u64;
        for token in busy.clone() {
            ring.run_job(token, "act", b"spin");
        }
        ring.run_job(first + 1, "echo", b"never");
        ring.run_job(first + 2, "echo", b"next");
        ring.cancel(first + 3, first + 1).quiet();
        equal(
            collect(&mut ring, 1)?,
            vec![(first + 1, cancelled())],
            "queued",
        )?;
        for token in busy.clone() {
            ring.cancel(first + 3, token).quiet();
        }
        let mut ended = collect(&mut ring, threads + 1)?;
        ended.sort_unstable_by_key(|(token, _)| *token);
        let mut expected = vec![(first + 2, Told::Data(b"next".to_vec()))];
        expected.extend(busy.map(|token| (token, cancelled())));
        equal(ended, expected, "the others")?;
    }
    Ok(())
}

fn cancelled() -> Told {
    Told::Failed(ErrorCode::Cancelled)
}
