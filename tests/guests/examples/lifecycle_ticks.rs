//! Prints a line for each of a hundred ticks of a millisecond.

use aio_guest::timers::Interval;
use test_guests::{MILLISECOND, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let interval = succeeds(Interval::create(MILLISECOND), "interval")?;
    let mut ticks = 0;
    while ticks < 100 {
        ticks += succeeds(interval.tick().await, "tick")?;
    }
    println!("ticked");
    Ok(())
}
