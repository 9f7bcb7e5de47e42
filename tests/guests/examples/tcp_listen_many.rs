//! One listener at several addresses: the same port, and connections of each, by either door.

use std::net::SocketAddr;

use aio_guest::{ErrorCode, ListenOptions, Ring, TcpListener, TcpStream, socket_address};
use test_guests::{Told, collect_one, equal, fails, loopback, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    bounds()?;
    let addresses = vec![loopback(), socket_address("127.0.0.2:0")?];
    let listener = TcpListener::listen_many(&addresses, ListenOptions::default());
    let listener = succeeds(listener, "listen at two addresses")?;
    let addresses = succeeds(listener.local_addresses(), "local addresses")?;
    let ports: Vec<_> = addresses
        .iter()
        .map(|address| SocketAddr::from(*address).port())
        .collect();
    equal(ports.len(), 2, "addresses")?;
    equal(ports.first(), ports.last(), "one port for both")?;
    let first = succeeds(listener.local_address(), "local address")?;
    equal(Some(&first), addresses.first(), "the first address")?;
    for address in addresses {
        let near = succeeds(TcpStream::connect(address).await, "connect")?;
        let (far, _) = succeeds(listener.accept().await, "accept")?;
        let own = succeeds(far.local_address(), "local address")?;
        equal(own, address, "the address that was connected to")?;
        drop(near);
        by_ring(&listener, address).await?;
    }
    Ok(())
}

async fn by_ring(
    listener: &TcpListener,
    address: aio_guest::IpSocketAddress,
) -> Result<(), String> {
    let mut ring = Ring::new();
    ring.accept(1, listener.as_handle());
    succeeds(ring.enter(Some(std::time::Duration::ZERO)), "enter")?;
    let _near = succeeds(TcpStream::connect(address).await, "connect")?;
    match collect_one(&mut ring)? {
        Told::Open(handle) => succeeds(TcpStream::by_handle(handle), "by handle").map(drop),
        other => Err(format!("accept: {other:?}")),
    }
}

fn bounds() -> Result<(), String> {
    let many = |count| {
        let addresses = vec![loopback(); count];
        TcpListener::listen_many(&addresses, ListenOptions::default())
    };
    fails(many(0), ErrorCode::InvalidArgument, "no address")?;
    fails(many(65), ErrorCode::OutOfRange, "65 addresses")?;
    // The port that the system chooses for the first is in use for the second.
    fails(many(2), ErrorCode::AddressInUse, "the same address twice")?;
    let shared = ListenOptions {
        reuse_port: true,
        ..ListenOptions::default()
    };
    let most = TcpListener::listen_many(&[loopback(); 64], shared);
    succeeds(most, "64 addresses").map(drop)
}
