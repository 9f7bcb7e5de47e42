//! Listening: backlogs at their bounds, ports in use, shared ports and addresses of nobody.

use std::net::SocketAddr;

use aio_guest::{
    ErrorCode, IpSocketAddress, ListenOptions, TcpListener, TcpStream, socket_address,
};
use test_guests::{check, fails, listen, loopback, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    backlogs()?;
    ports()?;
    addresses()?;
    ipv6().await
}

fn with_backlog(backlog: u32) -> ListenOptions {
    ListenOptions {
        backlog,
        ..ListenOptions::default()
    }
}

fn backlogs() -> Result<(), String> {
    for backlog in [1, 65_535] {
        succeeds(
            TcpListener::listen(loopback(), with_backlog(backlog)),
            "backlog",
        )?;
    }
    for backlog in [0, 65_536, u32::MAX] {
        let listener = TcpListener::listen(loopback(), with_backlog(backlog));
        fails(listener, ErrorCode::OutOfRange, "backlog")?;
    }
    Ok(())
}

fn shared() -> ListenOptions {
    ListenOptions {
        reuse_port: true,
        ..ListenOptions::default()
    }
}

fn ports() -> Result<(), String> {
    let (listener, address) = listen()?;
    check(
        SocketAddr::from(address).port() != 0,
        "the system chose a port",
    )?;
    let again = TcpListener::listen(address, ListenOptions::default());
    fails(again, ErrorCode::AddressInUse, "listen twice")?;
    drop(listener);
    let again = TcpListener::listen(address, ListenOptions::default());
    drop(succeeds(again, "listen after the first one is closed")?);
    let first = succeeds(TcpListener::listen(loopback(), shared()), "share a port")?;
    let address = succeeds(first.local_address(), "local address")?;
    succeeds(
        TcpListener::listen(address, shared()),
        "share the same port",
    )
    .map(drop)
}

/// An address for documentation, which no machine has.
fn addresses() -> Result<(), String> {
    let nobody: IpSocketAddress = socket_address("192.0.2.1:0")?;
    let listener = TcpListener::listen(nobody, ListenOptions::default());
    fails(
        listener,
        ErrorCode::AddressNotAvailable,
        "listen at an address of nobody",
    )
}

/// Where there is IPv6, its loopback behaves like the other one.
async fn ipv6() -> Result<(), String> {
    let options = ListenOptions {
        ipv6_only: Some(true),
        ..ListenOptions::default()
    };
    let listener = match TcpListener::listen(socket_address("[::1]:0")?, options) {
        Err(ErrorCode::AddressNotAvailable | ErrorCode::NotSupported) => return Ok(()),
        listener => succeeds(listener, "listen at [::1]")?,
    };
    let address = succeeds(listener.local_address(), "local address")?;
    check(SocketAddr::from(address).is_ipv6(), "the address is IPv6")?;
    let near = succeeds(TcpStream::connect(address).await, "connect to [::1]")?;
    let (_far, from) = succeeds(listener.accept().await, "accept")?;
    check(
        succeeds(near.local_address(), "local address")? == from,
        "the peer's address",
    )
}
