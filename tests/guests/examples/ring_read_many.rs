//! A read that goes on: bytes at most once a turn, until an end, a failure or a cancel, and nothing
//! is lost by any of them.

use aio_guest::{ErrorCode, Ring, TcpStream};
use test_guests::{Told, check, collect, collect_one, equal, look, pair, read_exactly};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    goes_on(&mut ring).await?;
    once_a_turn(&mut ring).await?;
    cancel(&mut ring).await?;
    ends(&mut ring).await?;
    closed(&mut ring).await?;
    of_nothing(&mut ring).await
}

fn data(data: &[u8]) -> Told {
    Told::Data(data.to_vec())
}

fn send(ring: &mut Ring, stream: &TcpStream, data: &[u8]) {
    ring.write(0, stream.as_handle(), data).quiet();
}

/// Being quiet changes nothing: it brings something.
async fn goes_on(ring: &mut Ring) -> Result<(), String> {
    let (near, far) = pair().await?;
    ring.read_many(1, far.as_handle(), 100).quiet();
    for text in [b"one".as_slice(), b"two", b"three"] {
        send(ring, &near, text);
        equal(collect(ring, 1)?, vec![(1, data(text))], "the bytes")?;
    }
    ring.read(1, near.as_handle(), 1);
    let refused = Told::Failed(ErrorCode::InvalidArgument);
    equal(collect_one(ring)?, refused, "the token of one that goes on")?;
    stop(ring)
}

fn stop(ring: &mut Ring) -> Result<(), String> {
    ring.cancel(0, 1).quiet();
    equal(collect_one(ring)?, cancelled(), "the cancel")
}

fn cancelled() -> Told {
    Told::Failed(ErrorCode::Cancelled)
}

/// What is there comes in pieces of `max`, one a turn; a read behind waits for the end.
async fn once_a_turn(ring: &mut Ring) -> Result<(), String> {
    let (near, far) = pair().await?;
    ring.read_many(1, far.as_handle(), 4);
    ring.read(2, far.as_handle(), 4);
    send(ring, &near, b"aaaabbbbcc");
    for text in [b"aaaa".as_slice(), b"bbbb", b"cc"] {
        equal(collect_one(ring)?, data(text), "a piece a turn")?;
    }
    check(look(ring)?.is_empty(), "there is no more")?;
    stop(ring)?;
    send(ring, &near, b"dd");
    equal(collect(ring, 1)?, vec![(2, data(b"dd"))], "the read behind")
}

/// Bytes that were not reported are there for whoever reads next.
async fn cancel(ring: &mut Ring) -> Result<(), String> {
    let (near, far) = pair().await?;
    ring.read_many(1, far.as_handle(), 2);
    send(ring, &near, b"aabbcc");
    equal(collect_one(ring)?, data(b"aa"), "the first bytes")?;
    ring.cancel(2, 1);
    let expected = vec![(1, cancelled()), (2, Told::Done)];
    equal(collect(ring, 2)?, expected, "a cancel")?;
    equal(read_exactly(&far, 2).await?, b"bb".to_vec(), "a plain read")?;
    ring.read_many(1, far.as_handle(), 2);
    equal(collect_one(ring)?, data(b"cc"), "the token is free again")?;
    stop(ring)
}

/// The end is told once, after all bytes.
async fn ends(ring: &mut Ring) -> Result<(), String> {
    let (near, far) = pair().await?;
    ring.read_many(1, far.as_handle(), 2);
    send(ring, &near, b"aabb");
    equal(collect_one(ring)?, data(b"aa"), "the first bytes")?;
    drop(near);
    for text in [b"bb".as_slice(), b""] {
        equal(collect_one(ring)?, data(text), "up to the end")?;
    }
    check(look(ring)?.is_empty(), "the end is told once")?;
    ring.read_many(1, far.as_handle(), 2);
    equal(collect_one(ring)?, data(b""), "the end, asked again")
}

async fn closed(ring: &mut Ring) -> Result<(), String> {
    let (_near, far) = pair().await?;
    ring.read_many(1, far.as_handle(), 2);
    ring.close(0, far.as_handle()).quiet();
    equal(
        collect_one(ring)?,
        Told::Failed(ErrorCode::Closed),
        "closed",
    )
}

/// A read of nothing is done at once, and does not go on.
async fn of_nothing(ring: &mut Ring) -> Result<(), String> {
    let (near, far) = pair().await?;
    ring.read_many(1, far.as_handle(), 0);
    equal(collect(ring, 1)?, vec![(1, data(b""))], "a read of nothing")?;
    send(ring, &near, b"x");
    check(look(ring)?.is_empty(), "nothing is read")
}
