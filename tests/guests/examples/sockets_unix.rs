//! Unix sockets that are made first: bound, listening, connected, each under the handle it had. The
//! files stay, and what would block is a value.

use aio_guest::bindings::aio::host::ring::{
    AcceptResult, Interest, ReceiveResult, WriteResult, try_accept, try_receive, try_send,
    try_send_unix,
};
use aio_guest::sockets::SocketOption as O;
use aio_guest::unix::{UnixAddress, local_address, peer_address};
use aio_guest::{ErrorCode, Handle, Ring, sockets};
use test_guests::{Told, carries, check, collect, collect_one, equal, fails, look, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    for address in [
        path("stream"),
        UnixAddress::Abstract(b"aio-host-sockets".to_vec()),
    ] {
        let listener = listener(&mut ring, &address)?;
        let (near, far) = connected(&mut ring, listener, &address)?;
        carries(near, far)?;
        carries(far, near)?;
        closed(listener, near)?;
    }
    file_stays(&mut ring)?;
    full(&mut ring)?;
    denied(&mut ring)?;
    for address in [
        path("datagrams"),
        UnixAddress::Abstract(b"aio-host-sockets-d".to_vec()),
    ] {
        datagrams(&mut ring, &address)?;
    }
    datagram_pair()?;
    options()?;
    forged()
}

fn path(name: &str) -> UnixAddress {
    UnixAddress::Path(format!("/data/{name}"))
}

fn unix() -> Result<Handle, String> {
    succeeds(sockets::unix(), "unix")
}

fn unix_datagrams() -> Result<Handle, String> {
    succeeds(sockets::unix_datagrams(), "unix-datagrams")
}

/// A watch that was there before the socket listened tells of connections.
fn listener(ring: &mut Ring, address: &UnixAddress) -> Result<Handle, String> {
    let socket = unix()?;
    ring.watch(1, socket, Interest::READABLE);
    check(look(ring)?.is_empty(), "nothing comes to a new socket")?;
    let unbound = sockets::listen(socket, 1);
    fails(unbound, ErrorCode::InvalidArgument, "listen without a name")?;
    let unnamed = sockets::bind_unix(socket, &UnixAddress::Unnamed);
    fails(unnamed, ErrorCode::InvalidArgument, "bind to no name")?;
    succeeds(sockets::bind_unix(socket, address), "bind")?;
    equal(local_address(socket), Ok(address.clone()), "its name")?;
    let twice = sockets::bind_unix(socket, address);
    check(twice.is_err(), "it is bound already")?;
    let taken = sockets::bind_unix(unix()?, address);
    fails(taken, ErrorCode::AddressInUse, "the name is taken")?;
    let early = connect(ring, unix()?, address)?;
    equal(
        early,
        Told::Failed(ErrorCode::ConnectionRefused),
        "nobody listens yet",
    )?;
    fails(sockets::listen(socket, 0), ErrorCode::OutOfRange, "backlog")?;
    succeeds(sockets::listen(socket, 5), "listen")?;
    succeeds(sockets::listen(socket, 10), "another backlog")?;
    equal(
        try_accept(socket),
        AcceptResult::WouldBlock,
        "nobody is there",
    )?;
    let state = ErrorCode::InvalidState;
    fails(
        sockets::bind_unix(socket, address),
        state,
        "bind a listener",
    )?;
    equal(
        connect(ring, socket, address)?,
        Told::Failed(state),
        "connect a listener",
    )?;
    Ok(socket)
}

fn connect(ring: &mut Ring, socket: Handle, address: &UnixAddress) -> Result<Told, String> {
    ring.connect_socket_unix(9, socket, address);
    let told = collect(ring, 1)?;
    let own = told.into_iter().find(|(token, _)| *token == 9);
    own.map(|(_, told)| told)
        .ok_or_else(|| "nothing is told".to_owned())
}

fn connected(
    ring: &mut Ring,
    listener: Handle,
    address: &UnixAddress,
) -> Result<(Handle, Handle), String> {
    let near = unix()?;
    fails(peer_address(near), ErrorCode::NotConnected, "no peer")?;
    equal(connect(ring, near, address)?, Told::Done, "it is connected")?;
    let ready = (1, Told::Ready(true, false));
    check(collect(ring, 1)?.contains(&ready), "a connection waits")?;
    let AcceptResult::AcceptedUnix(far) = try_accept(listener) else {
        return Err("a connection that waits is accepted".to_owned());
    };
    equal(peer_address(near), Ok(address.clone()), "the peer")?;
    equal(local_address(far), Ok(address.clone()), "the name")?;
    let again = connect(ring, near, address)?;
    equal(
        again,
        Told::Failed(ErrorCode::InvalidState),
        "connected already",
    )?;
    fails(sockets::listen(near, 1), ErrorCode::InvalidState, "listen")?;
    ring.watch(0, listener, Interest::empty()).quiet();
    look(ring)?;
    Ok((near, far))
}

