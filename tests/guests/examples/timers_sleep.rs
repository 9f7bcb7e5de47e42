//! Sleeps end in the order of their deadlines, never early, and at their bounds.

use std::cell::RefCell;
use std::rc::Rc;

use aio_guest::{ErrorCode, spawn, timers};
use test_guests::{DELAY_MAX, MILLISECOND, check, equal, fails, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    bounds().await?;
    never_early().await?;
    order().await
}

async fn bounds() -> Result<(), String> {
    succeeds(timers::sleep(0).await, "sleep 0")?;
    succeeds(timers::sleep(1).await, "sleep 1")?;
    waits_and_is_cancelled(timers::sleep(DELAY_MAX), "sleep 2^62")?;
    for delay in [DELAY_MAX + 1, u64::MAX] {
        fails(
            timers::sleep(delay).await,
            ErrorCode::OutOfRange,
            "sleep too long",
        )?;
    }
    Ok(())
}

async fn never_early() -> Result<(), String> {
    for delay in [1, 999_999, MILLISECOND, 3_000_001] {
        let start = timers::now();
        succeeds(timers::sleep(delay).await, "sleep")?;
        let slept = timers::now() - start;
        check(slept >= delay, format_args!("{slept} is at least {delay}"))?;
    }
    Ok(())
}

async fn order() -> Result<(), String> {
    let ended = Rc::new(RefCell::new(Vec::new()));
    for delay in [30, 10, 20] {
        let ended = Rc::clone(&ended);
        spawn(async move {
            let slept = timers::sleep(delay * MILLISECOND).await;
            ended.borrow_mut().push((delay, slept));
        });
    }
    succeeds(timers::sleep(40 * MILLISECOND).await, "sleep 40 ms")?;
    // Late ends are not wrong: this waits for them.
    while ended.borrow().len() < 3 {
        succeeds(timers::sleep(MILLISECOND).await, "sleep 1 ms")?;
    }
    let ended = ended.take();
    equal(
        ended,
        [10, 20, 30].map(|delay| (delay, Ok(()))).to_vec(),
        "order",
    )
}
