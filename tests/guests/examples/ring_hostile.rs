//! Numbers that a hostile guest would try: forged and stale handles in every operation, closed
//! twice, kinds mixed up, lengths and names beyond all bounds. All are codes.

use aio_guest::bindings::aio::host::ring::Interest;
use aio_guest::{ErrorCode, Handle, Ring, ShutdownHow, socket_address};
use test_guests::{Told, check, collect, collect_one, equal, listen, pair};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    let (near, _far) = pair().await?;
    let handle = near.as_handle();
    for forged in [
        0,
        u64::MAX,
        1 << 63,
        1 << 62,
        handle ^ 1 << 32,
        handle + (1 << 32),
    ] {
        every_operation(&mut ring, forged)?;
    }
    kinds(&mut ring, handle)?;
    closed_twice(&mut ring, handle)?;
    every_operation(&mut ring, handle)?;
    reused(&mut ring, handle).await?;
    names(&mut ring)?;
    too_many_reads(&mut ring).await?;
    addresses(&mut ring)
}

fn bad(token: u64) -> (u64, Told) {
    (token, Told::Failed(ErrorCode::BadHandle))
}

fn every_operation(ring: &mut Ring, forged: Handle) -> Result<(), String> {
    ring.accept(1, forged);
    ring.read(2, forged, 1);
    ring.read(3, forged, 0);
    ring.write(4, forged, b"x");
    ring.write(5, forged, b"");
    ring.shutdown(6, forged, ShutdownHow::Both);
    ring.watch(7, forged, Interest::READABLE);
    ring.watch(8, forged, Interest::empty());
    ring.close(9, forged);
    ring.receive(10, forged, 1);
    ring.receive_many(11, forged, 1);
    ring.send(12, forged, b"x", None);
    let told = collect(ring, 12)?;
    equal(
        told,
        (1..=12).map(bad).collect(),
        "operations on a forged handle",
    )
}

fn kinds(ring: &mut Ring, stream: Handle) -> Result<(), String> {
    let (listener, _) = listen()?;
    ring.accept(1, stream);
    ring.read(2, listener.as_handle(), 1);
    ring.write(3, listener.as_handle(), b"x");
    ring.shutdown(4, listener.as_handle(), ShutdownHow::Both);
    equal(
        collect(ring, 4)?,
        (1..=4).map(bad).collect(),
        "operations on the wrong kind",
    )
}

fn closed_twice(ring: &mut Ring, handle: Handle) -> Result<(), String> {
    ring.close(1, handle);
    ring.close(2, handle);
    equal(
        collect(ring, 2)?,
        vec![(1, Told::Done), bad(2)],
        "close twice in one batch",
    )
}

/// The slot is used again, and the old handle is not the new object.
async fn reused(ring: &mut Ring, stale: Handle) -> Result<(), String> {
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(pair().await?);
        every_operation(ring, stale)?;
    }
    for (near, far) in &open {
        ring.write(0, near.as_handle(), b"alive").quiet();
        ring.read(1, far.as_handle(), 10);
        equal(
            collect_one(ring)?,
            Told::Data(b"alive".to_vec()),
            "the new objects live",
        )?;
    }
    Ok(())
}

fn names(ring: &mut Ring) -> Result<(), String> {
    let long = "a".repeat(254);
    for (name, code) in [
        ("", ErrorCode::InvalidArgument),
        ("nul\0inside", ErrorCode::InvalidArgument),
        (&long, ErrorCode::NameTooLong),
        (&"a".repeat(1_000_000), ErrorCode::NameTooLong),
    ] {
        ring.lookup(1, name, "80", None);
        let told = collect_one(ring)?;
        equal(told, Told::Failed(code), "a name that cannot be")?;
    }
    ring.lookup(1, "localhost", "80", None);
    let told = collect_one(ring)?;
    check(
        matches!(told, Told::Addresses(found) if !found.is_empty()),
        "localhost is found",
    )
}

/// A queue of one handle is bounded.
async fn too_many_reads(ring: &mut Ring) -> Result<(), String> {
    let (near, _far) = pair().await?;
    for token in 1..=10_000 {
        ring.read(token, near.as_handle(), u32::MAX);
    }
    let told = collect(ring, 1)?;
    let quota = Told::Failed(ErrorCode::QuotaExceeded);
    check(
        told.iter().all(|(_, told)| *told == quota),
        "reads beyond the bound are refused",
    )?;
    check(told.len() < 10_000, "those below it wait")?;
    ring.close(0, near.as_handle()).quiet();
    collect(ring, 10_000 - told.len()).map(drop)
}

fn addresses(ring: &mut Ring) -> Result<(), String> {
    for address in [
        "0.0.0.0:0",
        "255.255.255.255:1",
        "[ff02::1%4294967295]:1",
        "[::]:0",
    ] {
        ring.connect(1, socket_address(address)?);
        let told = collect_one(ring)?;
        check(
            matches!(told, Told::Failed(_)),
            format_args!("connecting to {address} fails"),
        )?;
    }
    Ok(())
}
