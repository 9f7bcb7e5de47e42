//! A guest's standard input, for WASI 0.2 and 0.3: read only when somebody waits for it, and never
//! so that the loop blocks. All streams of one guest share one position.

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

/// How many bytes are read ahead of the guest at most.
const AHEAD_MAX: usize = 64 * 1024;

/// Where the bytes come from.
pub(super) enum Source {
    Bytes(Bytes),
    Fd(aio_loop::fd::Stdio),
}

impl Source {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Bytes(bytes) => Poll::Ready(Ok(copy(bytes, buffer))),
            Self::Fd(fd) => fd.poll_read(cx, buffer),
        }
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bytes(bytes) => Ok(copy(bytes, buffer)),
            Self::Fd(fd) => fd.try_read(buffer),
        }
    }
}

fn copy(bytes: &mut Bytes, buffer: &mut [u8]) -> usize {
    let count = bytes.len().min(buffer.len());
    bytes.copy_to_slice(&mut buffer[..count]);
    count
}

/// The standard input of one guest. Clones read on where another stopped.
#[derive(Clone)]
pub(super) struct Stdin {
    shared: Arc<Mutex<Shared>>,
    terminal: bool,
}

impl Stdin {
    pub(super) fn new(source: Source, terminal: bool) -> Self {
        let shared = Shared {
            source,
            buffer: Vec::new(),
            ahead: 0..0,
            ended: None,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            terminal,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was read and not yet given to the guest.
struct Shared {
    source: Source,
    /// Allocated by the first read: most guests have none.
    buffer: Vec<u8>,
    ahead: Range<usize>,
    /// How the last read ended, if it brought no bytes. Told once, as `read(2)` does: a terminal
    /// goes on after its end.
    ended: Option<io::Result<()>>,
}

impl Shared {
    /// Ready when `take` has something to tell.
    fn poll_filled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_filled() {
            return Poll::Ready(());
        }
        self.buffer.resize(AHEAD_MAX, 0);
        let read = ready!(self.source.poll_read(cx, &mut self.buffer));
        self.filled(read);
        Poll::Ready(())
    }

    /// The same for who does not wait: tells whether `take` has something to tell.
    fn try_fill(&mut self) -> bool {
        if self.is_filled() {
            return true;
        }
        self.buffer.resize(AHEAD_MAX, 0);
        match self.source.try_read(&mut self.buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            read => {
                self.filled(read);
                true
            }
        }
    }

    fn is_filled(&self) -> bool {
        !self.ahead.is_empty() || self.ended.is_some()
    }

    fn filled(&mut self, read: io::Result<usize>) {
        match read {
            Ok(0) => self.ended = Some(Ok(())),
            Ok(count) => self.ahead = 0..count,
            Err(error) => self.ended = Some(Err(error)),
        }
    }

    /// At most `max` of the bytes; none at the end of the input.
    fn take(&mut self, max: usize) -> io::Result<&[u8]> {
        if let Some(ended) = self.ended.take() {
            ended?;
        }
        let start = self.ahead.start;
        self.ahead.start += self.ahead.len().min(max);
        Ok(&self.buffer[start..self.ahead.start])
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        self.terminal
    }
}

impl StdinStream for Stdin {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(Stream {
            stdin: self.clone(),
            closed: false,
        })
    }

    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }
}

/// WASI 0.3.
impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut shared = self.shared();
        ready!(shared.poll_filled(cx));
        buffer.put_slice(shared.take(buffer.remaining())?);
        Poll::Ready(Ok(()))
    }
}

/// WASI 0.2.
struct Stream {
    stdin: Stdin,
    closed: bool,
}

#[async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {
        if !self.closed {
            poll_fn(|cx| self.stdin.shared().poll_filled(cx)).await;
        }
    }
}

#[async_trait]
impl InputStream for Stream {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        let mut shared = self.stdin.shared();
        if size == 0 || !shared.try_fill() {
            return Ok(Bytes::new());
        }
        match shared.take(size) {
            Ok([]) => {
                self.closed = true;
                Err(StreamError::Closed)
            }
            Ok(bytes) => Ok(Bytes::copy_from_slice(bytes)),
            Err(error) => {
                self.closed = true;
                Err(StreamError::LastOperationFailed(error.into()))
            }
        }
    }

    // The one that is provided traps a guest whose tenth wait in a row brought nothing.
    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        loop {
            self.ready().await;
            let bytes = self.read(size)?;
            if size == 0 || !bytes.is_empty() {
                return Ok(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stdin(text: &str) -> Stdin {
        Stdin::new(
            Source::Bytes(Bytes::copy_from_slice(text.as_bytes())),
            false,
        )
    }

    #[test]
    fn two_streams_share_one_position() {
        let stdin = stdin("abcdef");
        let (mut one, mut two) = (stdin.p2_stream(), stdin.p2_stream());
        assert_eq!(one.read(2).unwrap(), "ab");
        assert_eq!(two.read(3).unwrap(), "cde");
        assert_eq!(one.read(usize::MAX).unwrap(), "f");
    }

    #[test]
    fn the_end_of_the_input_closes_a_stream_for_good() {
        let mut stream = stdin("").p2_stream();
        assert!(stream.read(0).unwrap().is_empty());
        assert!(matches!(stream.read(1), Err(StreamError::Closed)));
        assert!(matches!(stream.read(0), Err(StreamError::Closed)));
    }
}
