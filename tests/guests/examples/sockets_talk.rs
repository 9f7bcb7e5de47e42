//! Sockets that are made first: bound, listening, connected, each under the handle it had. What
//! takes time is told by the ring, and a watch goes on with what a socket has become.

use std::net::SocketAddr;

use aio_guest::bindings::aio::host::ring::{
    AcceptResult, Interest, ReadResult, WriteResult, try_accept, try_read, try_write,
};
use aio_guest::{ErrorCode, Handle, IpFamily, IpSocketAddress, Ring, ShutdownHow, sockets};
use test_guests::{
    Told, carries, check, collect, collect_one, equal, fails, look, loopback, succeeds,
};

aio_guest::main!(run);

const WRITABLE: Told = Told::Ready(false, true);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    let (listener, address) = listener(&mut ring)?;
    let (near, far) = connected(&mut ring, listener, address)?;
    talk(near, far)?;
    ends(&mut ring, near, far)?;
    bound(&mut ring, listener, address)?;
    refused(&mut ring)?;
    given_up(&mut ring)?;
    closed(&mut ring)
}

fn tcp() -> Result<Handle, String> {
    succeeds(sockets::tcp(IpFamily::Ipv4), "tcp")
}

/// A watch that was there before the socket listened tells of connections.
fn listener(ring: &mut Ring) -> Result<(Handle, IpSocketAddress), String> {
    let socket = tcp()?;
    ring.watch(1, socket, Interest::READABLE);
    check(look(ring)?.is_empty(), "nothing comes to a new socket")?;
    equal(
        succeeds(sockets::local_address(socket), "local address")?,
        SocketAddr::from(([0, 0, 0, 0], 0)).into(),
        "a new socket has no address",
    )?;
    succeeds(sockets::bind(socket, loopback()), "bind")?;
    let address = succeeds(sockets::local_address(socket), "local address")?;
    check(SocketAddr::from(address).port() != 0, "the system chose")?;
    succeeds(sockets::listen(socket, 5), "listen")?;
    succeeds(sockets::listen(socket, 10), "another backlog")?;
    let own = sockets::local_address(socket);
    equal(succeeds(own, "local address")?, address, "it stays")?;
    check(
        try_accept(socket) == AcceptResult::WouldBlock,
        "nobody is there",
    )?;
    Ok((socket, address))
}

fn connected(
    ring: &mut Ring,
    listener: Handle,
    address: IpSocketAddress,
) -> Result<(Handle, Handle), String> {
    let near = tcp()?;
    ring.watch(2, near, Interest::READABLE | Interest::WRITABLE);
    check(look(ring)?.is_empty(), "a new socket is not ready")?;
    ring.connect_socket(3, near, address);
    let mut told = collect(ring, 3)?;
    while !told.contains(&(1, Told::Ready(true, false))) || !told.contains(&(2, WRITABLE)) {
        told.extend(collect(ring, 1)?);
    }
    check(told.contains(&(3, Told::Done)), "it is connected")?;
    let AcceptResult::Accepted((far, peer)) = try_accept(listener) else {
        return Err("a connection that waits is accepted".to_owned());
    };
    let own = succeeds(sockets::local_address(near), "local address")?;
    equal(own, peer, "the peer sees the address")?;
    let named = succeeds(sockets::peer_address(near), "peer address")?;
    equal(named, address, "the address of the peer")?;
    let named = succeeds(sockets::peer_address(far), "peer address")?;
    equal(named, own, "the address of the peer")?;
    for (token, handle) in [(1, listener), (2, near)] {
        ring.cancel(0, token).quiet();
        let cancelled = Told::Failed(ErrorCode::Cancelled);
        check(
            collect(ring, 1)?.contains(&(token, cancelled)),
            format_args!("the watch of {handle} ends"),
        )?;
    }
    Ok((near, far))
}

fn talk(near: Handle, far: Handle) -> Result<(), String> {
    carries(near, far)?;
    carries(far, near)
}

fn ends(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    succeeds(sockets::shutdown(near, ShutdownHow::Send), "shutdown")?;
    ring.read(1, far, 10);
    let end = Told::Data(Vec::new());
    equal(collect_one(ring)?, end, "the end of the stream")?;
    equal(try_write(far, b"x"), WriteResult::Written(1), "half open")?;
    ring.read(1, near, 10);
    equal(collect_one(ring)?, Told::Data(b"x".to_vec()), "half open")?;
    for handle in [near, far] {
        succeeds(sockets::close(handle), "close")?;
        fails(sockets::close(handle), ErrorCode::BadHandle, "close twice")?;
        let read = try_read(handle, 1);
        equal(read, ReadResult::Failed(ErrorCode::BadHandle), "closed")?;
    }
    Ok(())
}

