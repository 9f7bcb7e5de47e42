//! A connection in the making.
//! Dropping it closes the socket: nothing of the attempt remains.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{SocketOptions, TcpSocket, TcpStream};
use crate::Handle;
use crate::core::Interest;

/// How to connect.
#[derive(Clone, Copy, Debug)]
pub struct ConnectOptions {
    /// The address of this end; port 0 lets the OS choose. By default it chooses both.
    pub local: Option<SocketAddr>,
    /// Has small writes sent at once. `true` by default.
    pub nodelay: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            local: None,
            nodelay: true,
        }
    }
}

/// A connection in the making. Made by [`TcpStream::connect`]; dropping it cancels.
#[derive(Debug)]
#[must_use = "a dropped `Connect` is a cancelled one"]
pub struct Connect(Option<TcpStream>);

impl Connect {
    pub(super) fn start(
        handle: &Handle,
        addr: SocketAddr,
        options: &ConnectOptions,
    ) -> io::Result<Self> {
        let socket = TcpSocket::for_address(addr)?;
        if !options.nodelay {
            socket.set_nodelay(false)?;
        }
        if let Some(local) = options.local {
            socket.bind(local)?;
        }
        socket.connect(handle, addr)
    }

    /// Watches a socket whose connection was started.
    pub(super) fn of(handle: &Handle, socket: mio::net::TcpStream) -> io::Result<Self> {
        let stream = TcpStream::new(handle, socket, Interest::Both)?;
        Ok(Self(Some(stream)))
    }

    /// The source of the connection, to attach a port to: its first readiness to write tells the
    /// end.
    ///
    /// `None` once the stream was handed out.
    pub fn registration(&self) -> Option<&crate::Registration> {
        self.0.as_ref().map(TcpStream::registration)
    }

    /// The options of the socket; `None` once the stream was handed out.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn options(&self) -> io::Result<Option<SocketOptions<'_>>> {
        self.0.as_ref().map(TcpStream::options).transpose()
    }

    /// Asks without waiting how the attempt stands: [`io::ErrorKind::WouldBlock`] while it is under
    /// way.
    ///
    /// # Errors
    ///
    /// Why the connection failed; [`io::ErrorKind::NotConnected`] after [`Registration::close`] and
    /// once the stream was handed out.
    ///
    /// [`Registration::close`]: crate::Registration::close
    pub fn try_finish(&mut self) -> io::Result<TcpStream> {
        let stream = self.0.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        stream.registration().try_output(|| stream.established())?;
        self.0
            .take()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.try_finish() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            if let Some(registration) = self.registration() {
                ready!(registration.poll_writable(cx));
            }
        }
    }
}
