//! An interval ticks at its period, tells how many ticks were missed, and has its bounds.

use aio_guest::ErrorCode;
use aio_guest::timers::{self, Interval};
use test_guests::{DELAY_MAX, MILLISECOND, check, fails, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    bounds().await?;
    let start = timers::now();
    let interval = succeeds(Interval::create(2 * MILLISECOND), "interval of 2 ms")?;
    let mut ticks = 0;
    while ticks < 5 {
        let more = succeeds(interval.tick().await, "tick")?;
        check(more >= 1, "a tick counts")?;
        ticks += more;
        let due = start + ticks * 2 * MILLISECOND;
        check(
            timers::now() >= due,
            format_args!("tick {ticks} is not early"),
        )?;
    }
    succeeds(timers::sleep(10 * MILLISECOND).await, "sleep 10 ms")?;
    let missed = succeeds(interval.tick().await, "tick after 10 ms")?;
    check(missed >= 5, format_args!("{missed} ticks are at least 5"))?;
    cancelled(&interval).await
}

async fn bounds() -> Result<(), String> {
    fails(
        Interval::create(0),
        ErrorCode::InvalidArgument,
        "interval of 0",
    )?;
    for period in [DELAY_MAX + 1, u64::MAX] {
        fails(
            Interval::create(period),
            ErrorCode::OutOfRange,
            "interval too long",
        )?;
    }
    let longest = succeeds(Interval::create(DELAY_MAX), "interval of 2^62")?;
    waits_and_is_cancelled(longest.tick(), "tick of 2^62")?;
    let shortest = succeeds(Interval::create(1), "interval of 1 ns")?;
    let ticks = succeeds(shortest.tick().await, "tick of 1 ns")?;
    check(ticks >= 1, "a tick of 1 ns counts")
}

/// A cancelled tick has taken none.
async fn cancelled(interval: &Interval) -> Result<(), String> {
    let slow = succeeds(Interval::create(20 * MILLISECOND), "interval of 20 ms")?;
    waits_and_is_cancelled(slow.tick(), "tick of 20 ms")?;
    succeeds(slow.tick().await, "tick after a cancelled one")?;
    succeeds(interval.tick().await, "tick of the other interval").map(drop)
}
