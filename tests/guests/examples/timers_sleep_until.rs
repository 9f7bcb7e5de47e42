//! A deadline that has passed is done at once; one ahead is waited for, up to 2^62 ns from now.

use std::pin::pin;

use aio_guest::{ErrorCode, timers};
use test_guests::{
    DELAY_MAX, MILLISECOND, check, fails, poll_once, succeeds, waits_and_is_cancelled,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for passed in [0, 1, timers::now()] {
        let sleep = pin!(timers::sleep_until(passed));
        check(
            poll_once(sleep).is_ready(),
            "a passed deadline is done at once",
        )?;
    }
    let deadline = timers::now() + 2 * MILLISECOND;
    succeeds(timers::sleep_until(deadline).await, "sleep until 2 ms")?;
    let now = timers::now();
    check(
        now >= deadline,
        format_args!("{now} is not before {deadline}"),
    )?;
    // What remains when the host looks is no more than what remained here.
    let farthest = timers::now() + DELAY_MAX;
    waits_and_is_cancelled(timers::sleep_until(farthest), "sleep until 2^62 from now")?;
    let too_far = timers::now() + DELAY_MAX + 3_600_000 * MILLISECOND;
    for deadline in [too_far, u64::MAX] {
        fails(
            timers::sleep_until(deadline).await,
            ErrorCode::OutOfRange,
            "sleep until",
        )?;
    }
    Ok(())
}
