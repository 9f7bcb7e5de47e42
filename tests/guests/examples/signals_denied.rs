//! A guest listens for what it was granted. With a number as argument: so many times, and no more.

use aio_guest::ErrorCode;
use aio_guest::signal::{USR1, USR2, signal, signals};
use test_guests::{fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    match std::env::args().nth(1) {
        None => granted(),
        Some(max) => quota(max.parse().map_err(|_| "a number")?),
    }
}

fn granted() -> Result<(), String> {
    drop(succeeds(signal(USR1), "a signal that is granted")?);
    fails(signal(USR2), ErrorCode::AccessDenied, "one that is not")?;
    let both = signals(&[USR1, USR2]);
    fails(both, ErrorCode::AccessDenied, "both")
}

fn quota(max: u32) -> Result<(), String> {
    let mut open = Vec::new();
    for _ in 0..max {
        open.push(succeeds(signal(USR1), "subscribe")?);
    }
    fails(signal(USR1), ErrorCode::QuotaExceeded, "one more")?;
    open.pop();
    drop(succeeds(signal(USR1), "in the place of one")?);
    Ok(())
}
