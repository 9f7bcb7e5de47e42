//! The ring's bounds, each at its most and one beyond: submissions, operations in flight,
//! operations of one handle, completions and bytes of a batch, and bytes that the host keeps.

use std::time::Duration;

use aio_guest::bindings::aio::host::ring as raw;
use aio_guest::ring::Outcome;
use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, check, collect, collect_one, equal, fails, look, pair, succeeds};

aio_guest::main!(run);

const SUBMISSIONS_MAX: u64 = 16_384;
const OPERATIONS_MAX: u64 = 65_536;
const HOUR: Duration = Duration::from_secs(3600);

async fn run() -> Result<(), String> {
    submissions()?;
    bytes_that_are_not_there().await?;
    completions()?;
    operations()?;
    bytes_of_a_batch().await?;
    bytes_kept().await
}

fn submissions() -> Result<(), String> {
    let mut ring = Ring::new();
    for _ in 0..SUBMISSIONS_MAX {
        ring.sleep_until(0, 0);
    }
    equal(
        look(&mut ring)?.len() as u64,
        SUBMISSIONS_MAX,
        "completions of 16,384 submissions",
    )?;
    for _ in 0..=SUBMISSIONS_MAX {
        ring.sleep_until(0, 0);
    }
    fails(
        ring.enter(Some(Duration::ZERO)),
        ErrorCode::OutOfRange,
        "16,385 submissions",
    )?;
    check(look(&mut ring)?.is_empty(), "none of them was begun")
}

async fn bytes_that_are_not_there() -> Result<(), String> {
    let (near, _far) = pair().await?;
    let write = |length| raw::Submission {
        token: 1,
        quiet: false,
        operation: raw::Operation::Write(raw::WriteArguments {
            handle: near.as_handle(),
            length,
        }),
    };
    let refused = raw::Outcome::Failed(ErrorCode::InvalidArgument);
    for length in [4, u32::MAX] {
        let batch = succeeds(raw::enter(&[write(length)], b"abc", Some(0)), "enter")?;
        let outcome = &batch.completions[0].outcome;
        check(
            *outcome == refused,
            format_args!("a write of {length} of 3 bytes is refused"),
        )?;
    }
    let batch = succeeds(raw::enter(&[write(1), write(2)], b"abc", Some(0)), "enter")?;
    let written = batch
        .completions
        .iter()
        .map(|completion| &completion.outcome);
    let expected = [raw::Outcome::Written(1), raw::Outcome::Written(2)];
    check(written.eq(&expected), "writes of all 3 bytes")
}

/// Of operations that waited, a batch has at most 1,024; the others come with the next.
fn completions() -> Result<(), String> {
    let mut ring = Ring::new();
    for _ in 0..3000 {
        ring.sleep(0, Duration::from_millis(1));
    }
    let mut total = 0;
    while total < 3000 {
        let batch = succeeds(ring.enter(None), "enter")?;
        check(
            batch.len() <= 1024,
            format_args!("{} completions are at most 1,024", batch.len()),
        )?;
        total += batch.len();
    }
    equal(total, 3000, "completions in all")
}

fn operations() -> Result<(), String> {
    let mut ring = Ring::new();
    for token in 1..=OPERATIONS_MAX {
        ring.sleep(token, HOUR);
        if token % SUBMISSIONS_MAX == 0 {
            check(look(&mut ring)?.is_empty(), "they wait")?;
        }
    }
    ring.sleep(OPERATIONS_MAX + 1, HOUR);
    let told = collect_one(&mut ring)?;
    equal(
        told,
        Told::Failed(ErrorCode::QuotaExceeded),
        "one operation too many",
    )?;
    ring.cancel(u64::MAX, 1);
    collect(&mut ring, 2)?;
    ring.sleep(OPERATIONS_MAX + 1, HOUR);
    check(look(&mut ring)?.is_empty(), "a cancelled one makes room")?;
    for token in 2..=OPERATIONS_MAX + 1 {
        ring.cancel(0, token);
        if ring.len() as u64 == SUBMISSIONS_MAX {
            look(&mut ring)?;
        }
    }
    look(&mut ring).map(drop)
}

/// Thirty connections have 60,000 bytes each: more than a batch brings.
async fn bytes_of_a_batch() -> Result<(), String> {
    const CONNECTIONS: usize = 30;
    const EACH: usize = 60_000;
    let mut ring = Ring::new();
    let mut pairs = Vec::new();
    for token in 1..=CONNECTIONS {
        let (near, far) = pair().await?;
        ring.write(token as u64, near.as_handle(), &vec![1; EACH]);
        pairs.push((near, far));
    }
    collect(&mut ring, CONNECTIONS)?;
    for (index, (_, far)) in pairs.iter().enumerate() {
        ring.read(index as u64, far.as_handle(), u32::MAX);
    }
    let mut left = [EACH; CONNECTIONS];
    while left.iter().any(|left| *left > 0) {
        let batch = succeeds(ring.enter(None), "enter")?;
        let mut bytes = 0;
        for completion in &batch {
            let Outcome::Data(data) = completion.outcome else {
                return Err(format!("{completion:?} is not of a read"));
            };
            let index = completion.token as usize;
            bytes += data.len();
            left[index] -= data.len();
            if left[index] > 0 {
                ring.read(completion.token, pairs[index].1.as_handle(), u32::MAX);
            }
        }
        check(
            bytes <= 1 << 20,
            format_args!("{bytes} bytes are at most 1 MiB"),
        )?;
    }
    Ok(())
}

/// What the peer does not take is kept by the host, up to 64 MiB in all.
async fn bytes_kept() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut ring = Ring::new();
    let mut refused = None;
    for token in 1..=12 {
        ring.write(token, near.as_handle(), &vec![1; 8 << 20]);
        for completion in &look(&mut ring)? {
            refused = refused.or_else(|| Some(Told::from_completion(completion)));
        }
        if refused.is_some() {
            break;
        }
    }
    let (token, told) = refused.ok_or("96 MiB are kept for a peer that does not read")?;
    equal(
        told,
        Told::Failed(ErrorCode::QuotaExceeded),
        "a write beyond the quota",
    )?;
    check(
        token > 8,
        format_args!("write {token} of 8 MiB is beyond 64 MiB"),
    )?;
    ring.close(0, near.as_handle()).quiet();
    drop(far);
    let told = collect(&mut ring, token as usize - 1)?;
    let closed = |(_, told): &(u64, Told)| *told == Told::Failed(ErrorCode::Closed);
    check(told.iter().all(closed), "those that waited are closed")?;
    let (near, _far) = pair().await?;
    ring.write(1, near.as_handle(), &vec![1; 8 << 20]);
    check(look(&mut ring)?.is_empty(), "there is room again")
}
