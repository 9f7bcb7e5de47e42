//! A listener as a stream of sockets. What is not accepted for want of descriptors, or of room in
//! the guest's quota, is left to the OS and tried again after a while: the stream has no errors.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aio_loop::Sleep;
use wasmtime::component::{Destination, Resource, StreamProducer, StreamResult};
use wasmtime::{AsContextMut, Result, StoreContextMut};
use wit::types::TcpSocket;

use super::tcp::Socket;
use super::wit;
use crate::state::State;
use crate::wasi::sockets::tcp::{AcceptError, Listener, Tcp};
use crate::wasi::sockets::theirs;

/// How long a connection is left to wait that could not be accepted.
const RETRY: Duration = Duration::from_millis(100);

/// Connections as they come in.
pub(super) struct Accept<T> {
    listener: Arc<Listener>,
    state: fn(&mut T) -> &mut State,
    retry: Option<Sleep>,
}

impl<T> Accept<T> {
    pub(super) fn new(listener: Arc<Listener>, state: fn(&mut T) -> &mut State) -> Self {
        Self {
            listener,
            state,
            retry: None,
        }
    }

    /// Ready unless the last attempt failed a moment ago.
    fn poll_retry(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(retry) = &mut self.retry {
            std::task::ready!(Pin::new(retry).poll(cx));
            self.retry = None;
        }
        Poll::Ready(())
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
        state: &mut State,
    ) -> Poll<Result<Resource<TcpSocket>>> {
        loop {
            std::task::ready!(self.poll_retry(cx));
            let accepted = self.listener.try_accept(&state.io());
            match accepted {
                Ok(tcp) => return Poll::Ready(push(state, tcp)),
                Err(AcceptError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::task::ready!(self.listener.listener.registration().poll_readable(cx));
                }
                Err(error) => {
                    tracing::debug!("accept a connection: {error:?}");
                    self.retry = Some(state.handle.sleep(RETRY));
                }
            }
        }
    }
}

fn push(state: &mut State, tcp: Tcp) -> Result<Resource<TcpSocket>> {
    Ok(theirs(&state.table.push(Socket::new(tcp))?))
}

impl<T: 'static> StreamProducer<T> for Accept<T> {
    type Item = Resource<TcpSocket>;
    type Buffer = Option<Self::Item>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, T>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let readiness_only = destination.remaining(store.as_context_mut()) == Some(0);
        let state = (self.state)(store.data_mut());
        let accepted = if readiness_only {
            let ready = self.listener.listener.registration().poll_readable(cx);
            ready.map(|()| Ok(None))
        } else {
            self.poll_accept(cx, state).map_ok(Some)
        };
        match accepted {
            Poll::Ready(Ok(socket)) => {
                if socket.is_some() {
                    destination.set_buffer(socket);
                }
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(trap)) => Poll::Ready(Err(trap)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
