//! Tokens: duplicates are refused while one waits, 0 is free, and a cancel ends each kind of
//! operation that waits, without an effect.

use std::time::Duration;

use aio_guest::bindings::aio::host::ring::Interest;
use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, check, collect, collect_one, equal, listen, look, pair};

aio_guest::main!(run);

const SECOND: Duration = Duration::from_secs(1);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    duplicates(&mut ring)?;
    zero(&mut ring)?;
    unknown(&mut ring)?;
    reads(&mut ring).await?;
    writes(&mut ring).await?;
    others(&mut ring).await
}

fn cancelled(token: u64) -> (u64, Told) {
    (token, Told::Failed(ErrorCode::Cancelled))
}

fn duplicates(ring: &mut Ring) -> Result<(), String> {
    ring.sleep(5, 3600 * SECOND);
    ring.sleep(5, Duration::ZERO);
    let told = collect(ring, 1)?;
    equal(
        told,
        vec![(5, Told::Failed(ErrorCode::InvalidArgument))],
        "the same token",
    )?;
    ring.cancel(6, 5);
    equal(
        collect(ring, 2)?,
        vec![cancelled(5), (6, Told::Done)],
        "cancel",
    )?;
    ring.sleep(5, Duration::ZERO);
    equal(collect_one(ring)?, Told::Done, "the token is free again")
}

fn zero(ring: &mut Ring) -> Result<(), String> {
    for _ in 0..3 {
        ring.sleep(0, Duration::from_millis(1));
    }
    equal(
        collect(ring, 3)?,
        vec![(0, Told::Done); 3],
        "three sleeps of token 0",
    )?;
    ring.sleep(0, Duration::from_millis(1));
    ring.cancel(1, 0);
    let told = collect(ring, 2)?;
    check(
        told.contains(&(1, Told::Failed(ErrorCode::InvalidArgument))),
        "token 0 cannot be cancelled",
    )?;
    check(told.contains(&(0, Told::Done)), "and goes on")
}

fn unknown(ring: &mut Ring) -> Result<(), String> {
    for token in [1, u64::MAX] {
        ring.cancel(2, token);
        let told = collect_one(ring)?;
        equal(
            told,
            Told::Failed(ErrorCode::InvalidArgument),
            "cancel of what does not wait",
        )?;
    }
    Ok(())
}

/// Cancelled reads have read nothing, and those before and behind go on.
async fn reads(ring: &mut Ring) -> Result<(), String> {
    let (near, far) = pair().await?;
    for token in 1..=3 {
        ring.read(token, near.as_handle(), 4);
    }
    ring.cancel(4, 2);
    equal(
        collect(ring, 2)?,
        vec![cancelled(2), (4, Told::Done)],
        "cancel of a read",
    )?;
    ring.write(0, far.as_handle(), b"aaaabbbb").quiet();
    let data = |data: &[u8]| Told::Data(data.to_vec());
    equal(
        collect(ring, 2)?,
        vec![(1, data(b"aaaa")), (3, data(b"bbbb"))],
        "the other reads",
    )
}

/// A write that was cut short tells how much was written, also if it is quiet.
async fn writes(ring: &mut Ring) -> Result<(), String> {
    for quiet in [false, true] {
        let (near, far) = pair().await?;
        let write = ring.write(1, near.as_handle(), &vec![3; 20 << 20]);
        if quiet {
            write.quiet();
        }
        ring.write(2, near.as_handle(), b"behind");
        check(look(ring)?.is_empty(), "a write of 20 MiB waits")?;
        ring.cancel(3, 2);
        ring.cancel(4, 1);
        let told = collect(ring, 4)?;
        equal(
            told[..2].to_vec(),
            vec![cancelled(2), (3, Told::Done)],
            "the write behind",
        )?;
        let (1, Told::Written(written)) = told[2] else {
            return Err(format!("{:?} is a write that was cut short", told[2]));
        };
        check(
            written > 0 && written < 20 << 20,
            format_args!("{written} bytes are some"),
        )?;
        equal(told[3].clone(), (4, Told::Done), "the cancel")?;
        drop(near);
        let mut read = 0;
        while let data = far.read(65_536).await.map_err(|code| code.to_string())?
            && !data.is_empty()
        {
            read += data.len();
        }
        equal(read, written as usize, "the peer reads what was told")?;
    }
    Ok(())
}

async fn others(ring: &mut Ring) -> Result<(), String> {
    let (listener, address) = listen()?;
    let (near, _far) = pair().await?;
    ring.accept(1, listener.as_handle());
    ring.sleep(2, 3600 * SECOND);
    ring.sleep_until(3, 1 << 61);
    ring.lookup(4, "localhost", "", None);
    ring.watch(5, near.as_handle(), Interest::READABLE);
    for token in 1..=5 {
        ring.cancel(10 + token, token);
    }
    let told = collect(ring, 10)?;
    for token in 1..=5 {
        check(
            told.contains(&cancelled(token)),
            format_args!("{token} is cancelled"),
        )?;
        check(
            told.contains(&(10 + token, Told::Done)),
            format_args!("cancel of {token}"),
        )?;
    }
    // The connection that the cancelled accept did not take is there for the next one.
    ring.connect(6, address);
    collect_one(ring)?.handle()?;
    ring.accept(7, listener.as_handle());
    collect_one(ring)?.handle().map(drop)
}
