//! The ring and the plain imports work on the same object, and neither overtakes the other's
//! bytes.

use std::pin::pin;
use std::task::Poll;

use aio_guest::bindings::aio::host::ring::{ReadResult, WriteResult, try_read, try_write};
use aio_guest::{ErrorCode, Ring, TcpStream};
use test_guests::{
    Told, check, collect_one, equal, listen, look, pair, poll_once, read_exactly, succeeds,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    resources_of_ring_handles().await?;
    bytes_by_both().await?;
    try_does_not_overtake().await?;
    closing_ends_plain_waits().await
}

/// What the ring has accepted and connected can be had as resources.
async fn resources_of_ring_handles() -> Result<(), String> {
    let (listener, address) = listen()?;
    let mut ring = Ring::new();
    ring.accept(1, listener.as_handle());
    let near = succeeds(TcpStream::connect(address).await, "connect")?;
    let far = collect_one(&mut ring)?.handle()?;
    let far = succeeds(TcpStream::by_handle(far), "stream of a handle")?;
    succeeds(near.write(b"plain".to_vec()).await, "write")?;
    equal(read_exactly(&far, 5).await?, b"plain".to_vec(), "read")
}

async fn bytes_by_both() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut ring = Ring::new();
    for round in 0..10u8 {
        ring.write(0, near.as_handle(), &[round; 3]).quiet();
        look(&mut ring)?;
        succeeds(near.write(vec![round; 2]).await, "write")?;
        equal(read_exactly(&far, 2).await?, vec![round; 2], "plain read")?;
        ring.read(1, far.as_handle(), 3);
        equal(
            collect_one(&mut ring)?,
            Told::Data(vec![round; 3]),
            "read of the ring",
        )?;
    }
    Ok(())
}

async fn try_does_not_overtake() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut ring = Ring::new();
    ring.read(1, near.as_handle(), 10);
    ring.write(2, near.as_handle(), &vec![0; 20 << 20]);
    check(look(&mut ring)?.is_empty(), "both wait")?;
    succeeds(far.write(b"for the ring".to_vec()).await, "write")?;
    check(
        try_read(near.as_handle(), 10) == ReadResult::WouldBlock,
        "a read waits",
    )?;
    check(
        try_write(near.as_handle(), b"x") == WriteResult::WouldBlock,
        "a write waits",
    )?;
    equal(
        collect_one(&mut ring)?,
        Told::Data(b"for the ri".to_vec()),
        "the ring's read",
    )?;
    check(
        try_read(near.as_handle(), 10) == ReadResult::Data(b"ng".to_vec()),
        "the rest",
    )?;
    drop(near);
    let told = collect_one(&mut ring)?;
    equal(
        told,
        Told::Failed(ErrorCode::Closed),
        "the write, when its resource is dropped",
    )
}

async fn closing_ends_plain_waits() -> Result<(), String> {
    let (near, _far) = pair().await?;
    let mut read = pin!(near.read(10));
    check(poll_once(read.as_mut()).is_pending(), "a plain read waits")?;
    let mut ring = Ring::new();
    ring.close(1, near.as_handle());
    equal(collect_one(&mut ring)?, Told::Done, "close")?;
    let read = match poll_once(read.as_mut()) {
        Poll::Ready(read) => read,
        Poll::Pending => read.await,
    };
    equal(read, Err(ErrorCode::Closed), "the plain read")
}
