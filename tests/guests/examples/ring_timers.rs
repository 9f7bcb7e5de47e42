//! Sleeps on the ring: order of equal deadlines, bounds, and the timeout of `enter`.

use std::time::Duration;

use aio_guest::{ErrorCode, Ring, timers};
use test_guests::{
    DELAY_MAX, MILLISECOND, Told, check, collect, collect_one, equal, fails, look, succeeds,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    equal_deadlines(&mut ring)?;
    order(&mut ring)?;
    bounds(&mut ring)?;
    timeouts(&mut ring)
}

/// Timers of one deadline fire in the order in which they were set.
fn equal_deadlines(ring: &mut Ring) -> Result<(), String> {
    let deadline = timers::now() + 5 * MILLISECOND;
    for token in 1..=500 {
        ring.sleep_until(token, deadline);
    }
    let told = collect(ring, 500)?;
    check(timers::now() >= deadline, "none is early")?;
    let expected: Vec<_> = (1..=500).map(|token| (token, Told::Done)).collect();
    check(
        told == expected,
        "equal deadlines in the order they were submitted",
    )
}

fn order(ring: &mut Ring) -> Result<(), String> {
    ring.sleep(1, Duration::from_millis(30));
    ring.sleep(2, Duration::from_millis(10));
    ring.sleep(3, Duration::from_millis(20));
    ring.sleep(4, Duration::ZERO);
    ring.sleep_until(5, timers::now());
    let told = collect(ring, 5)?;
    let tokens: Vec<u64> = told.iter().map(|(token, _)| *token).collect();
    equal(
        tokens[2..].to_vec(),
        vec![2, 3, 1],
        "order of the longer ones",
    )?;
    check(
        told.iter().all(|(_, told)| *told == Told::Done),
        "all are done",
    )
}

fn bounds(ring: &mut Ring) -> Result<(), String> {
    for delay in [DELAY_MAX + 1, u64::MAX] {
        ring.sleep(1, Duration::from_nanos(delay));
        let told = collect_one(ring)?;
        equal(told, Told::Failed(ErrorCode::OutOfRange), "sleep too long")?;
    }
    ring.sleep_until(1, u64::MAX);
    equal(
        collect_one(ring)?,
        Told::Failed(ErrorCode::OutOfRange),
        "sleep until too late",
    )?;
    ring.sleep(1, Duration::from_nanos(DELAY_MAX));
    equal(look(ring)?.len(), 0, "a sleep of 2^62 waits")?;
    ring.cancel(2, 1);
    let told = collect(ring, 2)?;
    equal(
        told,
        vec![(1, Told::Failed(ErrorCode::Cancelled)), (2, Told::Done)],
        "cancel",
    )
}

fn timeouts(ring: &mut Ring) -> Result<(), String> {
    check(look(ring)?.is_empty(), "a timeout of 0 does not wait")?;
    let start = timers::now();
    let batch = succeeds(ring.enter(Some(Duration::from_millis(3))), "enter for 3 ms")?;
    check(batch.is_empty(), "nothing happened")?;
    check(
        timers::now() - start >= 3 * MILLISECOND,
        "a timeout is not early",
    )?;
    for timeout in [DELAY_MAX + 1, u64::MAX] {
        ring.sleep(9, Duration::ZERO);
        let entered = ring.enter(Some(Duration::from_nanos(timeout)));
        fails(entered, ErrorCode::OutOfRange, "timeout too long")?;
    }
    check(look(ring)?.is_empty(), "a refused call has begun nothing")?;
    ring.sleep(1, Duration::ZERO);
    let batch = succeeds(
        ring.enter(Some(Duration::from_nanos(DELAY_MAX))),
        "timeout of 2^62",
    )?;
    equal(batch.len(), 1, "completions")
}