fn closed(listener: Handle, near: Handle) -> Result<(), String> {
    succeeds(sockets::close(near), "close")?;
    succeeds(sockets::close(listener), "close")?;
    let accepted = try_accept(listener);
    equal(
        accepted,
        AcceptResult::Failed(ErrorCode::BadHandle),
        "closed",
    )
}

/// Whoever bound a socket removes its file.
fn file_stays(ring: &mut Ring) -> Result<(), String> {
    let address = path("stream");
    let socket = unix()?;
    let taken = sockets::bind_unix(socket, &address);
    fails(taken, ErrorCode::AddressInUse, "the file stays")?;
    let nobody = connect(ring, socket, &address)?;
    equal(
        nobody,
        Told::Failed(ErrorCode::ConnectionRefused),
        "nobody listens",
    )?;
    std::fs::remove_file("/data/stream").map_err(|error| error.to_string())?;
    succeeds(sockets::bind_unix(socket, &address), "it is as it was")?;
    succeeds(sockets::close(socket), "close")?;
    std::fs::remove_file("/data/stream").map_err(|error| error.to_string())
}

/// A full backlog is waited for; a cancel leaves the socket as it was.
fn full(ring: &mut Ring) -> Result<(), String> {
    let (listener, address) = (unix()?, path("full"));
    succeeds(sockets::bind_unix(listener, &address), "bind")?;
    succeeds(sockets::listen(listener, 1), "listen")?;
    let clients = (0..3).map(|_| unix()).collect::<Result<Vec<_>, _>>()?;
    for (token, &client) in (1..).zip(&clients) {
        ring.connect_socket_unix(token, client, &address);
    }
    let mut told = collect(ring, 2)?;
    check(
        told.iter().all(|(_, told)| *told == Told::Done),
        "two find room",
    )?;
    ring.cancel(0, 3).quiet();
    let cancelled = Told::Failed(ErrorCode::Cancelled);
    equal(collect(ring, 1)?, vec![(3, cancelled)], "the third waits")?;
    ring.connect_socket_unix(4, clients[2], &address);
    check(look(ring)?.is_empty(), "and may do so again")?;
    // Each that waits keeps a descriptor open, and counts as one.
    for token in 100..200 {
        ring.connect_socket_unix(token, clients[2], &address);
    }
    let batch = look(ring)?;
    let refused: Vec<_> = batch.iter().map(Told::from_completion).collect();
    let many = Told::Failed(ErrorCode::QuotaExceeded);
    check(!refused.is_empty(), "some are refused")?;
    check(
        refused.iter().all(|(_, told)| *told == many),
        "they are beyond the quota",
    )?;
    let waiting = 200 - refused.len() as u64;
    for token in 100..waiting {
        ring.cancel(0, token).quiet();
    }
    collect(ring, 100 - refused.len())?;
    check(
        matches!(try_accept(listener), AcceptResult::AcceptedUnix(_)),
        "accept",
    )?;
    told = collect(ring, 1)?;
    equal(told, vec![(4, Told::Done)], "there is room")?;
    std::fs::remove_file("/data/full").map_err(|error| error.to_string())
}

/// Each way to use a name is judged, and leaves the socket as it was.
fn denied(ring: &mut Ring) -> Result<(), String> {
    let denied = ErrorCode::AccessDenied;
    let names = [
        UnixAddress::Path("/elsewhere/s".to_owned()),
        UnixAddress::Abstract(b"not-granted".to_vec()),
    ];
    for name in &names {
        for socket in [unix()?, unix_datagrams()?] {
            fails(sockets::bind_unix(socket, name), denied, "bind")?;
            equal(
                connect(ring, socket, name)?,
                Told::Failed(denied),
                "connect",
            )?;
        }
        let sent = try_send_unix(unix_datagrams()?, b"x", name);
        equal(sent, WriteResult::Failed(denied), "send")?;
    }
    Ok(())
}

fn receives(socket: Handle, max: u32) -> Result<(Vec<u8>, UnixAddress, bool), String> {
    match try_receive(socket, max) {
        ReceiveResult::DatagramUnix(it) => Ok((it.data, it.peer, it.truncated)),
        other => Err(format!("a datagram was expected, not {other:?}")),
    }
}

fn arrives(ring: &mut Ring, socket: Handle) -> Result<(), String> {
    ring.watch(1, socket, Interest::READABLE);
    equal(collect_one(ring)?, Told::Ready(true, false), "readable")?;
    ring.watch(0, socket, Interest::empty()).quiet();
    look(ring).map(drop)
}

