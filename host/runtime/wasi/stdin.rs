//! A guest's standard input as WASI 0.2 and 0.3 see it: any number of streams of one position.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::stdio::stdin::Stdin;

/// The most bytes that one read returns.
const READ_MAX: usize = 64 * 1024;

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        self.is_terminal()
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
        let room = buffer.initialize_unfilled();
        let count = ready!(Self::poll_read(&self, cx, room))?;
        buffer.advance(count);
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
            poll_fn(|cx| self.stdin.poll_readable(cx)).await;
        }
    }
}

#[async_trait]
impl InputStream for Stream {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let mut buffer = BytesMut::zeroed(size.min(READ_MAX));
        match self.stdin.try_read(&mut buffer) {
            Ok(0) => {
                self.closed = true;
                Err(StreamError::Closed)
            }
            Ok(count) => {
                buffer.truncate(count);
                Ok(buffer.freeze())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Bytes::new()),
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
    use crate::stdio::stdin::Source;

    fn stdin(text: &str) -> Stdin {
        Stdin::new(Source::bytes(text.as_bytes().to_vec()), false)
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