/// A socket connects from the address that it is bound to.
fn bound(ring: &mut Ring, listener: Handle, address: IpSocketAddress) -> Result<(), String> {
    let near = tcp()?;
    succeeds(sockets::bind(near, loopback()), "bind")?;
    let own = succeeds(sockets::local_address(near), "local address")?;
    ring.connect_socket(1, near, address);
    ring.accept(2, listener);
    let told = collect(ring, 2)?;
    check(told.contains(&(1, Told::Done)), "connected")?;
    let accepted = told.iter().find(|(token, _)| *token == 2);
    let (_, accepted) = accepted.ok_or("nothing was accepted")?;
    let peer = sockets::peer_address(accepted.handle()?);
    equal(succeeds(peer, "peer address")?, own, "from the address")?;
    succeeds(sockets::close(near), "close")?;
    succeeds(sockets::close(listener), "close")
}

/// A port that nobody listens at: taken, and not listened at.
fn taken() -> Result<(Handle, IpSocketAddress), String> {
    let taken = tcp()?;
    succeeds(sockets::bind(taken, loopback()), "bind")?;
    let address = succeeds(sockets::local_address(taken), "local address")?;
    Ok((taken, address))
}

/// A failure is told by the operation and by a watch, and all that is left is to close.
fn refused(ring: &mut Ring) -> Result<(), String> {
    let ((taken, address), socket) = (taken()?, tcp()?);
    ring.watch(1, socket, Interest::WRITABLE);
    ring.connect_socket(2, socket, address);
    let told = collect(ring, 2)?;
    let refused = Told::Failed(ErrorCode::ConnectionRefused);
    check(told.contains(&(2, refused)), "nobody listens there")?;
    check(told.contains(&(1, WRITABLE)), "the watch tells, too")?;
    equal(collect_one(ring)?, WRITABLE, "again and again")?;
    ring.connect_socket(2, socket, address);
    let again = (2, Told::Failed(ErrorCode::InvalidState));
    check(collect(ring, 2)?.contains(&again), "it is closed")?;
    ring.watch(0, socket, Interest::empty()).quiet();
    look(ring)?;
    let closed = ErrorCode::InvalidState;
    fails(sockets::bind(socket, loopback()), closed, "bind")?;
    fails(sockets::listen(socket, 1), closed, "listen")?;
    fails(sockets::local_address(socket), closed, "local address")?;
    let named = sockets::peer_address(socket);
    fails(named, ErrorCode::NotConnected, "peer address")?;
    succeeds(sockets::close(socket), "close")?;
    succeeds(sockets::close(taken), "close")
}

/// An address for documentation, where nobody answers; or there is no way to it.
fn silent(ring: &mut Ring, token: u64) -> Result<Handle, String> {
    let socket = tcp()?;
    let nobody: SocketAddr = ([192, 0, 2, 1], 1).into();
    ring.connect_socket(token, socket, nobody);
    Ok(socket)
}

fn given_up(ring: &mut Ring) -> Result<(), String> {
    let socket = silent(ring, 1)?;
    ring.cancel(2, 1);
    let told = collect(ring, 2)?;
    // Where there is no way to it, that is told first.
    let ended = |(token, told): &(u64, Told)| *token == 1 && matches!(told, Told::Failed(_));
    check(told.iter().any(ended), "the operation has ended")?;
    let closed = ErrorCode::InvalidState;
    fails(sockets::listen(socket, 1), closed, "it is closed")?;
    succeeds(sockets::close(socket), "close")
}

fn closed(ring: &mut Ring) -> Result<(), String> {
    let socket = silent(ring, 1)?;
    ring.close(2, socket);
    let told = collect(ring, 2)?;
    check(told.contains(&(2, Told::Done)), "it is closed")?;
    let ended = |(token, told): &(u64, Told)| *token == 1 && matches!(told, Told::Failed(_));
    check(told.iter().any(ended), "the operation has ended")?;
    let named = sockets::local_address(socket);
    fails(named, ErrorCode::BadHandle, "closed")
}
