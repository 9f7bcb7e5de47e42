//! Transfers within the host: a sender that feeds the source, and a receiver that the sink feeds.

use std::pin::pin;
use std::task::Poll;

use aio_guest::{
    ByteStream, ErrorCode, ShutdownHow, read_to_end, streams, timers, unix, write_all,
};

use crate::{MILLISECOND, check, equal, poll_once, succeeds};

/// A kind of connection.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Over the loopback.
    Tcp,
    /// Without a name.
    Unix,
}

impl Kind {
    /// Connects this guest to itself.
    pub async fn pair(self) -> Result<(ByteStream, ByteStream), String> {
        match self {
            Self::Unix => succeeds(unix::pair(), "pair"),
            Self::Tcp => {
                let (near, far) = crate::pair().await?;
                let ends = (near.as_handle(), far.as_handle());
                // The first of two resources that is dropped closes the stream.
                std::mem::forget((near, far));
                let stream = |handle| succeeds(ByteStream::by_handle(handle), "stream");
                Ok((stream(ends.0)?, stream(ends.1)?))
            }
        }
    }
}

/// Two connections, and a transfer between them.
pub struct Chain {
    /// Feeds the source.
    pub sender: ByteStream,
    /// Where bytes are taken from.
    pub source: ByteStream,
    /// Where they are passed on to.
    pub sink: ByteStream,
    /// Is fed by the sink.
    pub receiver: ByteStream,
}

impl Chain {
    /// Makes a chain of two connections.
    pub fn new(from: (ByteStream, ByteStream), to: (ByteStream, ByteStream)) -> Self {
        let ((sender, source), (sink, receiver)) = (from, to);
        Self {
            sender,
            source,
            sink,
            receiver,
        }
    }

    /// Moves up to `max` bytes by the import.
    pub async fn transfer(&self, max: Option<u64>) -> Result<u64, ErrorCode> {
        streams::transfer(self.source.as_handle(), self.sink.as_handle(), max).await
    }

    /// Sends all of `data` to the source.
    pub async fn send(&self, data: &[u8]) -> Result<(), String> {
        succeeds(write_all(&self.sender, data).await, "write")
    }

    /// Fills the sink, so that bytes are on their way when the call is cancelled.
    pub async fn cancelled(self) -> Result<(), String> {
        let sent = self.fill()?;
        {
            let mut transfer = pin!(self.transfer(None));
            check(poll_once(transfer.as_mut()).is_pending(), "transfer waits")?;
            succeeds(timers::sleep(20 * MILLISECOND).await, "sleep")?;
            check(poll_once(transfer.as_mut()).is_pending(), "transfer waits")?;
        }
        self.arrive(sent).await
    }

    /// Sends numbered bytes until the source is full.
    pub fn fill(&self) -> Result<usize, String> {
        let mut sent = 0;
        loop {
            let mut write = Box::pin(self.sender.write(numbered(sent, 50_000)));
            match poll_once(write.as_mut()) {
                Poll::Ready(count) => sent += succeeds(count, "write")? as usize,
                Poll::Pending => return Ok(sent),
            }
        }
    }

    /// Reads what arrived, then what is left with the source: together they are what was sent.
    pub async fn arrive(&self, sent: usize) -> Result<(), String> {
        succeeds(self.sink.shutdown(ShutdownHow::Send), "shutdown")?;
        succeeds(self.sender.shutdown(ShutdownHow::Send), "shutdown")?;
        let mut all = Vec::new();
        for stream in [&self.receiver, &self.source] {
            all.extend(succeeds(read_to_end(stream).await, "read")?);
        }
        equal(all.len(), sent, "bytes")?;
        check(all == numbered(0, sent), "every byte once and in order")
    }
}

/// Bytes that tell where they are in the order of all.
pub fn numbered(begin: usize, length: usize) -> Vec<u8> {
    (begin..begin + length)
        .map(|number| u8::try_from(number % 251).unwrap_or(0))
        .collect()
}
