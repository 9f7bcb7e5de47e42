//! Connections as `stream<u8>`: bytes go between the socket and the guest's memory directly, as the
//! guest reads and writes, so that back-pressure reaches the peer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use futures_channel::oneshot;
use wasmtime::component::{
    Access, Accessor, Destination, FutureReader, Source, StreamConsumer, StreamProducer,
    StreamReader, StreamResult,
};
use wasmtime::{AsContextMut, Result, StoreContextMut};

use super::Imports;
use super::convert::error_code;
use super::io::READ_MAX;
use super::wit::types::ErrorCode;
use crate::interrupt::Interrupt;
use crate::stream::Stream;

type Code<T> = Result<T, ErrorCode>;

/// Tells once how a direction ended; dropped untold, it ended well.
struct End<T>(Option<oneshot::Sender<T>>);

impl<T> End<T> {
    fn tell(&mut self, result: T) {
        if let Some(sender) = self.0.take() {
            // A guest that dropped the future does not want to know.
            drop(sender.send(result));
        }
    }
}

/// From the socket into the guest's buffer.
struct Receive {
    stream: Arc<Stream>,
    end: End<Code<()>>,
}

pub(super) fn receive<T>(
    mut store: Access<'_, T, Imports>,
    handle: u64,
) -> Result<(StreamReader<u8>, FutureReader<Code<()>>)> {
    let (sender, result) = oneshot::channel();
    let mut end = End(Some(sender));
    // The producer is gone once the guest drops the reader: that is a good end.
    let result = async move { wasmtime::error::Ok(result.await.unwrap_or(Ok(()))) };
    let waiting = store.get().waiting_stream(handle);
    let reader = match waiting {
        Ok((stream, ..)) => StreamReader::new(&mut store, Receive { stream, end })?,
        Err(code) => {
            end.tell(Err(code));
            StreamReader::new(&mut store, std::iter::empty())?
        }
    };
    Ok((reader, FutureReader::new(&mut store, result)?))
}

impl<D> StreamProducer<D> for Receive {
    type Item = u8;
    type Buffer = BytesMut;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        destination: Destination<'a, u8, BytesMut>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if destination.remaining(store.as_context_mut()) == Some(0) {
            return finished(self.stream.poll_readable(cx), finish);
        }
        let mut destination = destination.as_direct(store, READ_MAX);
        match self.stream.poll_read(cx, destination.remaining()) {
            Poll::Ready(Ok(0)) => self.ended(Ok(())),
            Poll::Ready(Ok(count)) => {
                destination.mark_written(count);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(error)) => self.ended(Err(error_code("read", &error))),
            Poll::Pending => finished(Poll::Pending, finish),
        }
    }
}

impl Receive {
    fn ended(&mut self, result: Code<()>) -> Poll<Result<StreamResult>> {
        self.end.tell(result);
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

/// What waits is cancelled when the guest wants to be done; nothing was transferred then.
fn finished(ready: Poll<()>, finish: bool) -> Poll<Result<StreamResult>> {
    match ready {
        Poll::Ready(()) => Poll::Ready(Ok(StreamResult::Completed)),
        Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
        Poll::Pending => Poll::Pending,
    }
}

/// From the guest's buffer into the socket.
struct Send {
    stream: Arc<Stream>,
    written: u64,
    end: End<Code<u64>>,
}

pub(super) async fn send<T>(
    store: &Accessor<T, Imports>,
    handle: u64,
    data: StreamReader<u8>,
) -> Result<Code<u64>> {
    let (sender, result) = oneshot::channel();
    let end = End(Some(sender));
    let interrupt = store.with(|access| pipe(access, handle, data, end))?;
    Ok(match interrupt {
        Ok(interrupt) => match interrupt.or_stop(result).await {
            Ok(result) => result.unwrap_or(Err(ErrorCode::Closed)),
            Err(stopped) => Err(stopped.into()),
        },
        Err(code) => Err(code),
    })
}

/// Connects the guest's stream to the socket; what comes of it is told by `end`.
fn pipe<T>(
    mut access: Access<'_, T, Imports>,
    handle: u64,
    mut data: StreamReader<u8>,
    end: End<Code<u64>>,
) -> Result<Code<Interrupt>> {
    match access.get().waiting_stream(handle) {
        Ok((stream, interrupt, _)) => {
            data.pipe(
                &mut access,
                Send {
                    stream,
                    written: 0,
                    end,
                },
            )?;
            Ok(Ok(interrupt))
        }
        Err(code) => {
            data.close(&mut access)?;
            Ok(Err(code))
        }
    }
}

impl<D> StreamConsumer<D> for Send {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let mut source = source.as_direct(store);
        if source.remaining().is_empty() {
            return finished(self.stream.poll_writable(cx), finish);
        }
        match self.stream.poll_write(cx, source.remaining()) {
            Poll::Ready(Ok(count)) => {
                source.mark_read(count);
                self.written += count as u64;
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(error)) => {
                self.end.tell(Err(error_code("write", &error)));
                Poll::Ready(Ok(StreamResult::Dropped))
            }
            Poll::Pending => finished(Poll::Pending, finish),
        }
    }
}

impl Drop for Send {
    fn drop(&mut self) {
        let written = self.written;
        self.end.tell(Ok(written));
    }
}
