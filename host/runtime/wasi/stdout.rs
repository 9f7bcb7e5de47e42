//! An output as WASI 0.2 and 0.3 see it: any number of streams into the one buffer.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::stdio::stdout::{Failure, PERMITTED_MAX, Place, Stdout};

impl IsTerminal for Stdout {
    fn is_terminal(&self) -> bool {
        self.is_terminal()
    }
}

impl StdoutStream for Stdout {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Stream {
            output: self.clone(),
            flush: None,
            closed: false,
        })
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer {
            place: Place::new(self),
            output: self.clone(),
        })
    }
}

/// WASI 0.3.
struct Writer {
    output: Stdout,
    place: Place,
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.place.poll_room(cx));
        Poll::Ready(self.output.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.place.poll_until(cx, |shared| shared.buffer.is_empty()));
        self.output.shared().check()?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// WASI 0.2.
struct Stream {
    output: Stdout,
    /// How many bytes must be written before the flush is done that was asked for.
    flush: Option<u64>,
    closed: bool,
}

impl Stream {
    fn check(&mut self) -> StreamResult<()> {
        let result = self.output.shared().check();
        self.told(result)
    }

    /// The first failure has a reason; after it, the stream is closed.
    fn told(&mut self, result: Result<(), Failure>) -> StreamResult<()> {
        let Err(failure) = result else { return Ok(()) };
        let told = std::mem::replace(&mut self.closed, true);
        if told || failure.kind == io::ErrorKind::BrokenPipe {
            return Err(StreamError::Closed);
        }
        Err(StreamError::LastOperationFailed(
            io::Error::from(failure).into(),
        ))
    }
}

#[async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {
        let flush = self.flush.unwrap_or(0);
        let place = Place::new(&self.output);
        poll_fn(|cx| place.poll_until(cx, |shared| shared.is_written(flush) && shared.room() > 0))
            .await;
    }
}

#[async_trait]
impl OutputStream for Stream {
    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        let shared = self.output.shared();
        if self.flush.is_some_and(|count| !shared.is_written(count)) {
            return Ok(0);
        }
        self.flush = None;
        Ok(shared.room())
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let permitted = {
            let shared = self.output.shared();
            bytes.len() <= shared.max && shared.buffer.len() + bytes.len() <= PERMITTED_MAX
        };
        if !permitted {
            return Err(StreamError::trap(
                "wrote more bytes than check-write permitted",
            ));
        }
        let result = self.output.write(&bytes);
        self.told(result)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()?;
        self.flush = Some(self.output.shared().taken);
        Ok(())
    }

    // The one that is provided traps a guest whose tenth wait in a row brought nothing.
    async fn write_ready(&mut self) -> StreamResult<usize> {
        loop {
            self.ready().await;
            let room = self.check_write()?;
            if room > 0 {
                return Ok(room);
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
