//! Pairs, pipes and datagrams by handle, without a wait: what would block is a value.

use std::net::SocketAddr;

use aio_guest::bindings::aio::host::ring::{
    Interest, ReadResult, ReceiveResult, WriteResult, try_read, try_receive, try_send, try_write,
};
use aio_guest::{ErrorCode, Handle, IpFamily, IpSocketAddress, Ring, ShutdownHow, sockets};
use test_guests::{
    Told, carries, check, collect, collect_one, equal, fails, look, loopback, succeeds,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (near, far) = succeeds(sockets::pair(), "pair")?;
    carries(near, far)?;
    carries(far, near)?;
    at_once(near, far)?;
    shut(near, far)?;
    let (reader, writer) = succeeds(sockets::pipe(), "pipe")?;
    carries(writer, reader)?;
    wrong_direction(reader, writer)?;
    closed(writer, reader)?;
    datagrams()?;
    turns()?;
    forged(near)
}

/// What is there is read, although no event has told of it.
fn at_once(near: Handle, far: Handle) -> Result<(), String> {
    equal(
        try_read(far, 10),
        ReadResult::WouldBlock,
        "nothing is there",
    )?;
    equal(try_write(near, b"now"), WriteResult::Written(3), "write")?;
    equal(
        try_read(far, 10),
        ReadResult::Data(b"now".to_vec()),
        "at once",
    )
}

fn shut(near: Handle, far: Handle) -> Result<(), String> {
    succeeds(sockets::shutdown(near, ShutdownHow::Send), "shutdown")?;
    let written = try_write(near, b"x");
    let broken = WriteResult::Failed(ErrorCode::BrokenPipe);
    equal(written, broken, "no more is written")?;
    closed(near, far)
}

fn wrong_direction(reader: Handle, writer: Handle) -> Result<(), String> {
    let written = try_write(reader, b"x");
    check(matches!(written, WriteResult::Failed(_)), "an end to read")?;
    let read = try_read(writer, 1);
    check(matches!(read, ReadResult::Failed(_)), "an end to write")
}

/// The other end reads the end of the stream, once it has heard.
fn closed(handle: Handle, other: Handle) -> Result<(), String> {
    succeeds(sockets::close(handle), "close")?;
    fails(sockets::close(handle), ErrorCode::BadHandle, "close twice")?;
    let mut ring = Ring::new();
    ring.read(1, other, 10);
    let end = Told::Data(Vec::new());
    equal(collect_one(&mut ring)?, end, "the end of the stream")
}

fn udp() -> Result<Handle, String> {
    succeeds(sockets::udp(IpFamily::Ipv4), "udp")
}

fn bound() -> Result<(Handle, IpSocketAddress), String> {
    let socket = udp()?;
    succeeds(sockets::bind(socket, loopback()), "bind")?;
    let address = succeeds(sockets::local_address(socket), "local address")?;
    check(SocketAddr::from(address).port() != 0, "the system chose")?;
    Ok((socket, address))
}

/// Waits until a datagram is there.
fn arrives(socket: Handle) -> Result<(), String> {
    let mut ring = Ring::new();
    ring.watch(1, socket, Interest::READABLE);
    let ready = Told::Ready(true, false);
    equal(collect_one(&mut ring)?, ready, "a datagram is readable")?;
    ring.watch(0, socket, Interest::empty()).quiet();
    look(&mut ring).map(drop)
}

fn receives(socket: Handle, max: u32) -> Result<(Vec<u8>, bool, IpSocketAddress), String> {
    arrives(socket)?;
    match try_receive(socket, max) {
        ReceiveResult::Datagram(it) => Ok((it.data, it.truncated, it.peer)),
        other => Err(format!("a datagram was expected, not {other:?}")),
    }
}

fn datagrams() -> Result<(), String> {
    let (server, address) = bound()?;
    equal(
        try_receive(server, 10),
        ReceiveResult::WouldBlock,
        "nothing is there",
    )?;
    let client = udp()?;
    let mut ring = Ring::new();
    let unconnected = try_send(client, b"x", None);
    let failed = WriteResult::Failed(ErrorCode::NotConnected);
    equal(unconnected, failed, "no peer")?;
    let peer = sockets::peer_address(client);
    fails(peer, ErrorCode::NotConnected, "no peer")?;
    ring.connect_socket(1, client, address);
    equal(collect_one(&mut ring)?, Told::Done, "connected at once")?;
    let peer = succeeds(sockets::peer_address(client), "peer address")?;
    equal(peer, address, "the peer")?;
    let own = succeeds(sockets::local_address(client), "local address")?;
    for (data, max) in [(&b"hello"[..], 5), (b"hello", 4), (b"", 5)] {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let sent = try_send(client, data, None);
        equal(sent, WriteResult::Written(length), "send")?;
        let (told, truncated, from) = receives(server, max)?;
        let cut = data.len().min(max as usize);
        equal(told, data[..cut].to_vec(), "what was sent")?;
        equal((truncated, from), (cut < data.len(), own), "and by whom")?;
    }
    let sent = try_send(server, b"back", Some(own));
    equal(sent, WriteResult::Written(4), "answer")?;
    equal(receives(client, 10)?.0, b"back".to_vec(), "the answer")?;
    let large = try_send(client, &[0; 65_536], None);
    let failed = WriteResult::Failed(ErrorCode::DatagramTooLarge);
    equal(large, failed, "a datagram too large")
}

/// A receive that waits comes first.
fn turns() -> Result<(), String> {
    let (socket, address) = bound()?;
    let mut ring = Ring::new();
    ring.receive(1, socket, 10);
    check(look(&mut ring)?.is_empty(), "nothing is there")?;
    let sent = try_send(socket, b"own", Some(address));
    equal(sent, WriteResult::Written(3), "send to itself")?;
    let blocked = ReceiveResult::WouldBlock;
    equal(try_receive(socket, 10), blocked, "another waits")?;
    let own = Told::Datagram(b"own".to_vec(), false, address.into());
    equal(collect(&mut ring, 1)?, vec![(1, own)], "it gets it")
}

fn forged(closed: Handle) -> Result<(), String> {
    let bad = ErrorCode::BadHandle;
    for handle in [0, closed, u64::MAX, 1 << 63, 1 << 62] {
        let received = try_receive(handle, 1);
        equal(received, ReceiveResult::Failed(bad), "try-receive")?;
        let sent = try_send(handle, b"x", Some(loopback()));
        equal(sent, WriteResult::Failed(bad), "try-send")?;
    }
    Ok(())
}
