//! Waits until it is asked to stop, and cleans up. With `stubborn` as argument it waits again
//! instead, and with `spin` it computes for ever.

use std::hint::black_box;

use aio_guest::{ErrorCode, spawn, timers};
use test_guests::{DELAY_MAX, MILLISECOND, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    spawn(async {
        if timers::sleep(DELAY_MAX).await == Err(ErrorCode::Cancelled) {
            println!("the task is told too");
        }
    });
    // Tasks begin when this one waits, in their order: then all wait.
    spawn(async { println!("waiting") });
    let slept = timers::sleep(DELAY_MAX).await;
    equal(slept, Err(ErrorCode::Cancelled), "the wait")?;
    println!("asked to stop");
    match std::env::args().nth(1).as_deref() {
        Some("stubborn") => while timers::sleep(DELAY_MAX).await.is_ok() {},
        Some("spin") => loop {
            black_box(0);
        },
        _ => (),
    }
    // A request ends each wait once: this one is a new one.
    succeeds(timers::sleep(MILLISECOND).await, "sleep while cleaning up")?;
    println!("cleaned up");
    Ok(())
}
