//! What sockets may become is decided by the addresses, and each counts from the start. The
//! argument is the case.

use std::net::SocketAddr;

use aio_guest::bindings::aio::host::ring::{WriteResult, try_send};
use aio_guest::{ErrorCode, Handle, IpFamily, IpSocketAddress, Ring, sockets};
use test_guests::{Told, argument, collect_one, equal, fails, loopback, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    match argument(1)?.as_str() {
        "nothing" => nothing(),
        "connects" => connects(),
        "quota" => quota(),
        other => Err(format!("no case {other}")),
    }
}

fn tcp() -> Result<Handle, String> {
    succeeds(sockets::tcp(IpFamily::Ipv4), "tcp")
}

fn any() -> IpSocketAddress {
    SocketAddr::from(([0, 0, 0, 0], 0)).into()
}

fn connect(socket: Handle, address: IpSocketAddress) -> Result<Told, String> {
    let mut ring = Ring::new();
    ring.connect_socket(1, socket, address);
    collect_one(&mut ring)
}

/// A denial leaves a socket as it was, and any address at any port is no address of its own.
fn nothing() -> Result<(), String> {
    let denied = ErrorCode::AccessDenied;
    let peer = SocketAddr::from(([127, 0, 0, 1], 9)).into();
    for socket in [tcp()?, succeeds(sockets::udp(IpFamily::Ipv4), "udp")?] {
        fails(sockets::bind(socket, loopback()), denied, "bind")?;
        equal(connect(socket, peer)?, Told::Failed(denied), "connect")?;
        succeeds(sockets::bind(socket, any()), "bind to anything")?;
        equal(connect(socket, peer)?, Told::Failed(denied), "connect")?;
    }
    let datagrams = succeeds(sockets::udp(IpFamily::Ipv4), "udp")?;
    let sent = try_send(datagrams, b"x", Some(peer));
    equal(sent, WriteResult::Failed(denied), "send")?;
    for socket in [tcp()?, tcp()?] {
        fails(sockets::listen(socket, 1), denied, "listen")?;
        succeeds(sockets::bind(socket, any()), "bind to anything")?;
        fails(sockets::listen(socket, 1), denied, "listen where it is")?;
    }
    Ok(())
}

/// With leave to listen at the loopback and to connect to it.
fn connects() -> Result<(), String> {
    let listener = tcp()?;
    succeeds(sockets::bind(listener, loopback()), "bind")?;
    succeeds(sockets::listen(listener, 1), "listen where it may")?;
    let address = succeeds(sockets::local_address(listener), "local address")?;
    let near = tcp()?;
    succeeds(sockets::bind(near, any()), "bind to anything")?;
    equal(connect(near, address)?, Told::Done, "connect")?;
    let denied = sockets::listen(tcp()?, 1);
    fails(denied, ErrorCode::AccessDenied, "listen anywhere")
}

/// Of two sockets, or of two handles.
fn quota() -> Result<(), String> {
    let (first, _second) = (tcp()?, succeeds(sockets::udp(IpFamily::Ipv4), "udp")?);
    let full = ErrorCode::QuotaExceeded;
    fails(sockets::tcp(IpFamily::Ipv4), full, "a third socket")?;
    fails(sockets::udp(IpFamily::Ipv4), full, "a third socket")?;
    fails(sockets::pair(), full, "a pair")?;
    fails(sockets::pipe(), full, "a pipe")?;
    succeeds(sockets::close(first), "close")?;
    // Of a pair there are two or none.
    fails(sockets::pair(), full, "half a pair")?;
    fails(sockets::pipe(), full, "half a pipe")?;
    tcp().map(drop)
}
