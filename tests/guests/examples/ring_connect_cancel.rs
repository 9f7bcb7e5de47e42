//! A connection that nobody answers can be cancelled: a full backlog leaves it waiting.

use std::time::Duration;

use aio_guest::{ErrorCode, ListenOptions, Ring, TcpListener};
use test_guests::{Told, check, loopback, succeeds};

aio_guest::main!(run);

const CONNECTS: u64 = 16;

async fn run() -> Result<(), String> {
    let options = ListenOptions {
        backlog: 1,
        ..ListenOptions::default()
    };
    let listener = succeeds(TcpListener::listen(loopback(), options), "listen")?;
    let address = succeeds(listener.local_address(), "local address")?;
    let mut ring = Ring::new();
    for token in 1..=CONNECTS {
        ring.connect(token, address);
    }
    let mut waiting: Vec<u64> = (1..=CONNECTS).collect();
    loop {
        let batch = succeeds(ring.enter(Some(Duration::from_millis(50))), "enter")?;
        if batch.is_empty() {
            break;
        }
        for completion in &batch {
            let (token, told) = Told::from_completion(completion);
            told.handle()?;
            waiting.retain(|waits| *waits != token);
        }
    }
    check(!waiting.is_empty(), "some connections wait")?;
    for token in &waiting {
        ring.cancel(1000 + token, *token);
    }
    let batch = succeeds(ring.enter(Some(Duration::ZERO)), "enter")?;
    let told: Vec<_> = batch.iter().map(Told::from_completion).collect();
    for token in waiting {
        check(
            told.contains(&(token, Told::Failed(ErrorCode::Cancelled))),
            "it is cancelled",
        )?;
        check(
            told.contains(&(1000 + token, Told::Done)),
            "the cancel is done",
        )?;
    }
    Ok(())
}
