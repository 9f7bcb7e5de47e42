//! Cancelled calls have had no effect: what they waited for is there for the next one.

use std::pin::pin;
use std::task::Poll;

use aio_guest::{ErrorCode, ListenOptions, TcpListener, TcpStream, timers};
use test_guests::{
    MILLISECOND, check, equal, listen, loopback, pair, poll_once, read_exactly, succeeds,
    waits_and_is_cancelled,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    read().await?;
    read_that_was_ready().await?;
    write().await?;
    accept().await?;
    connect().await
}

async fn read() -> Result<(), String> {
    let (near, far) = pair().await?;
    for _ in 0..3 {
        waits_and_is_cancelled(near.read(100), "read")?;
    }
    succeeds(far.write(b"kept".to_vec()).await, "write")?;
    equal(
        read_exactly(&near, 4).await?,
        b"kept".to_vec(),
        "read after cancelled reads",
    )
}

/// The bytes are there when the call is cancelled, but nobody has looked yet.
async fn read_that_was_ready() -> Result<(), String> {
    let (near, far) = pair().await?;
    {
        let mut read = pin!(near.read(100));
        check(poll_once(read.as_mut()).is_pending(), "read waits")?;
        succeeds(far.write(b"kept".to_vec()).await, "write")?;
        succeeds(timers::sleep(5 * MILLISECOND).await, "sleep")?;
        // The host may have finished the call meanwhile: then it has read, and tells it.
        if let Poll::Ready(data) = poll_once(read.as_mut()) {
            return equal(succeeds(data, "read")?, b"kept".to_vec(), "read");
        }
    }
    equal(
        read_exactly(&near, 4).await?,
        b"kept".to_vec(),
        "read after a cancelled one",
    )
}

/// Fills the connection until a write waits; what was reported is what the peer gets.
async fn write() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut written = 0;
    loop {
        let mut write = pin!(near.write(vec![9; 65_536]));
        match poll_once(write.as_mut()) {
            Poll::Ready(count) => written += succeeds(count, "write")? as usize,
            Poll::Pending => break,
        }
    }
    check(written > 0, "something was written")?;
    read_exactly(&far, written).await?;
    succeeds(
        near.write(b"end".to_vec()).await,
        "write after a cancelled one",
    )?;
    equal(
        read_exactly(&far, 3).await?,
        b"end".to_vec(),
        "nothing of a cancelled write",
    )
}

async fn accept() -> Result<(), String> {
    let (listener, address) = listen()?;
    for _ in 0..3 {
        waits_and_is_cancelled(listener.accept(), "accept")?;
    }
    let near = succeeds(TcpStream::connect(address).await, "connect")?;
    let (_far, from) = succeeds(listener.accept().await, "accept after cancelled ones")?;
    check(
        from == succeeds(near.local_address(), "local address")?,
        "the same connection",
    )
}

/// A full backlog leaves connections unanswered, so that one waits and can be cancelled.
async fn connect() -> Result<(), String> {
    let options = ListenOptions {
        backlog: 1,
        ..ListenOptions::default()
    };
    let listener = succeeds(TcpListener::listen(loopback(), options), "listen")?;
    let address = succeeds(listener.local_address(), "local address")?;
    let mut connecting: Vec<_> = (0..8)
        .map(|_| Box::pin(TcpStream::connect(address)))
        .collect();
    let mut connected = Vec::new();
    for connect in &mut connecting {
        if let Poll::Ready(stream) = poll_once(connect.as_mut()) {
            connected.push(succeeds(stream, "connect")?);
        }
    }
    let (_first, _) = succeeds(listener.accept().await, "accept")?;
    drop(connecting);
    drop(listener);
    let refused = TcpStream::connect(address).await;
    equal(
        refused.err(),
        Some(ErrorCode::ConnectionRefused),
        "connect to a closed listener",
    )
}
