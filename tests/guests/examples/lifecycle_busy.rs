//! Computes while it is asked to stop, and hears of it when it waits.

use aio_guest::{ErrorCode, timers};
use test_guests::{DELAY_MAX, MILLISECOND, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    println!("computing");
    let start = timers::now();
    while timers::now() - start < 300 * MILLISECOND {}
    let slept = timers::sleep(DELAY_MAX).await;
    equal(slept, Err(ErrorCode::Cancelled), "the first wait")?;
    succeeds(timers::sleep(MILLISECOND).await, "the next wait")?;
    println!("cleaned up");
    Ok(())
}
