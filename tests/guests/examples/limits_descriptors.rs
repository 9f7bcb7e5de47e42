//! Accepts until the host has no descriptor left, rests, and accepts again once there are some.

use aio_guest::{ErrorCode, TcpListener, TcpStream, timers};
use test_guests::{MILLISECOND, announce, check, fails, listen, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    announce(address);
    let mut held: Vec<TcpStream> = Vec::new();
    let code = loop {
        match listener.accept().await {
            Ok((stream, _)) => held.push(stream),
            Err(code) => break code,
        }
    };
    fails::<()>(Err(code), ErrorCode::InsufficientResources, "accept")?;
    check(held.len() > 3, "some were accepted")?;
    rests(&listener).await?;
    held.truncate(1);
    for _ in 0..3 {
        let (stream, _) = succeeds(listener.accept().await, "accept when some are free")?;
        held.push(stream);
    }
    Ok(())
}

/// Nothing is freed: the same answer again is no news, and does not come at once. Only a connection
/// that comes is a reason to try earlier, and there are not so many.
async fn rests(listener: &TcpListener) -> Result<(), String> {
    for _ in 0..64 {
        let begun = timers::now();
        let again = listener.accept().await;
        fails(again, ErrorCode::InsufficientResources, "accept once more")?;
        if timers::now() - begun >= 50 * MILLISECOND {
            return Ok(());
        }
    }
    Err("the guest is told over and over".to_owned())
}
