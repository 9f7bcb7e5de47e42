//! Unix sockets on the ring: accept, connect, bytes, watches, a full backlog, and cancelled
//! operations.

use aio_guest::unix::{DatagramSocket, UnixAddress, UnixListener};
use aio_guest::{ErrorCode, Handle, Ring, ShutdownHow};
use test_guests::{Told, check, collect, collect_one, equal, look, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    talk(&mut ring)?;
    large(&mut ring)?;
    watches(&mut ring).await?;
    backlog(&mut ring)?;
    refused(&mut ring)
}

fn address() -> UnixAddress {
    UnixAddress::Path("/data/ring".to_owned())
}

fn listen(backlog: u32) -> Result<UnixListener, String> {
    succeeds(UnixListener::listen(&address(), backlog), "listen")
}

/// Connects the guest to itself.
fn connected(ring: &mut Ring, listener: &UnixListener) -> Result<(Handle, Handle), String> {
    ring.accept(1, listener.as_handle());
    ring.connect_unix(2, &address());
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    Ok((told[1].1.handle()?, told[0].1.handle()?))
}

fn talk(ring: &mut Ring) -> Result<(), String> {
    let listener = listen(16)?;
    let (near, far) = connected(ring, &listener)?;
    ring.read(1, far, 100);
    ring.write(2, near, b"hello");
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let expected = vec![(1, Told::Data(b"hello".to_vec())), (2, Told::Written(5))];
    equal(told, expected, "hello")?;
    ring.shutdown(1, near, ShutdownHow::Send);
    equal(collect_one(ring)?, Told::Done, "shutdown")?;
    ring.read(1, far, 100);
    equal(collect_one(ring)?, Told::Data(Vec::new()), "the end")?;
    ring.read(1, near, 100);
    ring.accept(2, listener.as_handle());
    ring.close(0, near).quiet();
    ring.close(0, listener.as_handle()).quiet();
    let told = collect(ring, 2)?;
    check(
        told.iter()
            .all(|(_, told)| *told == Told::Failed(ErrorCode::Closed)),
        "what waited is closed",
    )?;
    ring.close(0, far).quiet();
    Ok(())
}

/// More than any buffer takes.
fn large(ring: &mut Ring) -> Result<(), String> {
    const LENGTH: usize = 5 << 20;
    let listener = listen(16)?;
    let (near, far) = connected(ring, &listener)?;
    let data: Vec<u8> = (0..LENGTH).map(|index| (index % 253) as u8).collect();
    ring.write(1, near, &data);
    ring.read(3, far, u32::MAX);
    let (mut all, mut written) = (Vec::new(), None);
    while all.len() < LENGTH || written.is_none() {
        for (_, told) in collect(ring, 1)? {
            match told {
                Told::Data(data) => {
                    all.extend(data);
                    if all.len() < LENGTH {
                        ring.read(3, far, u32::MAX);
                    }
                }
                other => written = Some(other),
            }
        }
    }
    check(all == data, "the bytes are the same")?;
    let length = u32::try_from(LENGTH).unwrap_or(u32::MAX);
    equal(written, Some(Told::Written(length)), "all is written")?;
    ring.close(0, near).quiet();
    ring.close(0, far).quiet();
    Ok(())
}

/// Datagram sockets are watched, and used by plain calls.
async fn watches(ring: &mut Ring) -> Result<(), String> {
    use aio_guest::bindings::aio::host::ring::Interest;
    let (near, far) = succeeds(DatagramSocket::pair(), "pair")?;
    ring.watch(1, far.as_handle(), Interest::READABLE);
    check(look(ring)?.iter().next().is_none(), "nothing is there")?;
    succeeds(near.send(b"x".to_vec(), None).await, "send")?;
    equal(collect_one(ring)?, Told::Ready(true, false), "a datagram")?;
    ring.watch(1, far.as_handle(), Interest::empty());
    equal(collect_one(ring)?, Told::Done, "the watch ends")?;
    ring.watch(2, near.as_handle(), Interest::WRITABLE);
    equal(collect_one(ring)?, Told::Ready(false, true), "room")?;
    ring.read(3, far.as_handle(), 10);
    ring.accept(4, far.as_handle());
    ring.write(5, far.as_handle(), b"x");
    for (token, told) in collect(ring, 3)? {
        if token > 2 {
            equal(told, Told::Failed(ErrorCode::BadHandle), "no stream")?;
        }
    }
    ring.close(0, near.as_handle()).quiet();
    ring.close(0, far.as_handle()).quiet();
    drop(look(ring)?);
    Ok(())
}

/// A connect waits for room in the backlog; cancelled it leaves nothing there.
fn backlog(ring: &mut Ring) -> Result<(), String> {
    let listener = listen(1)?;
    let mut clients = Vec::new();
    loop {
        ring.connect_unix(1, &address());
        let told: Vec<_> = look(ring)?.iter().map(Told::from_completion).collect();
        match told.first() {
            Some((_, told)) => clients.push(told.handle()?),
            None => break,
        }
    }
    ring.cancel(2, 1);
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let expected = vec![(1, Told::Failed(ErrorCode::Cancelled)), (2, Told::Done)];
    equal(told, expected, "cancelled")?;
    ring.connect_unix(3, &address());
    check(look(ring)?.iter().next().is_none(), "the backlog is full")?;
    // Those that were connected, and the one that waits.
    for token in 10..=10 + clients.len() as u64 {
        ring.accept(token, listener.as_handle());
    }
    let told = collect(ring, clients.len() + 2)?;
    for (_, told) in &told {
        told.handle()?;
    }
    ring.accept(4, listener.as_handle());
    check(look(ring)?.iter().next().is_none(), "nobody else connected")?;
    ring.cancel(0, 4).quiet();
    equal(
        collect_one(ring)?,
        Told::Failed(ErrorCode::Cancelled),
        "accept",
    )
}

fn refused(ring: &mut Ring) -> Result<(), String> {
    for (address, code) in [
        (UnixAddress::Unnamed, ErrorCode::InvalidArgument),
        (
            UnixAddress::Path("/data/../s".into()),
            ErrorCode::PathEscapes,
        ),
        (UnixAddress::Path("/data/none".into()), ErrorCode::NotFound),
        (UnixAddress::Abstract(vec![1; 108]), ErrorCode::NameTooLong),
        (
            UnixAddress::Path("/other/s".into()),
            ErrorCode::AccessDenied,
        ),
    ] {
        ring.connect_unix(1, &address);
        equal(collect_one(ring)?, Told::Failed(code), "connect")?;
    }
    Ok(())
}
