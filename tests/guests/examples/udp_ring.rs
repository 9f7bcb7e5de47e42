//! Datagrams on the ring: in order, in batches, cut, refused, cancelled, and never to nobody.

use std::net::SocketAddr;

use aio_guest::bindings::aio::host::ring::Interest;
use aio_guest::{ErrorCode, Handle, Ring, UdpSocket};
use test_guests::{Told, bind, check, collect, collect_one, equal, fails, listen, look, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (near, near_address) = bind()?;
    let (far, far_address) = bind()?;
    let mut ring = Ring::new();
    let (from, to) = (near_address.into(), far_address.into());
    in_order(&mut ring, near.as_handle(), from, far.as_handle(), to)?;
    many(&mut ring, near.as_handle(), from, far.as_handle(), to)?;
    failures(&mut ring, near.as_handle(), far.as_handle(), to)?;
    refused(&mut ring)?;
    watched(&mut ring, near.as_handle())?;
    closed(&mut ring, far)
}

fn datagram(data: &[u8], truncated: bool, from: SocketAddr) -> Told {
    Told::Datagram(data.to_vec(), truncated, from)
}

/// Of one socket and direction, the first submitted is the first completed.
fn in_order(
    ring: &mut Ring,
    near: Handle,
    from: SocketAddr,
    far: Handle,
    to: SocketAddr,
) -> Result<(), String> {
    for (token, max) in [(1, 10), (2, 10), (3, 2), (4, 0), (5, u32::MAX)] {
        ring.receive(token, far, max);
    }
    for data in [&b"a"[..], b"", b"ccc", b"d"] {
        ring.send(0, near, data, Some(to)).quiet();
    }
    ring.send(6, near, b"eeeee", Some(to));
    let mut told = collect(ring, 6)?;
    told.sort_by_key(|(token, _)| *token);
    let expected = vec![
        (1, datagram(b"a", false, from)),
        (2, datagram(b"", false, from)),
        (3, datagram(b"cc", true, from)),
        (4, datagram(b"", true, from)),
        (5, datagram(b"eeeee", false, from)),
        (6, Told::Written(5)),
    ];
    equal(told, expected, "in order")
}

/// A receive goes on until it is cancelled, across batches of the system's.
fn many(
    ring: &mut Ring,
    near: Handle,
    from: SocketAddr,
    far: Handle,
    to: SocketAddr,
) -> Result<(), String> {
    const COUNT: u8 = 150;
    ring.receive_many(7, far, 100);
    for number in 0..COUNT {
        ring.send(0, near, &[number], Some(to)).quiet();
    }
    let mut got = Vec::new();
    while got.len() < COUNT.into() {
        let batch = collect(ring, 1)?;
        check(batch.len() <= 64, "at most 64 a turn")?;
        got.extend(batch);
    }
    let expected = (0..COUNT).map(|number| (7, datagram(&[number], false, from)));
    equal(got, expected.collect(), "in order")?;
    ring.cancel(8, 7);
    let told = collect(ring, 2)?;
    let cancelled = (7, Told::Failed(ErrorCode::Cancelled));
    equal(told, vec![cancelled, (8, Told::Done)], "cancelled")?;
    ring.send(0, near, b"kept", Some(to)).quiet();
    ring.receive(9, far, 10);
    let kept = datagram(b"kept", false, from);
    equal(collect_one(ring)?, kept, "nothing is lost")
}