fn datagrams(ring: &mut Ring, address: &UnixAddress) -> Result<(), String> {
    let (server, client) = (unix_datagrams()?, unix_datagrams()?);
    succeeds(sockets::bind_unix(server, address), "bind")?;
    check(
        sockets::bind_unix(server, address).is_err(),
        "bound already",
    )?;
    equal(local_address(server), Ok(address.clone()), "its name")?;
    equal(
        try_receive(server, 10),
        ReceiveResult::WouldBlock,
        "nothing is there",
    )?;
    equal(
        try_send_unix(client, b"hello", address),
        WriteResult::Written(5),
        "send",
    )?;
    arrives(ring, server)?;
    let hell = (b"hell".to_vec(), UnixAddress::Unnamed, true);
    equal(receives(server, 4)?, hell, "a part")?;
    let unconnected = try_send(client, b"x", None);
    equal(
        unconnected,
        WriteResult::Failed(ErrorCode::NotConnected),
        "no peer",
    )?;
    equal(connect(ring, client, address)?, Told::Done, "connect")?;
    let mut sent = 0;
    while try_send(client, b"many", None) == WriteResult::Written(4) {
        sent += 1;
    }
    check(sent > 0, "some find room")?;
    let blocked = try_send_unix(client, b"many", address);
    equal(blocked, WriteResult::WouldBlock, "the peer's queue is full")?;
    for _ in 0..sent {
        equal(receives(server, 10)?.0, b"many".to_vec(), "in order")?;
    }
    Ok(())
}

fn datagram_pair() -> Result<(), String> {
    let (near, far) = succeeds(sockets::datagram_pair(), "datagram-pair")?;
    let large = try_send(near, &vec![0; 1 << 20], None);
    equal(
        large,
        WriteResult::Failed(ErrorCode::DatagramTooLarge),
        "too large",
    )?;
    equal(
        try_send(near, b"", None),
        WriteResult::Written(0),
        "nothing",
    )?;
    equal(
        try_send(near, b"some", None),
        WriteResult::Written(4),
        "something",
    )?;
    let mut ring = Ring::new();
    arrives(&mut ring, far)?;
    equal(receives(far, 10)?.0, Vec::new(), "a datagram of no bytes")?;
    equal(receives(far, 10)?.0, b"some".to_vec(), "and another")
}

/// Those that are not of the internet, in every state.
fn options() -> Result<(), String> {
    let listener = unix()?;
    let address = UnixAddress::Abstract(b"aio-host-sockets-o".to_vec());
    succeeds(sockets::bind_unix(listener, &address), "bind")?;
    succeeds(sockets::listen(listener, 1), "listen")?;
    let near = succeeds(sockets::pair(), "pair")?.0;
    for socket in [unix()?, listener, near, unix_datagrams()?] {
        for option in [O::ReuseAddress, O::KeepAlive, O::Broadcast] {
            equal(sockets::option(socket, option), Ok(0), "off")?;
            succeeds(sockets::set_option(socket, option, 1), "set")?;
            equal(sockets::option(socket, option), Ok(1), "on")?;
        }
        for option in [O::ReceiveBuffer, O::SendBuffer] {
            succeeds(sockets::set_option(socket, option, 8192), "set")?;
            let size = succeeds(sockets::option(socket, option), "size")?;
            check(size >= 8192, "the system may round")?;
            let none = sockets::set_option(socket, option, 0);
            fails(none, ErrorCode::OutOfRange, "no buffer")?;
        }
        let unknown = ErrorCode::NotSupported;
        for option in [O::NoDelay, O::HopLimit, O::Ipv6Only, O::ResetOnClose] {
            fails(sockets::option(socket, option), unknown, "of the internet")?;
            fails(
                sockets::set_option(socket, option, 1),
                unknown,
                "of the internet",
            )?;
        }
    }
    Ok(())
}

fn forged() -> Result<(), String> {
    let bad = ErrorCode::BadHandle;
    let tcp = succeeds(sockets::tcp(aio_guest::IpFamily::Ipv4), "tcp")?;
    for handle in [0, tcp, u64::MAX, 1 << 63] {
        fails(sockets::bind_unix(handle, &path("s")), bad, "bind-unix")?;
        let sent = try_send_unix(handle, b"x", &path("s"));
        equal(sent, WriteResult::Failed(bad), "try-send-unix")?;
        let mut ring = Ring::new();
        let told = connect(&mut ring, handle, &path("s"))?;
        equal(told, Told::Failed(bad), "connect-socket-unix")?;
    }
    Ok(())
}
