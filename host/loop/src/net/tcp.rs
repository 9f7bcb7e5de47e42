//! Connected streams: read on readiness, write at once, ask for writability only after a short
//! write. It buffers nothing: what the OS does not take stays with the caller.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;

use super::unread::Unread;
use super::{Connect, ConnectOptions, SocketOptions, tcp_socket};
use crate::core::Interest;
use crate::{Handle, Registration};

/// A connected socket. Dropping it closes it. All methods take `&self`.
#[derive(Debug)]
pub struct TcpStream {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::TcpStream,
    unread: Unread,
}

impl TcpStream {
    /// Starts to connect to `addr`; the stream has `TCP_NODELAY` set.
    ///
    /// # Errors
    ///
    /// What the OS answers at once; the rest comes out of [`Connect`].
    pub fn connect(handle: &Handle, addr: SocketAddr) -> io::Result<Connect> {
        Self::connect_with(handle, addr, &ConnectOptions::default())
    }

    /// Starts to connect to `addr` as `options` say.
    ///
    /// # Errors
    ///
    /// What the OS answers at once, for the local address above all; the rest comes out of
    /// [`Connect`].
    pub fn connect_with(
        handle: &Handle,
        addr: SocketAddr,
        options: &ConnectOptions,
    ) -> io::Result<Connect> {
        Connect::start(handle, addr, options)
    }

    /// Takes over a connected socket and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn from_std(handle: &Handle, socket: std::net::TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let io = mio::net::TcpStream::from_std(socket);
        Self::new(handle, io, Interest::Readable)
    }

    pub(super) fn new(
        handle: &Handle,
        mut io: mio::net::TcpStream,
        interest: Interest,
    ) -> io::Result<Self> {
        let registration = Registration::new(handle, &mut io, interest)?;
        Ok(Self {
            registration,
            io,
            unread: Unread::default(),
        })
    }

    /// Says how a connection in the making stands: `WouldBlock` while under way.
    pub(super) fn established(&self) -> io::Result<()> {
        if let Some(error) = self.io.take_error()? {
            return Err(error);
        }
        match self.io.peer_addr() {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads what is there, up to the length of `buf`; `Ok(0)` is the end of the stream, or an
    /// empty `buf`.
    ///
    /// Without readiness no system call is made. Less than asked for means that there is no more
    /// for now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.unread
            .or_read(&self.registration, buf, |buf| (&self.io).read(buf))
    }

    /// Takes back bytes that were read: the next read returns them first.
    pub(super) fn unread(&self, bytes: &[u8]) {
        self.unread.give_back(bytes);
        self.registration.mark_readable();
    }

    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Ready as soon as something could be read; errors are those of [`TcpStream::try_read`].
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_input(cx, || self.try_read(buf))
    }

    /// Waits for something to read. A future that is dropped has read nothing.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::try_read`].
    pub async fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.registration.input(|| self.try_read(buf)).await
    }

    /// Writes at once as much of `buf` as the OS takes.
    ///
    /// After a write that came up short no system call is made until the OS has told of room.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.registration
            .try_write(buf.len(), || (&self.io).write(buf))
    }

    /// Writes at once as much of `bufs` as the OS takes, as if they were one.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::try_write`].
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.registration
            .try_write(len, || (&self.io).write_vectored(bufs))
    }

    /// Ready as soon as something could be written; errors are those of [`TcpStream::try_write`].
    pub fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_output(cx, || self.try_write(buf))
    }

    /// Waits until something of `buf` is written. A future that is dropped has written nothing.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::try_write`].
    pub async fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.registration.output(|| self.try_write(buf)).await
    }

    /// Writes all of `buf`. A future that is dropped may have written a part.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::try_write`] but `WouldBlock`.
    pub async fn write_all(&self, buf: &[u8]) -> io::Result<()> {
        let write = |rest: &[u8]| self.try_write(rest);
        self.registration.output_all(buf, write).await
    }

    /// Ends one half of the stream, or both.
    ///
    /// # Errors
    ///
    /// What the OS answers; [`io::ErrorKind::NotConnected`] when the peer has gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.shutdown(how)
    }

    /// The source of this stream.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What the OS answers; [`io::ErrorKind::NotConnected`] when the peer has gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.peer_addr()
    }

    /// Fetches and clears the error that waits on the socket.
    ///
    /// # Errors
    ///
    /// What the OS answers to the question.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.take_error()
    }

    /// The options that a socket has in every state.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn options(&self) -> io::Result<SocketOptions<'_>> {
        let family = tcp_socket::family(self.local_addr()?);
        Ok(SocketOptions::new(self.socket(), family))
    }

    fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.io)
    }
}

/// Options that only a connection has. Errors are what the OS answers.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl TcpStream {
    /// Whether small writes are sent at once. They are, until set otherwise.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.nodelay()
    }

    /// Has small writes sent at once, or collected.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.set_nodelay(nodelay)
    }

    /// How long closing waits for what was not sent yet, in whole seconds; `None` when it goes on
    /// unseen.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.socket().linger()
    }

    /// Has closing wait, in whole seconds; of zero it resets the connection.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.socket().set_linger(linger)
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpStream {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.io.as_fd()
    }
}
