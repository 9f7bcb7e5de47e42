//! Unix datagrams: whole or not at all, in order, and never lost on the way.
//! A sender waits for room in the queue of the receiver, which holds few.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram as Socket;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use socket2::SockRef;

use super::backoff::Backoff;
use super::credentials::{self, Credentials};
use super::file::SocketFile;
use super::{NO_SIGNAL, UnixName, UnixTarget, address};
use crate::core::Interest;
use crate::net::SocketOptions;
use crate::{Handle, Registration, sys};

/// A datagram that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// How many bytes of the buffer it takes; may be none.
    pub len: usize,
    /// Whether bytes that found no room in the buffer are lost.
    pub truncated: bool,
    /// Who sent it.
    pub from: UnixName,
}

/// A datagram socket. Dropping it closes it and removes its file. All methods take `&self`.
#[derive(Debug)]
pub struct UnixDatagram {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::UnixDatagram,
    file: OnceLock<SocketFile>,
}

impl UnixDatagram {
    /// Makes a socket without a name: nobody can send to it.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn unbound(handle: &Handle) -> io::Result<Self> {
        Self::new(handle, Socket::unbound()?, OnceLock::new())
    }

    /// Makes a socket with the file `name` in `dir`, which is made now.
    ///
    /// The name that others see leads through /proc: processes of the same user may send to it for
    /// as long as the socket is open.
    ///
    /// # Errors
    ///
    /// As for [`UnixListener::bind_at`](super::UnixListener::bind_at).
    pub fn bind_at(handle: &Handle, dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<Self> {
        let socket = Socket::unbound()?;
        let file = SocketFile::bind(&socket, dir, name)?;
        Self::new(handle, socket, OnceLock::from(file))
    }

    /// Makes a socket with an abstract name of 1 to 107 bytes.
    ///
    /// # Errors
    ///
    /// As for [`UnixListener::bind_abstract`](super::UnixListener::bind_abstract).
    pub fn bind_abstract(handle: &Handle, name: &[u8]) -> io::Result<Self> {
        let address = address::of_abstract_name(name)?;
        let socket = Socket::unbound()?;
        rustix::net::bind(&socket, &address)?;
        Self::new(handle, socket, OnceLock::new())
    }

    /// Gives a socket the file `name` in `dir`, which is made now and stays.
    ///
    /// # Errors
    ///
    /// As for [`UnixDatagram::bind_at`], and `EINVAL` when it has a name.
    pub fn assign_at(&self, dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
        let file = SocketFile::bind(&self.io, dir, name)?;
        // The OS binds a socket once, and so there was none.
        self.file.get_or_init(|| file.staying());
        Ok(())
    }

    /// Gives a socket an abstract name of 1 to 107 bytes.
    ///
    /// # Errors
    ///
    /// As for [`UnixDatagram::bind_abstract`], and `EINVAL` when it has a name.
    pub fn assign_abstract(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::net::bind(
            &self.io,
            &address::of_abstract_name(name)?,
        )?)
    }

    /// Makes two sockets that are connected to each other and have no names.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn pair(handle: &Handle) -> io::Result<(Self, Self)> {
        let (near, far) = Socket::pair()?;
        Ok((
            Self::new(handle, near, OnceLock::new())?,
            Self::new(handle, far, OnceLock::new())?,
        ))
    }

    /// Takes over a socket and makes it non-blocking. Its file stays when it is dropped.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn from_std(handle: &Handle, socket: Socket) -> io::Result<Self> {
        Self::new(handle, socket, OnceLock::new())
    }

    fn new(handle: &Handle, socket: Socket, file: OnceLock<SocketFile>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let mut io = mio::net::UnixDatagram::from_std(socket);
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self {
            registration,
            io,
            file,
        })
    }

    /// Makes `target` the peer: it is sent to, and nobody else is received from.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::PermissionDenied`] when the target has another peer, and what else the OS
    /// answers.
    pub fn connect(&self, target: &UnixTarget) -> io::Result<()> {
        let connect = || rustix::net::connect(&self.io, target.address());
        Ok(rustix::io::retry_on_intr(connect)?)
    }

    /// Receives a datagram into `buf` if one is there; what finds no room in `buf` is lost. Without
    /// readiness no system call is made.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when none is there, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<Received> {
        let socket = || SockRef::from(&self.io);
        let message = self
            .registration
            .try_input(|| sys::receive(socket(), buf))?;
        Ok(Received {
            len: message.len,
            truncated: message.truncated,
            from: UnixName::new(&message.from),
        })
    }

    /// Ready as soon as a datagram is there; errors are those of [`UnixDatagram::try_recv`].
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<Received>> {
        self.registration.poll_input(cx, || self.try_recv(buf))
    }

    /// Waits for a datagram. A future that is dropped has received none.
    ///
    /// # Errors
    ///
    /// Those of [`UnixDatagram::try_recv`].
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<Received> {
        self.registration.input(|| self.try_recv(buf)).await
    }

    /// Sends a datagram to the peer.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, here or at the peer's;
    /// [`io::ErrorKind::ConnectionRefused`] when the peer has gone; [`io::ErrorKind::NotConnected`]
    /// without a peer and after [`Registration::close`]; `EMSGSIZE` when it is too long for the
    /// send buffer; and what else the OS answers.
    pub fn try_send(&self, buf: &[u8]) -> io::Result<()> {
        let send = || Ok(rustix::net::send(&self.io, buf, NO_SIGNAL)?);
        self.registration.try_write(buf.len(), send)?;
        Ok(())
    }

    /// Ready as soon as the datagram is sent; errors are those of [`UnixDatagram::try_send`].
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<()>> {
        self.registration.poll_output(cx, || self.try_send(buf))
    }

    /// Waits until the datagram is sent. A future that is dropped has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`UnixDatagram::try_send`].
    pub async fn send(&self, buf: &[u8]) -> io::Result<()> {
        self.registration.output(|| self.try_send(buf)).await
    }

    /// Sends a datagram to `target`, whoever the peer is.
    ///
    /// # Errors
    ///
    /// Those of [`UnixDatagram::try_send`]. After `WouldBlock` the readiness of this socket tells
    /// nothing of the queue of the target: [`UnixDatagram::send_to`] waits for it.
    pub fn try_send_to(&self, buf: &[u8], target: &UnixTarget) -> io::Result<()> {
        self.registration.attempt()?;
        let send = || rustix::net::sendto(&self.io, buf, NO_SIGNAL, target.address());
        rustix::io::retry_on_intr(send)?;
        Ok(())
    }

    /// Waits until the datagram is sent to `target`. A future that is dropped has sent nothing.
    ///
    /// While the queue of the target is full, the attempt is repeated after 1 millisecond at first
    /// and every 64 in the end, because nobody tells of room there.
    ///
    /// # Errors
    ///
    /// Those of [`UnixDatagram::try_send_to`] but `WouldBlock`.
    pub async fn send_to(&self, buf: &[u8], target: &UnixTarget) -> io::Result<()> {
        let mut backoff = Backoff::new(self.registration.handle());
        poll_fn(|cx| {
            loop {
                match self.try_send_to(buf, target) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
                ready!(backoff.poll(cx));
            }
        })
        .await
    }

    /// Ends one half of the socket, or both.
    ///
    /// # Errors
    ///
    /// What the OS answers; [`io::ErrorKind::NotConnected`] without a peer.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.shutdown(how)
    }

    /// The options of this socket.
    pub fn options(&self) -> SocketOptions<'_> {
        SocketOptions::unix(SockRef::from(&self.io))
    }

    /// The source of this socket.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The name of this socket, as those see it who receive from it.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_name(&self) -> io::Result<UnixName> {
        let address = SockRef::from(&self.io).local_addr()?;
        Ok(UnixName::new(&address))
    }

    /// The name of the peer.
    ///
    /// # Errors
    ///
    /// What the OS answers; [`io::ErrorKind::NotConnected`] without a peer.
    pub fn peer_name(&self) -> io::Result<UnixName> {
        let address = SockRef::from(&self.io).peer_addr()?;
        Ok(UnixName::new(&address))
    }

    /// Who made the pair of which this is one.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] elsewhere than on Linux, and what the OS answers.
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        credentials::of_peer(&self.io)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}
