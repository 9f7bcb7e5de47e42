//! Connected Unix streams. They read and write as TCP streams do; their ends have names and
//! credentials instead of addresses.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use socket2::{SockRef, Socket};

use super::credentials::{self, Credentials};
use super::file::SocketFile;
use super::{UnixConnect, UnixName, UnixTarget};
use crate::core::Interest;
use crate::net::unread::Unread;
use crate::net::{ByteStream, RawSocket, SocketOptions};
use crate::{Handle, Registration};

/// A connected socket. Dropping it closes it. All methods take `&self`.
#[derive(Debug)]
pub struct UnixStream {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::UnixStream,
    unread: Unread,
    _file: Option<SocketFile>,
}

impl UnixStream {
    /// Starts to connect to `target`.
    ///
    /// # Errors
    ///
    /// What the OS answers to the making of the socket; the rest comes out of [`UnixConnect`].
    pub fn connect(handle: &Handle, target: UnixTarget) -> io::Result<UnixConnect> {
        UnixConnect::start(handle, target)
    }

    /// Makes two streams that are connected to each other and have no names.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn pair(handle: &Handle) -> io::Result<(Self, Self)> {
        let (near, far) = mio::net::UnixStream::pair()?;
        Ok((
            Self::new(handle, near, None)?,
            Self::new(handle, far, None)?,
        ))
    }

    /// The options of this socket.
    pub fn options(&self) -> SocketOptions<'_> {
        SocketOptions::unix(SockRef::from(&self.io))
    }

    /// Takes over a connected socket and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn from_std(handle: &Handle, socket: std::os::unix::net::UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::new(handle, mio::net::UnixStream::from_std(socket), None)
    }

    /// Takes over a connected socket that is non-blocking, and the file that it is bound to.
    pub(super) fn from_socket(
        handle: &Handle,
        socket: Socket,
        file: Option<SocketFile>,
    ) -> io::Result<Self> {
        let socket = OwnedFd::from(socket).into();
        Self::new(handle, mio::net::UnixStream::from_std(socket), file)
    }

    fn new(
        handle: &Handle,
        mut io: mio::net::UnixStream,
        file: Option<SocketFile>,
    ) -> io::Result<Self> {
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self {
            registration,
            io,
            unread: Unread::default(),
            _file: file,
        })
    }

    /// Reads what is there, up to the length of `buf`; `Ok(0)` is the end of the stream, or an
    /// empty `buf`.
    ///
    /// Without readiness no system call is made. Less than asked for means that there is no more
    /// for now. Descriptors that the peer sends along are closed.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.unread
            .or_read(&self.registration, buf, |buf| (&self.io).read(buf))
    }

    /// Ready as soon as something could be read; errors are those of [`UnixStream::try_read`].
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_input(cx, || self.try_read(buf))
    }

    /// Waits for something to read. A future that is dropped has read nothing.
    ///
    /// # Errors
    ///
    /// Those of [`UnixStream::try_read`].
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
    /// Those of [`UnixStream::try_write`].
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.registration
            .try_write(len, || (&self.io).write_vectored(bufs))
    }

    /// Ready as soon as something could be written; errors are those of [`UnixStream::try_write`].
    pub fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_output(cx, || self.try_write(buf))
    }

    /// Waits until something of `buf` is written. A future that is dropped has written nothing.
    ///
    /// # Errors
    ///
    /// Those of [`UnixStream::try_write`].
    pub async fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.registration.output(|| self.try_write(buf)).await
    }

    /// Writes all of `buf`. A future that is dropped may have written a part.
    ///
    /// # Errors
    ///
    /// Those of [`UnixStream::try_write`] but `WouldBlock`.
    pub async fn write_all(&self, buf: &[u8]) -> io::Result<()> {
        let write = |rest: &[u8]| self.try_write(rest);
        self.registration.output_all(buf, write).await
    }

    /// Ends one half of the stream, or both.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.shutdown(how)
    }

    /// The source of this stream.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The name of this end: the listener's for one that was accepted, else none.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_name(&self) -> io::Result<UnixName> {
        let address = SockRef::from(&self.io).local_addr()?;
        Ok(UnixName::new(&address))
    }

    /// The name of the other end.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn peer_name(&self) -> io::Result<UnixName> {
        let address = SockRef::from(&self.io).peer_addr()?;
        Ok(UnixName::new(&address))
    }

    /// Who the other end belonged to when it connected, listened or made the pair.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] elsewhere than on Linux, and what the OS answers.
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        credentials::of_peer(&self.io)
    }

    /// Fetches and clears the error that waits on the socket.
    ///
    /// # Errors
    ///
    /// What the OS answers to the question.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.take_error()
    }
}

/// Options of the socket. Errors are what the OS answers.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl UnixStream {
    /// The size in bytes of what the OS receives ahead. Linux counts with the sender's.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(&self.io).recv_buffer_size()
    }

    /// Sets the size in bytes of what the OS receives ahead; it may choose another.
    pub fn set_recv_buffer_size(&self, size: usize) -> io::Result<()> {
        SockRef::from(&self.io).set_recv_buffer_size(size)
    }

    /// The size in bytes of what the OS takes to be sent.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(&self.io).send_buffer_size()
    }

    /// Sets the size in bytes of what the OS takes to be sent; it may choose another.
    pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
        SockRef::from(&self.io).set_send_buffer_size(size)
    }
}

impl ByteStream for UnixStream {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write(cx, buf)
    }

    fn unread(&self, bytes: &[u8]) {
        self.unread.give_back(bytes);
        self.registration.mark_readable();
    }

    fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        Some(RawSocket {
            registration: &self.registration,
            fd: self.as_fd(),
        })
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}
