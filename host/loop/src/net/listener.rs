//! Listening for connections.
//! An error of one connection never ends the listener; an error of the process is told and the
//! listener stays ready.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

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

    /// Watches a socket that listens.
    pub(super) fn of(handle: &Handle, socket: Socket) -> io::Result<Self> {
        // Accepted sockets inherit it here, which saves a system call for each.
        if INHERITS_NODELAY {
            socket.set_tcp_nodelay(true)?;
        }
        let mut io = mio::net::TcpListener::from_std(socket.into());
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self { registration, io })
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
    /// open descriptors, leaves the connection where it is and the listener readable. Errors of one
    /// connection are skipped with that connection. [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`].
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, addr) = self.registration.try_input(|| self.accept_one())?;
        if !INHERITS_NODELAY {
            SockRef::from(&socket).set_tcp_nodelay(true)?;
        }
        let stream = TcpStream::new(self.registration.handle(), socket, Interest::Readable)?;
        Ok((stream, addr))
    }

    fn accept_one(&self) -> io::Result<(mio::net::TcpStream, SocketAddr)> {
        loop {
            match self.io.accept() {
                // Each takes one connection out of the queue, so this ends.
                Err(error) if concerns_one_connection(&error) => {
                    tracing::debug!("accept a connection: {error}");
                }
                result => return result,
            }
        }
    }

    /// Ready with a connection as soon as one waits; errors are those of
    /// [`TcpListener::try_accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        loop {
            match self.try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.registration.poll_readable(cx));
        }
    }

    /// Waits for a connection. Dropping the future loses none.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::try_accept`].
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            match self.try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            self.registration.readable().await;
        }
    }

    /// The source of this listener.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }
}

const INHERITS_NODELAY: bool = cfg!(target_os = "linux");

/// Errors that the network left on a connection in the queue; see the notes of accept(2).
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
    ) || is_protocol_error(error)
}

#[cfg(unix)]
fn is_protocol_error(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        errno,
        Some(Errno::PROTO | Errno::NOPROTOOPT | Errno::HOSTDOWN | Errno::OPNOTSUPP | Errno::PERM)
    )
}

#[cfg(not(unix))]
fn is_protocol_error(_error: &io::Error) -> bool {
    false
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpListener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.io.as_fd()
    }
}
