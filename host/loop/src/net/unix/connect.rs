//! A connection in the making. Unix sockets connect at once or not at all, but for a listener whose
//! backlog is full: then nobody tells of room, and the attempt is made again after a pause.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::backoff::Backoff;
use super::{UnixStream, UnixTarget};
use crate::Handle;

/// A connection in the making. Made by [`UnixStream::connect`]; dropping it cancels.
///
/// While the backlog of the listener is full the attempt is repeated, after 1 millisecond at first
/// and every 64 in the end. Those who block in the system's own connect are served before.
#[derive(Debug)]
#[must_use = "a dropped `UnixConnect` is a cancelled one"]
pub struct UnixConnect {
    socket: Option<Socket>,
    target: UnixTarget,
    backoff: Backoff,
}

impl UnixConnect {
    pub(super) fn start(handle: &Handle, target: UnixTarget) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: Some(socket),
            target,
            backoff: Backoff::new(handle),
        })
    }

    /// Attempts it now: [`io::ErrorKind::WouldBlock`] when the backlog of the listener is full.
    ///
    /// # Errors
    ///
    /// Why the connection failed; [`io::ErrorKind::NotConnected`] once the stream was handed out.
    pub fn try_finish(&mut self) -> io::Result<UnixStream> {
        let socket = self.socket.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        attempt(socket, &self.target)?;
        let socket = self.socket.take().ok_or(io::ErrorKind::NotConnected)?;
        UnixStream::from_socket(self.backoff.handle(), socket, None)
    }
}

pub(super) fn attempt(socket: &Socket, target: &UnixTarget) -> io::Result<()> {
    match rustix::net::connect(socket, target.address()) {
        // An attempt that was interrupted may have succeeded.
        Err(Errno::INTR) => attempt(socket, target),
        Err(Errno::ISCONN) => Ok(()),
        result => Ok(result?),
    }
}

impl Future for UnixConnect {
    type Output = io::Result<UnixStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.try_finish() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.backoff.poll(cx));
        }
    }
}
