//! `enter-async`: other tasks go on meanwhile, there is one at a time, and a cancelled call
//! leaves its operations in flight.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use aio_guest::{ErrorCode, Ring, spawn, timers};
use test_guests::{
    MILLISECOND, Told, check, equal, fails, look, pair, poll_once, read_exactly, succeeds,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    others_go_on().await?;
    one_at_a_time().await?;
    cancelled().await?;
    bytes().await
}

async fn others_go_on() -> Result<(), String> {
    let ticks = Rc::new(Cell::new(0));
    let counted = Rc::clone(&ticks);
    spawn(async move {
        while counted.get() < 5 && timers::sleep(MILLISECOND).await.is_ok() {
            counted.set(counted.get() + 1);
        }
    });
    let mut ring = Ring::new();
    while ticks.get() < 5 {
        ring.sleep(1, Duration::from_millis(20));
        let batch = succeeds(ring.enter_async(None).await, "enter-async")?;
        equal(batch.len(), 1, "completions")?;
        check(ticks.get() > 0, "another task has gone on")?;
    }
    Ok(())
}

async fn one_at_a_time() -> Result<(), String> {
    let (mut first, mut second) = (Ring::new(), Ring::new());
    first.sleep(1, Duration::from_millis(5));
    let mut waiting = Box::pin(first.enter_async(None));
    check(
        poll_once(waiting.as_mut()).is_pending(),
        "the first one waits",
    )?;
    second.sleep(2, Duration::ZERO);
    fails(
        second.enter_async(None).await,
        ErrorCode::NotSupported,
        "a second one",
    )?;
    second.sleep(2, Duration::ZERO);
    fails(
        second.enter(None),
        ErrorCode::NotSupported,
        "a plain one beside it",
    )?;
    let batch = succeeds(waiting.await, "the first one")?;
    let told: Vec<_> = batch.iter().map(Told::from_completion).collect();
    equal(told, vec![(1, Told::Done)], "what the first one submitted")?;
    check(
        look(&mut second)?.is_empty(),
        "the refused ones have begun nothing",
    )
}

async fn cancelled() -> Result<(), String> {
    let mut ring = Ring::new();
    ring.sleep(1, Duration::from_millis(3));
    check(
        poll_once(Box::pin(ring.enter_async(None)).as_mut()).is_pending(),
        "the call waits, and is cancelled",
    )?;
    let batch = succeeds(ring.enter_async(None).await, "the next call")?;
    let told: Vec<_> = batch.iter().map(Told::from_completion).collect();
    equal(
        told,
        vec![(1, Told::Done)],
        "what the cancelled call submitted",
    )
}

/// Bytes are those of the call, also when it waits and the guest's memory changes.
async fn bytes() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut ring = Ring::new();
    for round in 0..50u8 {
        ring.write(1, near.as_handle(), &[round; 1000]);
        ring.read(2, far.as_handle(), 1000);
        let mut data = Vec::new();
        while data.len() < 1000 {
            let batch = succeeds(ring.enter_async(None).await, "enter-async")?;
            for completion in &batch {
                if let (_, Told::Data(more)) = Told::from_completion(completion) {
                    data.extend(more);
                }
            }
            if data.is_empty() {
                continue;
            }
            let rest = 1000 - data.len();
            data.extend(read_exactly(&far, rest).await?);
        }
        equal(data, vec![round; 1000], "bytes of a round")?;
    }
    Ok(())
}
