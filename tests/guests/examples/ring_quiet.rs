//! Quiet operations: success goes unreported, failure does not, and results are never lost.

use std::time::Duration;

use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, check, collect, collect_one, equal, look, pair, read_exactly};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut ring = Ring::new();
    ring.write(1, near.as_handle(), b"quiet").quiet();
    ring.sleep(2, Duration::ZERO).quiet();
    ring.sleep_until(3, 0).quiet();
    ring.sleep(4, Duration::from_millis(2));
    equal(
        collect(&mut ring, 1)?,
        vec![(4, Told::Done)],
        "the only one to be told",
    )?;
    equal(
        read_exactly(&far, 5).await?,
        b"quiet".to_vec(),
        "and yet it was written",
    )?;
    failures(&mut ring)?;
    ring.close(9, near.as_handle()).quiet();
    check(look(&mut ring)?.is_empty(), "a quiet close is not told")?;
    ring.close(9, near.as_handle()).quiet();
    equal(
        collect_one(&mut ring)?,
        Told::Failed(ErrorCode::BadHandle),
        "a quiet close that fails",
    )?;
    waiting_failure(&mut ring).await
}

fn failures(ring: &mut Ring) -> Result<(), String> {
    ring.write(1, u64::MAX, b"x").quiet();
    ring.sleep(2, Duration::MAX).quiet();
    ring.cancel(3, 77).quiet();
    let told = collect(ring, 3)?;
    let codes = [
        ErrorCode::BadHandle,
        ErrorCode::OutOfRange,
        ErrorCode::InvalidArgument,
    ];
    let expected = (1..).zip(codes.map(Told::Failed));
    equal(told, expected.collect(), "quiet operations that fail")
}

/// A quiet write that waits, and fails when its stream is closed.
async fn waiting_failure(ring: &mut Ring) -> Result<(), String> {
    let (near, _far) = pair().await?;
    ring.write(1, near.as_handle(), &vec![0; 20 << 20]).quiet();
    check(look(ring)?.is_empty(), "a write of 20 MiB waits")?;
    ring.close(2, near.as_handle()).quiet();
    let told = collect(ring, 1)?;
    equal(
        told,
        vec![(1, Told::Failed(ErrorCode::Closed))],
        "a quiet write that was closed",
    )
}
