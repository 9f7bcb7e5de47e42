//! Bytes from one connection to another within the host: all, some, and none lost when cancelled.

use aio_guest::{ErrorCode, Ring, ShutdownHow, streams};
use test_guests::chain::{Chain, Kind};
use test_guests::{Told, check, collect_one, equal, fails, look, pair, read_exactly, succeeds};

aio_guest::main!(run);

/// Where bytes come from, and where they go.
type Kinds = (Kind, Kind);

async fn run() -> Result<(), String> {
    nonsense().await?;
    for source in [Kind::Tcp, Kind::Unix] {
        for sink in [Kind::Tcp, Kind::Unix] {
            let kinds = (source, sink);
            let all = every_way(kinds).await;
            all.map_err(|error| format!("{kinds:?}: {error}"))?;
        }
    }
    Ok(())
}

async fn every_way(kinds: Kinds) -> Result<(), String> {
    to_the_end(kinds).await?;
    a_part(kinds).await?;
    chain(kinds).await?.cancelled().await?;
    by_ring(kinds).await?;
    cancelled_by_ring(kinds).await?;
    broken(kinds).await
}

async fn chain((source, sink): Kinds) -> Result<Chain, String> {
    Ok(Chain::new(source.pair().await?, sink.pair().await?))
}

async fn nonsense() -> Result<(), String> {
    let (near, _far) = pair().await?;
    let own = near.as_handle();
    let same = streams::transfer(own, own, None).await;
    fails(same, ErrorCode::InvalidArgument, "a connection to itself")?;
    for (source, sink) in [(own, 0), (0, own), (own, u64::MAX)] {
        let transfer = streams::transfer(source, sink, None).await;
        fails(transfer, ErrorCode::BadHandle, "a handle of nothing")?;
    }
    Ok(())
}

async fn to_the_end(kinds: Kinds) -> Result<(), String> {
    let chain = chain(kinds).await?;
    chain.send(b"from end to end").await?;
    succeeds(chain.sender.shutdown(ShutdownHow::Send), "shutdown")?;
    equal(
        succeeds(chain.transfer(None).await, "transfer")?,
        15,
        "moved",
    )?;
    let read = read_exactly(&chain.receiver, 15).await?;
    equal(read, b"from end to end".to_vec(), "read")
}

async fn a_part(kinds: Kinds) -> Result<(), String> {
    let chain = chain(kinds).await?;
    chain.send(b"headbody").await?;
    equal(
        succeeds(chain.transfer(Some(0)).await, "nothing")?,
        0,
        "moved",
    )?;
    equal(
        succeeds(chain.transfer(Some(4)).await, "a part")?,
        4,
        "moved",
    )?;
    equal(
        read_exactly(&chain.receiver, 4).await?,
        b"head".to_vec(),
        "read",
    )?;
    equal(
        read_exactly(&chain.source, 4).await?,
        b"body".to_vec(),
        "left",
    )
}

async fn by_ring(kinds: Kinds) -> Result<(), String> {
    let chain = chain(kinds).await?;
    let (source, sink) = (chain.source.as_handle(), chain.sink.as_handle());
    chain.send(b"ring").await?;
    let mut ring = Ring::new();
    ring.transfer(1, source, sink, Some(4));
    equal(collect_one(&mut ring)?, Told::Moved(4), "transfer")?;
    equal(
        read_exactly(&chain.receiver, 4).await?,
        b"ring".to_vec(),
        "read",
    )?;
    ring.transfer(2, source, source, None);
    let refused = Told::Failed(ErrorCode::InvalidArgument);
    equal(collect_one(&mut ring)?, refused.clone(), "to itself")?;
    // It would pass by a read that waits.
    ring.read(3, source, 1);
    ring.transfer(4, source, sink, None);
    equal(collect_one(&mut ring)?, refused, "beside a read")
}

async fn cancelled_by_ring(kinds: Kinds) -> Result<(), String> {
    let chain = chain(kinds).await?;
    let (source, sink) = (chain.source.as_handle(), chain.sink.as_handle());
    let mut ring = Ring::new();
    ring.transfer(1, source, sink, None);
    look(&mut ring)?;
    ring.cancel(0, 1).quiet();
    let cancelled = Told::Failed(ErrorCode::Cancelled);
    equal(collect_one(&mut ring)?, cancelled, "nothing was moved")?;
    let sent = chain.fill()?;
    ring.transfer(1, source, sink, None);
    for _ in 0..50 {
        look(&mut ring)?;
    }
    ring.cancel(0, 1).quiet();
    match collect_one(&mut ring)? {
        Told::Moved(count) => check(count > 0, "something was moved")?,
        other => return Err(format!("a transfer that was cut short: {other:?}")),
    }
    chain.arrive(sent).await
}

async fn broken(kinds: Kinds) -> Result<(), String> {
    let chain = chain(kinds).await?;
    succeeds(chain.sink.shutdown(ShutdownHow::Send), "shutdown")?;
    chain.send(b"kept").await?;
    fails(
        chain.transfer(None).await,
        ErrorCode::BrokenPipe,
        "transfer to a sink that is shut down",
    )?;
    equal(
        read_exactly(&chain.source, 4).await?,
        b"kept".to_vec(),
        "what was on its way",
    )
}
