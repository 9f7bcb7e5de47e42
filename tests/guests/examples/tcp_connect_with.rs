//! Connecting from an address of one's own. With `denied` as argument it may connect and not bind.

use std::net::SocketAddr;

use aio_guest::{ConnectOptions, ErrorCode, IpSocketAddress, TcpStream, socket_address};
use test_guests::{MILLISECOND, argument, check, equal, fails, listen, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    if argument(1)? == "denied" {
        return denied(address).await;
    }
    let near = succeeds(from(address, "127.0.0.1:0").await, "connect from")?;
    let (_far, peer) = succeeds(listener.accept().await, "accept")?;
    let own = SocketAddr::from(succeeds(near.local_address(), "local address")?);
    equal(SocketAddr::from(peer), own, "the peer sees the address")?;
    check(own.port() != 0, "the system chose the port")?;
    unspecified(address).await?;
    cannot_be(address, &own.to_string()).await?;
    delays(address).await
}

async fn from(peer: IpSocketAddress, local: &str) -> Result<TcpStream, ErrorCode> {
    let options = ConnectOptions {
        local: socket_address(local).ok(),
        ..ConnectOptions::default()
    };
    TcpStream::connect_with(peer, options).await
}

async fn denied(address: IpSocketAddress) -> Result<(), String> {
    let refused = from(address, "127.0.0.2:0").await;
    fails(refused, ErrorCode::AccessDenied, "connect from an address")?;
    unspecified(address).await
}

/// Which grants nothing that connecting does not.
async fn unspecified(address: IpSocketAddress) -> Result<(), String> {
    succeeds(from(address, "0.0.0.0:0").await, "connect from anywhere").map(drop)
}

async fn cannot_be(address: IpSocketAddress, taken: &str) -> Result<(), String> {
    for (local, code) in [
        ("[::1]:0", ErrorCode::InvalidArgument),
        ("192.0.2.1:0", ErrorCode::AddressNotAvailable),
        (taken, ErrorCode::AddressInUse),
    ] {
        match from(address, local).await {
            // The same two ends twice: some systems say so when they connect.
            Err(ErrorCode::AddressNotAvailable) if local == taken => (),
            refused => fails(refused, code, local)?,
        }
    }
    Ok(())
}

async fn delays(address: IpSocketAddress) -> Result<(), String> {
    let after = |delay| ConnectOptions {
        attempt_delay: Some(delay),
        ..ConnectOptions::default()
    };
    for delay in [10 * MILLISECOND, 2_000 * MILLISECOND] {
        let connected = TcpStream::connect_with(address, after(delay)).await;
        drop(succeeds(connected, "connect with a delay")?);
    }
    for delay in [0, 10 * MILLISECOND - 1, 2_000 * MILLISECOND + 1, u64::MAX] {
        let refused = TcpStream::connect_with(address, after(delay)).await;
        fails(refused, ErrorCode::OutOfRange, "attempt delay")?;
    }
    Ok(())
}
