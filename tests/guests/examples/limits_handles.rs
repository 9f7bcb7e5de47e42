//! Tries to have a million handles: the quota refuses with a code, and closing makes room. The
//! argument is the quota.

use aio_guest::timers::Interval;
use aio_guest::{ErrorCode, ListenOptions, TcpListener, TcpStream};
use test_guests::{DELAY_MAX, argument, check, equal, fails, loopback, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let max: usize = argument(1)?.parse().map_err(|_| "the quota is a number")?;
    listeners(max).await?;
    intervals()
}

fn listen() -> Result<TcpListener, ErrorCode> {
    TcpListener::listen(loopback(), ListenOptions::default())
}

async fn listeners(max: usize) -> Result<(), String> {
    let mut open = Vec::new();
    for _ in 0..max {
        open.push(succeeds(listen(), "listen within the quota")?);
    }
    for _ in 0..1_000_000 {
        fails(
            listen(),
            ErrorCode::QuotaExceeded,
            "listen beyond the quota",
        )?;
    }
    let address = succeeds(open[0].local_address(), "local address")?;
    let connected = TcpStream::connect(address).await;
    fails(
        connected,
        ErrorCode::QuotaExceeded,
        "connect beyond the quota",
    )?;
    open.pop();
    open.push(succeeds(listen(), "listen after one is closed")?);
    // The peer of this very connection cannot be accepted, and the listener lives on.
    open.pop();
    let near = succeeds(
        TcpStream::connect(address).await,
        "connect after one is closed",
    )?;
    fails(
        open[0].accept().await,
        ErrorCode::QuotaExceeded,
        "accept beyond the quota",
    )?;
    open.pop();
    succeeds(open[0].accept().await, "accept after one is closed")?;
    drop(near);
    Ok(())
}

fn intervals() -> Result<(), String> {
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..1_000_000 {
        match Interval::create(DELAY_MAX) {
            Ok(interval) => open.push(interval),
            Err(code) => {
                equal(code, ErrorCode::QuotaExceeded, "interval beyond the quota")?;
                refused += 1;
            }
        }
    }
    check(refused > 0, "a million intervals are too many")?;
    open.clear();
    succeeds(Interval::create(DELAY_MAX), "interval after all are closed").map(drop)
}
