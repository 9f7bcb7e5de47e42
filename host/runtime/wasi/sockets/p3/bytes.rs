//! A connection as the two byte streams of 0.3: bytes go between the socket and the guest's memory
//! directly, as the guest reads and writes. The end of a stream is the end of that half.

use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use futures_channel::oneshot::Sender;
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult};
use wasmtime::{AsContextMut, Result, StoreContextMut};
use wit::types::ErrorCode;

use super::wit;
use crate::imports::io::READ_MAX;
use crate::wasi::sockets::code::Code;
use crate::wasi::sockets::tcp::Connection;

type Polled = Poll<Result<StreamResult>>;

/// One direction of a connection, and who is to be told how it ended.
pub(super) struct Half {
    connection: Arc<Connection>,
    end: Option<Sender<Result<(), ErrorCode>>>,
    which: Shutdown,
}

/// From the socket into the guest's buffer.
pub(super) struct Receive(Half);

/// From the guest's buffer into the socket.
pub(super) struct Send(Half);

impl Receive {
    pub(super) fn new(connection: Arc<Connection>, end: Sender<Result<(), ErrorCode>>) -> Self {
        Self(Half::new(connection, end, Shutdown::Read))
    }
}

impl Send {
    pub(super) fn new(connection: Arc<Connection>, end: Sender<Result<(), ErrorCode>>) -> Self {
        Self(Half::new(connection, end, Shutdown::Write))
    }
}

impl Half {
    fn new(
        connection: Arc<Connection>,
        end: Sender<Result<(), ErrorCode>>,
        which: Shutdown,
    ) -> Self {
        Self {
            connection,
            end: Some(end),
            which,
        }
    }

    fn tell(&mut self, result: Result<(), ErrorCode>) {
        if let Some(end) = self.end.take() {
            // A guest that dropped the future does not want to know.
            drop(end.send(result));
        }
    }

    fn ended(&mut self, result: Result<(), ErrorCode>) -> Polled {
        self.tell(result);
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // A half that ended by itself is not ended once more.
        if self.end.is_none() {
            return;
        }
        if let Err(error) = self.connection.stream.shutdown(self.which) {
            tracing::debug!("end a half of a connection: {error}");
        }
        self.tell(Ok(()));
    }
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
    ) -> Polled {
        let half = &mut self.0;
        let stream = &half.connection.stream;
        if destination.remaining(store.as_context_mut()) == Some(0) {
            return finished(stream.registration().poll_readable(cx), finish);
        }
        let mut destination = destination.as_direct(store, READ_MAX);
        match stream.poll_read(cx, destination.remaining()) {
            Poll::Ready(Ok(0)) => half.ended(Ok(())),
            Poll::Ready(Ok(count)) => {
                destination.mark_written(count);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(error)) => half.ended(Err(Code::from(error).into())),
            Poll::Pending => finished(Poll::Pending, finish),
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
    ) -> Polled {
        let half = &mut self.0;
        let stream = &half.connection.stream;
        let mut source = source.as_direct(store);
        if source.remaining().is_empty() {
            return finished(stream.registration().poll_writable(cx), finish);
        }
        match stream.poll_write(cx, source.remaining()) {
            Poll::Ready(Ok(count)) => {
                source.mark_read(count);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(error)) => half.ended(Err(Code::from(error).into())),
            Poll::Pending => finished(Poll::Pending, finish),
        }
    }
}

/// What waits is cancelled when the guest wants to be done; nothing was transferred then.
fn finished(ready: Poll<()>, finish: bool) -> Polled {
    match ready {
        Poll::Ready(()) => Poll::Ready(Ok(StreamResult::Completed)),
        Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
        Poll::Pending => Poll::Pending,
    }
}
