//! Listens for the signals that its arguments name until one has come, and then waits until it is
//! asked to stop. The first argument is how it leaves; with `never` it listens on, come what may.

use aio_guest::signal::Signal;
use aio_guest::{ErrorCode, Ring, timers};
use test_guests::{DELAY_MAX, Told, argument, collect_one, equal, listen_for_signals, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let how = argument(1)?;
    let (subscription, _) = listen_for_signals()?;
    take(&subscription, how == "never").await?;
    if how == "close" {
        let mut ring = Ring::new();
        ring.close(1, subscription.as_handle());
        equal(collect_one(&mut ring)?, Told::Done, "close")?;
    } else {
        drop(subscription);
    }
    println!("left");
    let slept = timers::sleep(DELAY_MAX).await;
    equal(slept, Err(ErrorCode::Cancelled), "the wait")?;
    println!("asked to stop");
    Ok(())
}

async fn take(subscription: &Signal, for_ever: bool) -> Result<(), String> {
    loop {
        match subscription.recv().await {
            Err(ErrorCode::Cancelled) if for_ever => println!("asked to stop"),
            event => println!("took {}", succeeds(event, "next")?.signal),
        }
        if !for_ever {
            return Ok(());
        }
    }
}
