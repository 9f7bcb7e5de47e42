//! Children on the ring: spawned, waited for, watched, signalled, and a thousand at once.

use aio_guest::bindings::aio::host::ring::Interest;
use aio_guest::process::{Command, ExitStatus, Prepared, Stdio};
use aio_guest::ring::Spawned;
use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, argument, check, collect, collect_one, equal, look, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    talk(&mut ring)?;
    waits(&mut ring)?;
    watches(&mut ring)?;
    refused(&mut ring)?;
    in_one_batch(&mut ring)?;
    let count = argument(1)?.parse().map_err(|_| "a number is missing")?;
    many(&mut ring, count)
}

fn cat() -> Result<Prepared, String> {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::Pipe)
        .stdout(Stdio::Pipe)
        .stderr(Stdio::Null);
    succeeds(cat.prepare(), "prepare")
}

fn spawn(ring: &mut Ring, command: &Prepared) -> Result<Spawned, String> {
    ring.spawn(1, command.as_handle());
    match collect_one(ring)? {
        Told::Spawned(spawned) => Ok(spawned),
        other => Err(format!("spawn: {other:?}")),
    }
}

fn talk(ring: &mut Ring) -> Result<(), String> {
    let cat = cat()?;
    let child = spawn(ring, &cat)?;
    check(child.id > 1 && child.child != 0, "a child")?;
    check(child.stdin != 0 && child.stdout != 0, "its pipes")?;
    equal(child.stderr, 0, "what is no pipe")?;
    ring.read(1, child.stdout, 100);
    ring.write(2, child.stdin, b"bytes").quiet();
    equal(collect_one(ring)?, Told::Data(b"bytes".to_vec()), "bytes")?;
    ring.wait(3, child.child);
    ring.close(0, child.stdin).quiet();
    ring.read(1, child.stdout, 100);
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let code = Told::Exited(ExitStatus::Code(0));
    equal(
        told,
        vec![(1, Told::Data(Vec::new())), (3, code)],
        "the end",
    )?;
    for handle in [child.stdout, child.child] {
        ring.close(0, handle).quiet();
    }
    Ok(())
}

fn waits(ring: &mut Ring) -> Result<(), String> {
    let cat = cat()?;
    let child = spawn(ring, &cat)?;
    for token in 1..=64 {
        ring.wait(token, child.child);
    }
    ring.wait(65, child.child);
    let refused = Told::Failed(ErrorCode::QuotaExceeded);
    equal(collect_one(ring)?, refused, "the 65th")?;
    ring.cancel(0, 64).quiet();
    let cancelled = Told::Failed(ErrorCode::Cancelled);
    equal(collect_one(ring)?, cancelled, "the 64th")?;
    ring.signal(100, child.child, 9);
    let told = collect(ring, 64)?;
    equal(told.first(), Some(&(100, Told::Done)), "the signal")?;
    let killed = Told::Exited(ExitStatus::Signal(9));
    check(
        told[1..].iter().all(|(_, told)| *told == killed),
        "each is told",
    )?;
    ring.wait(1, child.child);
    equal(collect_one(ring)?, killed, "once more")?;
    ring.signal(1, child.child, 9);
    let gone = Told::Failed(ErrorCode::NoSuchProcess);
    equal(collect_one(ring)?, gone, "another signal")?;
    ring.close(0, child.child).quiet();
    // A wait that is under way when the handle is closed.
    let child = spawn(ring, &cat)?;
    ring.wait(1, child.child);
    ring.close(0, child.child).quiet();
    equal(
        collect_one(ring)?,
        Told::Failed(ErrorCode::Closed),
        "closed",
    )
}

fn watches(ring: &mut Ring) -> Result<(), String> {
    let cat = cat()?;
    let child = spawn(ring, &cat)?;
    ring.watch(1, child.child, Interest::READABLE | Interest::WRITABLE);
    check(look(ring)?.is_empty(), "a child that runs is not ready")?;
    ring.close(0, child.stdin).quiet();
    // Level-triggered, before the end was asked for and after.
    equal(collect_one(ring)?, Told::Ready(true, false), "its end")?;
    ring.wait(2, child.child);
    let mut exited = false;
    while !exited {
        let code = Told::Exited(ExitStatus::Code(0));
        exited = collect(ring, 1)?.contains(&(2, code));
    }
    equal(
        collect(ring, 1)?.first(),
        Some(&(1, Told::Ready(true, false))),
        "still",
    )?;
    ring.close(0, child.child).quiet();
    equal(
        collect_one(ring)?,
        Told::Failed(ErrorCode::Closed),
        "closed",
    )
}

fn refused(ring: &mut Ring) -> Result<(), String> {
    let cat = cat()?;
    let child = spawn(ring, &cat)?;
    let bad = Told::Failed(ErrorCode::BadHandle);
    for handle in [0, u64::MAX, child.child, child.stdin] {
        ring.spawn(1, handle);
        equal(collect_one(ring)?, bad.clone(), "spawn")?;
    }
    for handle in [0, u64::MAX, cat.as_handle(), child.stdin] {
        ring.wait(1, handle);
        equal(collect_one(ring)?, bad.clone(), "wait")?;
        ring.signal(1, handle, 15).quiet();
        equal(collect_one(ring)?, bad.clone(), "signal")?;
    }
    for handle in [child.child, cat.as_handle()] {
        ring.read(1, handle, 1);
        equal(collect_one(ring)?, bad.clone(), "read")?;
        ring.write(1, handle, b"x");
        equal(collect_one(ring)?, bad.clone(), "write")?;
        ring.accept(1, handle);
        equal(collect_one(ring)?, bad.clone(), "accept")?;
    }
    for number in [0, 65, u32::MAX] {
        ring.signal(1, child.child, number);
        let beyond = Told::Failed(ErrorCode::OutOfRange);
        equal(collect_one(ring)?, beyond, "a number")?;
    }
    ring.close(0, child.child).quiet();
    Ok(())
}

/// Those that come to nothing count too.
fn in_one_batch(ring: &mut Ring) -> Result<(), String> {
    let missing = succeeds(Command::new("/no/such/program").prepare(), "prepare")?;
    for token in 0..1025 {
        ring.spawn(token, missing.as_handle());
    }
    let told = collect(ring, 1025)?;
    let not_found = Told::Failed(ErrorCode::NotFound);
    check(
        told[..1024].iter().all(|(_, told)| *told == not_found),
        "1,024",
    )?;
    let one_more = (1024, Told::Failed(ErrorCode::QuotaExceeded));
    equal(told.get(1024), Some(&one_more), "one more")
}

fn many(ring: &mut Ring, count: usize) -> Result<(), String> {
    let mut gate = Command::new("cat");
    gate.stdin(Stdio::Pipe)
        .stdout(Stdio::Null)
        .stderr(Stdio::Null);
    let gate = succeeds(gate.prepare(), "prepare")?;
    for _ in 0..count {
        ring.spawn(0, gate.as_handle());
    }
    let mut children = Vec::new();
    for (_, told) in collect(ring, count)? {
        match told {
            Told::Spawned(spawned) => children.push(spawned),
            other => return Err(format!("spawn: {other:?}")),
        }
    }
    for child in &children {
        ring.wait(0, child.child);
    }
    for child in &children {
        ring.close(0, child.stdin).quiet();
    }
    let code = Told::Exited(ExitStatus::Code(0));
    let told = collect(ring, count)?;
    check(told.iter().all(|(_, told)| *told == code), "all have ended")
}
