//! Options in every state of a socket, at their bounds and beyond; handles and addresses that a
//! hostile guest would try.

use std::net::SocketAddr;

use aio_guest::bindings::aio::host::sockets::SocketOption;
use aio_guest::{ErrorCode, Handle, IpFamily, Ring, ShutdownHow, sockets};
use test_guests::{Told, check, collect_one, equal, fails, listen, loopback, pair, succeeds};

aio_guest::main!(run);

use SocketOption as O;

const SWITCHES: [O; 5] = [
    O::ReuseAddress,
    O::ReusePort,
    O::NoDelay,
    O::KeepAlive,
    O::ResetOnClose,
];

/// With their bounds.
const NUMBERS: [(O, u32, u32); 4] = [
    (O::KeepAliveIdle, 1, 32_767),
    (O::KeepAliveInterval, 1, 32_767),
    (O::KeepAliveCount, 1, 127),
    (O::HopLimit, 1, 255),
];

async fn run() -> Result<(), String> {
    let socket = succeeds(sockets::tcp(IpFamily::Ipv4), "tcp")?;
    fresh(socket)?;
    every_option(socket)?;
    succeeds(sockets::bind(socket, loopback()), "bind")?;
    every_option(socket)?;
    succeeds(sockets::listen(socket, 1), "listen")?;
    every_option(socket)?;
    let (near, _far) = pair().await?;
    every_option(near.as_handle())?;
    families()?;
    addresses_in_use()?;
    states(near.as_handle())?;
    backlogs()?;
    forged()
}

fn get(socket: Handle, name: O) -> Result<u32, String> {
    succeeds(sockets::option(socket, name), "option")
}

fn set(socket: Handle, name: O, value: u32) -> Result<(), String> {
    succeeds(sockets::set_option(socket, name, value), "set-option")
}

fn fresh(socket: Handle) -> Result<(), String> {
    for (name, value) in [
        (O::ReuseAddress, 0),
        (O::ReusePort, 0),
        (O::NoDelay, 1),
        (O::KeepAlive, 0),
        (O::ResetOnClose, 0),
    ] {
        equal(get(socket, name)?, value, "a new socket's")?;
    }
    Ok(())
}

fn every_option(socket: Handle) -> Result<(), String> {
    for name in SWITCHES {
        for value in [1, 0] {
            set(socket, name, value)?;
            equal(get(socket, name)?, value, "a switch")?;
        }
        beyond(socket, name, &[2, u32::MAX])?;
    }
    for (name, min, max) in NUMBERS {
        for value in [min, max] {
            set(socket, name, value)?;
            equal(get(socket, name)?, value, "a number")?;
        }
        beyond(socket, name, &[min - 1, max + 1, u32::MAX])?;
    }
    sizes(socket)?;
    for name in [O::Broadcast, O::Ipv6Only] {
        unknown(socket, name)?;
    }
    Ok(())
}

/// The system rounds, and has bounds of its own.
fn sizes(socket: Handle) -> Result<(), String> {
    for name in [O::ReceiveBuffer, O::SendBuffer] {
        for size in [1, 1 << 24, 65_536] {
            set(socket, name, size)?;
        }
        check(get(socket, name)? >= 65_536, "what was asked for is there")?;
        beyond(socket, name, &[0, (1 << 24) + 1, u32::MAX])?;
    }
    Ok(())
}

fn beyond(socket: Handle, name: O, values: &[u32]) -> Result<(), String> {
    for &value in values {
        let set = sockets::set_option(socket, name, value);
        fails(set, ErrorCode::OutOfRange, "a value beyond the range")?;
    }
    Ok(())
}

fn unknown(socket: Handle, name: O) -> Result<(), String> {
    let unknown = ErrorCode::NotSupported;
    fails(sockets::option(socket, name), unknown, "no such option")?;
    fails(sockets::set_option(socket, name, 1), unknown, "none to set")
}

fn families() -> Result<(), String> {
    let datagrams = succeeds(sockets::udp(IpFamily::Ipv4), "udp")?;
    for value in [1, 0] {
        set(datagrams, O::Broadcast, value)?;
        equal(get(datagrams, O::Broadcast)?, value, "broadcast")?;
    }
    unknown(datagrams, O::NoDelay)?;
    unknown(datagrams, O::Ipv6Only)?;
    let any: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 0], 0).into();
    let socket = match sockets::tcp(IpFamily::Ipv6) {
        Err(ErrorCode::NotSupported) => return Ok(()),
        socket => succeeds(socket, "a socket of IPv6")?,
    };
    for handle in [socket, datagrams] {
        let other = match handle == socket {
            true => loopback(),
            false => any.into(),
        };
        let bound = sockets::bind(handle, other);
        fails(bound, ErrorCode::InvalidArgument, "of the other family")?;
        let mut ring = Ring::new();
        ring.connect_socket(1, handle, other);
        let refused = Told::Failed(ErrorCode::InvalidArgument);
        equal(collect_one(&mut ring)?, refused, "of the other family")?;
    }
    for value in [0, 1] {
        set(socket, O::Ipv6Only, value)?;
        equal(get(socket, O::Ipv6Only)?, value, "ipv6-only")?;
    }
    succeeds(sockets::bind(socket, any.into()), "bind")?;
    let late = sockets::set_option(socket, O::Ipv6Only, 0);
    fails(late, ErrorCode::InvalidArgument, "too late")
}

