//! TLS over a Unix pair, both ends of which are the guest's: bytes both ways, the end, and transfers
//! from TLS to a plain stream and back.

use aio_guest::{ByteStream, ShutdownHow, spawn, write_all};
use test_guests::chain::{Chain, Kind, numbered};
use test_guests::secure::{NAME, client, client_options, server, server_options, session, shake};
use test_guests::{Told, check, equal, read_exactly, succeeds};

aio_guest::main!(run);

const LENGTH: usize = 1 << 20;

async fn run() -> Result<(), String> {
    both_ways().await?;
    closed().await?;
    passed_on().await?;
    Chain::new(secure().await?, plain().await?)
        .cancelled()
        .await?;
    Chain::new(plain().await?, secure().await?)
        .cancelled()
        .await
}

async fn plain() -> Result<(ByteStream, ByteStream), String> {
    Kind::Unix.pair().await
}

/// Two ends of one session.
async fn secure() -> Result<(ByteStream, ByteStream), String> {
    let (client, server) = (client(&client_options()?)?, server(&server_options()?)?);
    let (near, far) = plain().await?;
    let ends = (near.as_handle(), far.as_handle());
    let told = shake((ends.0, &client), (ends.1, &server), NAME)?;
    equal(told, (Told::Done, Told::Done), "both handshakes")?;
    let far_session = session(ends.1)?;
    equal(far_session.server_name.as_deref(), Some(NAME), "the name")?;
    Ok((near, far))
}

/// A megabyte there and back; whoever reads takes little at a time.
async fn both_ways() -> Result<(), String> {
    let (near, far) = secure().await?;
    spawn(async move {
        while let Ok(data) = far.read(1000).await
            && !data.is_empty()
            && write_all(&far, &data).await.is_ok()
        {}
    });
    let handle = near.as_handle();
    // Beside the reader: both ends would otherwise wait for room.
    spawn(async move {
        write_all(&near, &numbered(0, LENGTH))
            .await
            .unwrap_or_default();
        near.shutdown(ShutdownHow::Send).unwrap_or_default();
        // What is dropped is closed, which is the reader's to do.
        std::mem::forget(near);
    });
    let reader = succeeds(ByteStream::by_handle(handle), "stream")?;
    let back = read_exactly(&reader, LENGTH).await?;
    check(back == numbered(0, LENGTH), "all came back in order")?;
    equal(rest(&reader).await?, Vec::new(), "a clean end")
}

/// Reads to a clean end.
async fn rest(stream: &ByteStream) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        let data = succeeds(stream.read(7777).await, "read")?;
        if data.is_empty() {
            return Ok(all);
        }
        all.extend(data);
    }
}

/// Closing says so to the peer, after all that was written.
async fn closed() -> Result<(), String> {
    let (near, far) = secure().await?;
    succeeds(write_all(&near, b"last words").await, "write")?;
    drop(near);
    equal(rest(&far).await?, b"last words".to_vec(), "before the end")
}

/// From TLS to a plain stream, and from there to TLS again.
async fn passed_on() -> Result<(), String> {
    let there = Chain::new(secure().await?, plain().await?);
    there.send(b"from end to end").await?;
    succeeds(there.sender.shutdown(ShutdownHow::Send), "shutdown")?;
    equal(there.transfer(None).await, Ok(15), "moved out of TLS")?;
    succeeds(there.sink.shutdown(ShutdownHow::Send), "shutdown")?;
    let back = Chain {
        source: there.receiver,
        ..Chain::new(plain().await?, secure().await?)
    };
    equal(back.transfer(None).await, Ok(15), "moved into TLS")?;
    drop(back.sink);
    equal(
        rest(&back.receiver).await?,
        b"from end to end".to_vec(),
        "what arrives",
    )
}
