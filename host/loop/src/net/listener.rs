//! Listening for connections.
//! An error of one connection never ends the listener; an error of the process is told and the
//! listener rests for a moment.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::accept::{self, Acceptor};
use super::{SocketOptions, TcpStream, tcp_socket};
use crate::core::Interest;
use crate::{Handle, Registration};

/// How to listen.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// Connections the OS keeps ready to be accepted. 1024 by default; the OS may cut it.
    pub backlog: i32,
    /// Takes over an address whose connections of old linger. `true` by default.
    pub reuse_address: bool,
    /// Shares the port with others who ask for the same. `false` by default; Unix only, elsewhere
    /// ignored.
    pub reuse_port: bool,
    /// Whether an IPv6 listener refuses IPv4. The OS decides by default.
    pub v6_only: Option<bool>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            backlog: 1024,
            reuse_address: true,
            reuse_port: false,
            v6_only: None,
        }
    }
}

impl ListenOptions {
    fn listen(&self, addr: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // Elsewhere the option of this name lets a second listener steal the port.
        #[cfg(unix)]
        socket.set_reuse_address(self.reuse_address)?;
        #[cfg(unix)]
        socket.set_reuse_port(self.reuse_port)?;
        if let (Some(v6_only), SocketAddr::V6(_)) = (self.v6_only, addr) {
            socket.set_only_v6(v6_only)?;
        }
        socket.bind(&addr.into())?;
        socket.listen(self.backlog)?;
        Ok(socket)
    }
}

/// A socket that listens for connections. Dropping it closes it.
#[derive(Debug)]
pub struct TcpListener {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::TcpListener,
    inherits_nodelay: bool,
    acceptor: Acceptor,
}

impl TcpListener {
    /// Listens on `addr`; port 0 lets the OS choose.
    ///
    /// # Errors
    ///
    /// What the OS answers, [`io::ErrorKind::AddrInUse`] above all.
    pub fn bind(handle: &Handle, addr: SocketAddr, options: &ListenOptions) -> io::Result<Self> {
        Self::of(handle, options.listen(addr)?)
    }

    /// Takes over a socket that listens already, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for a socket that does not listen, and what the OS answers.
    pub fn from_std(handle: &Handle, socket: std::net::TcpListener) -> io::Result<Self> {
        let socket = Socket::from(socket);
        if !listens(&socket)? {
            let what = "take over a listener: the socket does not listen";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        socket.set_nonblocking(true)?;
        let mut listener = Self::of(handle, socket)?;
        // What waits already came before the option was set.
        listener.inherits_nodelay = false;
        Ok(listener)
    }

    /// Copies the listener that a parent process passed as descriptor `number`, which stays open as
    /// well.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for what does not listen for TCP connections, and what the
    /// OS answers to a number that is not open.
    #[cfg(unix)]
    pub fn passed(number: std::os::fd::RawFd) -> io::Result<std::net::TcpListener> {
        let socket = Socket::from(crate::sys::duplicate(number)?);
        let tcp = listens(&socket)? && socket.local_addr()?.as_socket().is_some();
        if tcp {
            Ok(socket.into())
        } else {
            let what = "it does not listen for TCP connections";
            Err(io::Error::new(io::ErrorKind::InvalidInput, what))
        }
    }

    /// Watches a socket that listens.
    pub(super) fn of(handle: &Handle, socket: Socket) -> io::Result<Self> {
        // Accepted sockets inherit it here, which saves a system call for each.
        if INHERITS_NODELAY {
            socket.set_tcp_nodelay(true)?;
        }
        let mut io = mio::net::TcpListener::from_std(socket.into());
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self {
            registration,
            io,
            inherits_nodelay: INHERITS_NODELAY,
            acceptor: Acceptor::default(),
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// Changes how many connections the OS keeps ready to be accepted; it may cut the number.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn set_backlog(&self, backlog: i32) -> io::Result<()> {
        SockRef::from(&self.io).listen(backlog)
    }

    /// The options of the socket.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn options(&self) -> io::Result<SocketOptions<'_>> {
        let family = tcp_socket::family(self.local_addr()?);
        Ok(SocketOptions::new(SockRef::from(&self.io), family))
    }

    /// Accepts a connection if one waits, and sets `TCP_NODELAY` on it.
    ///
    /// The listener stays readable until an attempt found nothing: accept until then.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when none waits. An error of the process, such as too many
    /// open descriptors, leaves the connection where it is, and the listener rests for
    /// [`REST`](Self::REST): whoever accepts in a loop does not spin. Errors of one connection are
    /// skipped with that connection. [`io::ErrorKind::NotConnected`] after [`Registration::close`].
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, addr) = self
            .acceptor
            .accept(&self.registration, || self.io.accept())?;
        if !self.inherits_nodelay {
            SockRef::from(&socket).set_tcp_nodelay(true)?;
        }
        let stream = TcpStream::new(self.registration.handle(), socket, Interest::Readable)?;
        Ok((stream, addr))
    }

    /// How long a listener counts as not readable after an error of the process. The next
    /// connection that comes ends it early.
    pub const REST: Duration = accept::REST;

    /// Ready with a connection as soon as one waits; errors are those of
    /// [`TcpListener::try_accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.registration.poll_input(cx, || self.try_accept())
    }

    /// Waits for a connection. Dropping the future loses none.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::try_accept`].
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.registration.input(|| self.try_accept()).await
    }

    /// The source of this listener.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }
}

const INHERITS_NODELAY: bool = cfg!(target_os = "linux");

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn listens(socket: &Socket) -> io::Result<bool> {
    socket.is_listener()
}

/// Where the OS cannot be asked, accepting tells.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn listens(_socket: &Socket) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpListener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.io.as_fd()
    }
}