/// A bound address is taken, unless both share it.
fn addresses_in_use() -> Result<(), String> {
    let sharing = |share| {
        let socket = succeeds(sockets::tcp(IpFamily::Ipv4), "tcp")?;
        set(socket, O::ReusePort, share)?;
        Ok::<_, String>(socket)
    };
    let first = sharing(1)?;
    succeeds(sockets::bind(first, loopback()), "bind")?;
    let address = succeeds(sockets::local_address(first), "local address")?;
    succeeds(sockets::listen(first, 1), "listen")?;
    let refused = sockets::bind(sharing(0)?, address);
    fails(refused, ErrorCode::AddressInUse, "an address in use")?;
    let second = sharing(1)?;
    succeeds(sockets::bind(second, address), "share")?;
    let again = sockets::bind(second, loopback());
    fails(again, ErrorCode::InvalidArgument, "bind twice")?;
    let nobody: SocketAddr = ([192, 0, 2, 1], 0).into();
    let refused = sockets::bind(sharing(0)?, nobody.into());
    fails(refused, ErrorCode::AddressNotAvailable, "of nobody")
}

/// What a connection and a listener are not.
fn states(stream: Handle) -> Result<(), String> {
    let wrong = ErrorCode::InvalidState;
    let (listener, address) = listen()?;
    for handle in [stream, listener.as_handle()] {
        fails(sockets::bind(handle, loopback()), wrong, "bind")?;
        let mut ring = Ring::new();
        ring.connect_socket(1, handle, address);
        equal(collect_one(&mut ring)?, Told::Failed(wrong), "connect")?;
    }
    fails(sockets::listen(stream, 1), wrong, "listen")?;
    let peer = sockets::peer_address(listener.as_handle());
    fails(peer, ErrorCode::NotConnected, "the peer of a listener")?;
    let socket = succeeds(sockets::tcp(IpFamily::Ipv4), "tcp")?;
    let unconnected = ErrorCode::NotConnected;
    fails(sockets::peer_address(socket), unconnected, "no peer")?;
    let shut = sockets::shutdown(socket, ShutdownHow::Both);
    fails(shut, unconnected, "shutdown")?;
    let mut ring = Ring::new();
    ring.write(1, socket, b"x");
    let wrote = collect_one(&mut ring)?;
    equal(wrote, Told::Failed(ErrorCode::BadHandle), "no connection")
}

fn backlogs() -> Result<(), String> {
    let socket = succeeds(sockets::tcp(IpFamily::Ipv4), "tcp")?;
    for backlog in [0, 65_536, u32::MAX] {
        let listening = sockets::listen(socket, backlog);
        fails(listening, ErrorCode::OutOfRange, "backlog")?;
    }
    // Not bound: the system chooses a port.
    for backlog in [1, 65_535] {
        succeeds(sockets::listen(socket, backlog), "listen")?;
    }
    let address = succeeds(sockets::local_address(socket), "local address")?;
    check(SocketAddr::from(address).port() != 0, "the system chose")
}

fn forged() -> Result<(), String> {
    let bad = ErrorCode::BadHandle;
    let (closed, far) = succeeds(sockets::pair(), "pair")?;
    succeeds(sockets::close(closed), "close")?;
    let pipe = succeeds(sockets::pipe(), "pipe")?.0;
    for handle in [0, closed, u64::MAX, 1 << 63, 1 << 62, pipe] {
        no_ip_socket(handle)?;
        fails(sockets::listen(handle, 1), bad, "listen")?;
        fails(sockets::option(handle, O::ReuseAddress), bad, "option")?;
        let set = sockets::set_option(handle, O::ReuseAddress, 1);
        fails(set, bad, "set-option")?;
    }
    no_ip_socket(far)?;
    for handle in [0, closed, u64::MAX, 1 << 63, 1 << 62] {
        let shut = sockets::shutdown(handle, ShutdownHow::Both);
        fails(shut, bad, "shutdown")?;
        fails(sockets::close(handle), bad, "close")?;
    }
    Ok(())
}

fn no_ip_socket(handle: Handle) -> Result<(), String> {
    let bad = ErrorCode::BadHandle;
    fails(sockets::bind(handle, loopback()), bad, "bind")?;
    fails(sockets::local_address(handle), bad, "local address")?;
    fails(sockets::peer_address(handle), bad, "peer address")?;
    let mut ring = Ring::new();
    ring.connect_socket(1, handle, loopback());
    equal(collect_one(&mut ring)?, Told::Failed(bad), "connect")
}
