//! Handles and resources of the same objects: forged, stale, of the wrong kind, and shared.

use aio_guest::{ErrorCode, Ring, TcpListener, TcpStream};
use test_guests::{Told, check, collect_one, equal, fails, listen, pair, read_exactly, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    forged().await?;
    stale().await?;
    shared().await?;
    closed_by_the_ring().await
}

async fn forged() -> Result<(), String> {
    let (listener, _) = listen()?;
    let (near, _far) = pair().await?;
    let handle = near.as_handle();
    let other_generations = [handle ^ 1 << 32, handle + (1 << 32), handle ^ 1 << 63];
    let never_given = [
        0,
        u64::MAX,
        u64::MAX >> 1,
        handle + 1000,
        listener.as_handle(),
    ];
    for forged in other_generations.into_iter().chain(never_given) {
        fails(
            TcpStream::by_handle(forged),
            ErrorCode::BadHandle,
            "forged stream",
        )?;
    }
    fails(
        TcpListener::by_handle(handle),
        ErrorCode::BadHandle,
        "a stream as a listener",
    )?;
    succeeds(
        TcpListener::by_handle(listener.as_handle()),
        "listener by handle",
    )
    .map(drop)
}

/// A slot that is used again has another handle.
async fn stale() -> Result<(), String> {
    let (near, far) = pair().await?;
    let old = near.as_handle();
    drop(near);
    fails(
        TcpStream::by_handle(old),
        ErrorCode::BadHandle,
        "the handle of a dropped stream",
    )?;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let (near, far) = pair().await?;
        check(
            near.as_handle() != old && far.as_handle() != old,
            "no handle comes back",
        )?;
        streams.push((near, far));
        fails(
            TcpStream::by_handle(old),
            ErrorCode::BadHandle,
            "a stale handle",
        )?;
    }
    drop(far);
    Ok(())
}

/// Two resources of one stream: both work, and the first that is dropped closes it.
async fn shared() -> Result<(), String> {
    let (near, far) = pair().await?;
    let twin = succeeds(TcpStream::by_handle(near.as_handle()), "stream by handle")?;
    equal(twin.as_handle(), near.as_handle(), "handle")?;
    succeeds(twin.write(b"twin".to_vec()).await, "write by the twin")?;
    equal(read_exactly(&far, 4).await?, b"twin".to_vec(), "read")?;
    drop(twin);
    fails(
        near.write(vec![1]).await,
        ErrorCode::BadHandle,
        "write after the twin is dropped",
    )?;
    equal(
        succeeds(far.read(1).await, "read")?.len(),
        0,
        "the peer reads the end",
    )
}

async fn closed_by_the_ring() -> Result<(), String> {
    let (near, _far) = pair().await?;
    let mut ring = Ring::new();
    ring.close(1, near.as_handle());
    equal(collect_one(&mut ring)?, Told::Done, "close")?;
    fails(
        near.read(1).await,
        ErrorCode::BadHandle,
        "read what the ring has closed",
    )?;
    fails(
        near.no_delay(),
        ErrorCode::BadHandle,
        "option of what the ring has closed",
    )?;
    // Its resource is dropped without harm.
    ring.close(2, near.as_handle());
    equal(
        collect_one(&mut ring)?,
        Told::Failed(ErrorCode::BadHandle),
        "close twice",
    )
}