/// What cannot be sent is told for each, and the others are sent.
fn failures(ring: &mut Ring, near: Handle, far: Handle, to: SocketAddr) -> Result<(), String> {
    let large = vec![0; 65_508];
    let denied = SocketAddr::from(([192, 0, 2, 1], 9));
    let (listener, _) = listen()?;
    ring.send(1, near, b"one", Some(to));
    ring.send(2, near, &large, Some(to));
    ring.send(3, near, b"x", Some(denied)).quiet();
    ring.send(4, near, b"x", None);
    ring.send(5, listener.as_handle(), b"x", Some(to));
    ring.send(6, u64::MAX, b"x", Some(to));
    ring.send(7, near, b"two", Some(to));
    ring.receive(8, far, 10);
    ring.receive(9, far, 10);
    ring.receive(10, listener.as_handle(), 10);
    ring.read(11, far, 10);
    ring.write(12, far, b"x");
    let mut told = collect(ring, 12)?;
    told.sort_by_key(|(token, _)| *token);
    let codes: Vec<_> = told
        .iter()
        .filter_map(|(token, told)| match told {
            Told::Failed(code) => Some((*token, *code)),
            _ => None,
        })
        .collect();
    let expected = vec![
        (2, ErrorCode::DatagramTooLarge),
        (3, ErrorCode::AccessDenied),
        (4, ErrorCode::NotConnected),
        (5, ErrorCode::BadHandle),
        (6, ErrorCode::BadHandle),
        (10, ErrorCode::BadHandle),
        (11, ErrorCode::BadHandle),
        (12, ErrorCode::BadHandle),
    ];
    equal(codes, expected, "failures")?;
    let received = told.iter().filter(|(token, _)| matches!(token, 8 | 9));
    let received: Vec<_> = received
        .map(|(_, told)| match told {
            Told::Datagram(data, ..) => data.clone(),
            _ => Vec::new(),
        })
        .collect();
    equal(
        received,
        vec![b"one".to_vec(), b"two".to_vec()],
        "the others",
    )
}

/// The refusal of a connected socket is told once, and ends a receive that goes on.
fn refused(ring: &mut Ring) -> Result<(), String> {
    let (gone, gone_address) = bind()?;
    let client = succeeds(UdpSocket::connect(gone_address, None), "connect")?;
    drop(gone);
    let handle = client.as_handle();
    ring.receive_many(1, handle, 10);
    ring.send(0, handle, b"x", None).quiet();
    let refused = Told::Failed(ErrorCode::ConnectionRefused);
    equal(collect_one(ring)?, refused, "refused")?;
    ring.receive(2, handle, 10);
    check(look(ring)?.is_empty(), "it is told once")?;
    ring.cancel(0, 2).quiet();
    let cancelled = Told::Failed(ErrorCode::Cancelled);
    equal(collect_one(ring)?, cancelled, "cancelled")
}

/// Readiness is told for as long as there is something to receive.
fn watched(ring: &mut Ring, near: Handle) -> Result<(), String> {
    let (socket, to) = bind()?;
    let (far, to) = (socket.as_handle(), to.into());
    ring.watch(1, far, Interest::READABLE | Interest::WRITABLE);
    let told = collect_one(ring)?;
    equal(told, Told::Ready(false, true), "writable at once")?;
    ring.watch(2, far, Interest::READABLE);
    check(look(ring)?.is_empty(), "nothing is there")?;
    ring.send(0, near, b"x", Some(to)).quiet();
    equal(collect_one(ring)?, Told::Ready(true, false), "readable")?;
    ring.receive(3, far, 10);
    ring.watch(4, far, Interest::empty());
    let told = collect(ring, 2)?;
    check(told.contains(&(4, Told::Done)), "the watch ends")?;
    check(told.iter().any(|(token, _)| *token == 3), "received")
}

fn closed(ring: &mut Ring, far: UdpSocket) -> Result<(), String> {
    let handle = far.as_handle();
    ring.receive(1, handle, 10);
    ring.receive_many(2, handle, 10);
    ring.close(3, handle);
    let told = collect(ring, 3)?;
    let closed = Told::Failed(ErrorCode::Closed);
    let expected = vec![(1, closed.clone()), (2, closed), (3, Told::Done)];
    equal(told, expected, "closed")?;
    fails(far.local_address(), ErrorCode::BadHandle, "a closed socket")
}
