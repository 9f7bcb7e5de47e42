//! The clock begins near 0, never goes back, and has a resolution.

use aio_guest::timers;
use test_guests::check;

aio_guest::main!(run);

/// Long after any start, and long before what a clock since boot or since 1970 shows.
const NEAR_0: u64 = 3_600_000_000_000;

async fn run() -> Result<(), String> {
    let mut before = timers::now();
    check(before < NEAR_0, format_args!("{before} ns is near 0"))?;
    for _ in 0..1000 {
        let now = timers::now();
        check(now >= before, format_args!("{now} is not before {before}"))?;
        before = now;
    }
    check(timers::resolution() >= 1, "the resolution is at least 1")
}
