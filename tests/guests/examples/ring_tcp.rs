//! All operations on connections, on the ring alone, and their order.

use aio_guest::{ErrorCode, Handle, IpSocketAddress, Ring, ShutdownHow};
use test_guests::{Told, check, collect, collect_one, equal, listen};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    let mut ring = Ring::new();
    let (near, far) = connect(&mut ring, listener.as_handle(), address)?;
    talk(&mut ring, near, far)?;
    in_order(&mut ring, near, far)?;
    ends(&mut ring, near, far)?;
    large(&mut ring, listener.as_handle(), address)?;
    refused(&mut ring, listener, address)
}

fn connect(
    ring: &mut Ring,
    listener: Handle,
    address: IpSocketAddress,
) -> Result<(Handle, Handle), String> {
    ring.accept(1, listener);
    ring.connect(2, address);
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    Ok((told[1].1.handle()?, told[0].1.handle()?))
}

fn talk(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    ring.read(1, far, 100);
    ring.write(2, near, b"hello");
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    equal(
        told,
        vec![(1, Told::Data(b"hello".to_vec())), (2, Told::Written(5))],
        "hello",
    )?;
    ring.read(3, far, 0);
    equal(
        collect_one(ring)?,
        Told::Data(Vec::new()),
        "a read of nothing",
    )?;
    ring.write(4, near, b"");
    equal(collect_one(ring)?, Told::Written(0), "a write of nothing")
}

/// Of one handle and direction, the first submitted is the first completed.
fn in_order(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    for token in 1..=5 {
        ring.read(token, far, 2);
    }
    ring.write(6, near, b"aabb");
    ring.write(7, near, b"ccddee");
    let told = collect(ring, 7)?;
    let reads: Vec<_> = told
        .iter()
        .filter(|(token, _)| *token < 6)
        .cloned()
        .collect();
    let expected = (1..=5).zip(["aa", "bb", "cc", "dd", "ee"]);
    let expected = expected.map(|(token, data)| (token, Told::Data(data.as_bytes().to_vec())));
    equal(reads, expected.collect(), "reads in order")?;
    let writes: Vec<_> = told.into_iter().filter(|(token, _)| *token > 5).collect();
    equal(
        writes,
        vec![(6, Told::Written(4)), (7, Told::Written(6))],
        "writes in order",
    )
}

fn ends(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    ring.shutdown(1, near, ShutdownHow::Send);
    equal(collect_one(ring)?, Told::Done, "shutdown")?;
    ring.read(2, far, 10);
    equal(
        collect_one(ring)?,
        Told::Data(Vec::new()),
        "the end of the stream",
    )?;
    ring.write(3, near, b"x");
    equal(
        collect_one(ring)?,
        Told::Failed(ErrorCode::BrokenPipe),
        "write after shutdown",
    )?;
    ring.read(4, near, 10);
    ring.close(5, near);
    let told = collect(ring, 2)?;
    check(
        told.contains(&(4, Told::Failed(ErrorCode::Closed))),
        "what waited is closed",
    )?;
    check(told.contains(&(5, Told::Done)), "close is done")?;
    ring.close(6, far);
    equal(collect_one(ring)?, Told::Done, "close")
}

/// More than any buffer takes: the write is done when the peer has read nearly all of it.
fn large(ring: &mut Ring, listener: Handle, address: IpSocketAddress) -> Result<(), String> {
    const LENGTH: usize = 20 << 20;
    let (near, far) = connect(ring, listener, address)?;
    let data: Vec<u8> = (0..LENGTH).map(|index| (index % 253) as u8).collect();
    ring.write(1, near, &data);
    // Behind it in the queue, also without a byte.
    ring.write(2, near, b"");
    ring.read(3, far, u32::MAX);
    let (mut all, mut written) = (Vec::new(), Vec::new());
    while all.len() < LENGTH || written.len() < 2 {
        for (token, told) in collect(ring, 1)? {
            match told {
                Told::Data(data) => {
                    check(
                        (1..=65_536).contains(&data.len()),
                        "at most 65,536 bytes a read",
                    )?;
                    all.extend(data);
                    if all.len() < LENGTH {
                        ring.read(3, far, u32::MAX);
                    }
                }
                other => written.push((token, other)),
            }
        }
    }
    check(all == data, "the bytes are the same")?;
    let length = u32::try_from(LENGTH).unwrap_or(u32::MAX);
    equal(
        written,
        vec![(1, Told::Written(length)), (2, Told::Written(0))],
        "writes in order",
    )?;
    ring.close(0, near).quiet();
    ring.close(0, far).quiet();
    Ok(())
}

fn refused(
    ring: &mut Ring,
    listener: aio_guest::TcpListener,
    address: IpSocketAddress,
) -> Result<(), String> {
    drop(listener);
    ring.connect(1, address);
    let told = collect_one(ring)?;
    equal(
        told,
        Told::Failed(ErrorCode::ConnectionRefused),
        "connect to nobody",
    )
}
