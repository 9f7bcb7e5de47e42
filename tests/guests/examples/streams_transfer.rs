//! Bytes from one connection to another within the host: all, some, and none lost when cancelled.

use std::pin::pin;

use aio_guest::{ErrorCode, Ring, ShutdownHow, TcpStream, streams, timers, write_all};
use test_guests::{
    MILLISECOND, Told, check, collect_one, equal, fails, look, pair, poll_once, read_exactly,
    succeeds,
};

aio_guest::main!(run);

/// A sender that feeds the source, and a receiver that the sink feeds.
struct Chain {
    sender: TcpStream,
    source: TcpStream,
    sink: TcpStream,
    receiver: TcpStream,
}

async fn run() -> Result<(), String> {
    nonsense().await?;
    to_the_end().await?;
    a_part().await?;
    cancelled().await?;
    by_ring().await?;
    cancelled_by_ring().await?;
    broken().await
}

async fn chain() -> Result<Chain, String> {
    let (sender, source) = pair().await?;
    let (sink, receiver) = pair().await?;
    Ok(Chain {
        sender,
        source,
        sink,
        receiver,
    })
}

impl Chain {
    async fn transfer(&self, max: Option<u64>) -> Result<u64, ErrorCode> {
        streams::transfer(self.source.as_handle(), self.sink.as_handle(), max).await
    }
}

async fn send(stream: &TcpStream, data: &[u8]) -> Result<(), String> {
    succeeds(write_all(stream, data).await, "write")
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

async fn to_the_end() -> Result<(), String> {
    let chain = chain().await?;
    send(&chain.sender, b"from end to end").await?;
    succeeds(chain.sender.shutdown(ShutdownHow::Send), "shutdown")?;
    equal(
        succeeds(chain.transfer(None).await, "transfer")?,
        15,
        "moved",
    )?;
    let read = read_exactly(&chain.receiver, 15).await?;
    equal(read, b"from end to end".to_vec(), "read")
}

async fn a_part() -> Result<(), String> {
    let chain = chain().await?;
    send(&chain.sender, b"headbody").await?;
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

/// Fills the sink, so that bytes are on their way when the call is cancelled.
async fn cancelled() -> Result<(), String> {
    let chain = chain().await?;
    let sent = fill(&chain).await?;
    {
        let mut transfer = pin!(chain.transfer(None));
        check(poll_once(transfer.as_mut()).is_pending(), "transfer waits")?;
        succeeds(timers::sleep(20 * MILLISECOND).await, "sleep")?;
        check(poll_once(transfer.as_mut()).is_pending(), "transfer waits")?;
    }
    arrive(&chain, sent).await
}

/// Sends numbered bytes until the source is full.
async fn fill(chain: &Chain) -> Result<usize, String> {
    let mut sent = 0;
    loop {
        let mut write = Box::pin(chain.sender.write(numbered(sent, 50_000)));
        match poll_once(write.as_mut()) {
            std::task::Poll::Ready(count) => sent += succeeds(count, "write")? as usize,
            std::task::Poll::Pending => return Ok(sent),
        }
    }
}

fn numbered(begin: usize, length: usize) -> Vec<u8> {
    (begin..begin + length)
        .map(|number| u8::try_from(number % 251).unwrap_or(0))
        .collect()
}

/// Reads what arrived, then what is left with the source: together they are what was sent.
async fn arrive(chain: &Chain, sent: usize) -> Result<(), String> {
    succeeds(chain.sink.shutdown(ShutdownHow::Send), "shutdown")?;
    succeeds(chain.sender.shutdown(ShutdownHow::Send), "shutdown")?;
    let mut all = Vec::new();
    for stream in [&chain.receiver, &chain.source] {
        loop {
            let data = succeeds(stream.read(65_536).await, "read")?;
            if data.is_empty() {
                break;
            }
            all.extend(data);
        }
    }
    equal(all.len(), sent, "bytes")?;
    check(all == numbered(0, sent), "every byte once and in order")
}

async fn by_ring() -> Result<(), String> {
    let chain = chain().await?;
    let (source, sink) = (chain.source.as_handle(), chain.sink.as_handle());
    send(&chain.sender, b"ring").await?;
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

async fn cancelled_by_ring() -> Result<(), String> {
    let chain = chain().await?;
    let (source, sink) = (chain.source.as_handle(), chain.sink.as_handle());
    let mut ring = Ring::new();
    ring.transfer(1, source, sink, None);
    look(&mut ring)?;
    ring.cancel(0, 1).quiet();
    let cancelled = Told::Failed(ErrorCode::Cancelled);
    equal(collect_one(&mut ring)?, cancelled, "nothing was moved")?;
    let sent = fill(&chain).await?;
    ring.transfer(1, source, sink, None);
    for _ in 0..50 {
        look(&mut ring)?;
    }
    ring.cancel(0, 1).quiet();
    match collect_one(&mut ring)? {
        Told::Moved(count) => check(count > 0, "something was moved")?,
        other => return Err(format!("a transfer that was cut short: {other:?}")),
    }
    arrive(&chain, sent).await
}

async fn broken() -> Result<(), String> {
    let chain = chain().await?;
    succeeds(chain.sink.shutdown(ShutdownHow::Send), "shutdown")?;
    send(&chain.sender, b"kept").await?;
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
