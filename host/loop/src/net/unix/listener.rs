//! Listening for connections by abstract name or in an open directory.
//! The file of the socket goes with the listener.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use socket2::{Domain, SockRef, Socket, Type};

use super::file::SocketFile;
use super::{UnixName, UnixStream, address};
use crate::core::Interest;
use crate::net::SocketOptions;
use crate::net::accept::Acceptor;
use crate::{Handle, Registration};

/// A socket that listens for connections. Dropping it closes it and removes its file.
#[derive(Debug)]
pub struct UnixListener {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::UnixListener,
    acceptor: Acceptor,
    _file: Option<SocketFile>,
}

impl UnixListener {
    /// Listens at the file `name` in `dir`, which is made now; `backlog` connections are kept ready
    /// to be accepted, or as many as the OS allows.
    ///
    /// The name that others see leads through /proc. The file may be used by whom the umask allows.
    ///
    /// # Errors
    ///
    /// `EINVAL` when `name` is empty, `.`, `..`, or has a slash or a NUL; `ENAMETOOLONG` when it is
    /// longer than [`FILE_NAME_MAX`](super::FILE_NAME_MAX); [`io::ErrorKind::AddrInUse`] when
    /// anything has that name, a symbolic link and the socket of one who is gone too;
    /// [`io::ErrorKind::Unsupported`] elsewhere than on Linux with /proc; and what the OS answers.
    pub fn bind_at(
        handle: &Handle,
        dir: BorrowedFd<'_>,
        name: &[u8],
        backlog: i32,
    ) -> io::Result<Self> {
        let socket = new_socket()?;
        let file = SocketFile::bind(&socket, dir, name)?;
        Self::listen(handle, socket, backlog, Some(file))
    }

    /// Listens at an abstract name of 1 to 107 bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an empty name, `ENAMETOOLONG` for one that is too long,
    /// [`io::ErrorKind::AddrInUse`], [`io::ErrorKind::Unsupported`] elsewhere than on Linux, and
    /// what the OS answers.
    pub fn bind_abstract(handle: &Handle, name: &[u8], backlog: i32) -> io::Result<Self> {
        let address = address::of_abstract_name(name)?;
        let socket = new_socket()?;
        rustix::net::bind(&socket, &address)?;
        Self::listen(handle, socket, backlog, None)
    }

    /// Takes over a listening socket and makes it non-blocking. Its file stays when it is dropped.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn from_std(handle: &Handle, socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::new(handle, socket, None)
    }

    fn listen(
        handle: &Handle,
        socket: Socket,
        backlog: i32,
        file: Option<SocketFile>,
    ) -> io::Result<Self> {
        socket.listen(backlog)?;
        Self::new(handle, OwnedFd::from(socket).into(), file)
    }

    pub(super) fn new(
        handle: &Handle,
        socket: std::os::unix::net::UnixListener,
        file: Option<SocketFile>,
    ) -> io::Result<Self> {
        let mut io = mio::net::UnixListener::from_std(socket);
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self {
            registration,
            io,
            acceptor: Acceptor::default(),
            _file: file,
        })
    }

    /// The name that it listens at, as those see it who connect.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_name(&self) -> io::Result<UnixName> {
        let address = SockRef::from(&self.io).local_addr()?;
        Ok(UnixName::new(&address))
    }

    /// Accepts a connection if one waits.
    ///
    /// The listener stays readable until an attempt found nothing: accept until then.
    ///
    /// # Errors
    ///
    /// As for [`TcpListener::try_accept`](crate::net::TcpListener::try_accept).
    pub fn try_accept(&self) -> io::Result<UnixStream> {
        let socket = self
            .acceptor
            .accept(&self.registration, || accept(&self.io))?;
        UnixStream::from_socket(self.registration.handle(), socket, None)
    }

    /// Ready with a connection as soon as one waits; errors are those of
    /// [`UnixListener::try_accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        self.registration.poll_input(cx, || self.try_accept())
    }

    /// Waits for a connection. Dropping the future loses none.
    ///
    /// # Errors
    ///
    /// Those of [`UnixListener::try_accept`].
    pub async fn accept(&self) -> io::Result<UnixStream> {
        self.registration.input(|| self.try_accept()).await
    }

    /// Has the OS keep as many connections ready from now on.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn set_backlog(&self, backlog: i32) -> io::Result<()> {
        SockRef::from(&self.io).listen(backlog)
    }

    /// The options of this socket.
    pub fn options(&self) -> SocketOptions<'_> {
        SocketOptions::unix(SockRef::from(&self.io))
    }

    /// The source of this listener.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }
}

pub(super) fn new_socket() -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Takes one connection and does not ask for its name: mio panics at a name of 108 bytes.
#[cfg(target_os = "linux")]
fn accept(listener: &mio::net::UnixListener) -> io::Result<Socket> {
    use rustix::net::SocketFlags;

    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::accept_with(listener, flags)?.into())
}

/// Takes one connection and leaves its name as the OS wrote it.
#[cfg(not(target_os = "linux"))]
fn accept(listener: &mio::net::UnixListener) -> io::Result<Socket> {
    let (socket, _) = SockRef::from(listener).accept()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}
