//! A TCP socket that is not connected yet and does not listen: set its options, bind it, then turn
//! it into a connection or a listener. Nothing here waits; it is not known to the reactor.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::{Connect, SocketOptions, TcpListener};
use crate::Handle;
use crate::dns::Family;

/// A TCP socket before it is connected or listens. Dropping it closes it.
#[derive(Debug)]
pub struct TcpSocket {
    socket: Socket,
    family: Family,
}

impl TcpSocket {
    /// Makes a socket that has `TCP_NODELAY` set, as the connections it becomes.
    ///
    /// # Errors
    ///
    /// What the OS answers, such as that the process has too many open descriptors.
    pub fn new(family: Family) -> io::Result<Self> {
        let domain = match family {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        Ok(Self { socket, family })
    }

    /// Makes a socket for addresses like `addr`.
    ///
    /// # Errors
    ///
    /// As for [`TcpSocket::new`].
    pub fn for_address(addr: SocketAddr) -> io::Result<Self> {
        Self::new(family(addr))
    }

    /// Binds the socket to `addr`; port 0 lets the OS choose. An address whose connections of old
    /// linger is taken over.
    ///
    /// # Errors
    ///
    /// What the OS answers, [`io::ErrorKind::AddrInUse`] above all; the socket stays as it was.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        // Elsewhere the option of this name lets a second socket steal the port.
        #[cfg(unix)]
        self.socket.set_reuse_address(true)?;
        self.assign(addr)
    }

    /// Binds the socket to `addr`, with the options that it has.
    ///
    /// # Errors
    ///
    /// As for [`TcpSocket::bind`]; [`io::ErrorKind::InvalidInput`] when it is bound.
    pub fn assign(&self, addr: SocketAddr) -> io::Result<()> {
        self.socket.bind(&addr.into())
    }

    /// Starts to connect to `addr`.
    ///
    /// # Errors
    ///
    /// What the OS answers at once; the rest comes out of [`Connect`].
    pub fn connect(self, handle: &Handle, addr: SocketAddr) -> io::Result<Connect> {
        match self.socket.connect(&addr.into()) {
            Err(error) if !is_under_way(&error) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Connect::of(handle, mio::net::TcpStream::from_std(self.socket.into()))
    }

    /// Listens. `backlog` connections are kept ready to be accepted; the OS may cut it.
    ///
    /// # Errors
    ///
    /// What the OS answers, [`io::ErrorKind::AddrInUse`] above all.
    pub fn listen(self, handle: &Handle, backlog: i32) -> io::Result<TcpListener> {
        self.socket.listen(backlog)?;
        TcpListener::of(handle, self.socket)
    }

    /// The address it is bound to; unspecified and of port 0 when it is not.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let addr = self.socket.local_addr()?;
        addr.as_socket()
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Whether an IPv6 socket refuses IPv4. The OS decides by default.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn set_only_v6(&self, only_v6: bool) -> io::Result<()> {
        self.socket.set_only_v6(only_v6)
    }

    /// Shares the port with others who ask for the same. Unix only, elsewhere ignored.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn set_reuse_port(&self, reuse_port: bool) -> io::Result<()> {
        #[cfg(unix)]
        self.socket.set_reuse_port(reuse_port)?;
        #[cfg(not(unix))]
        let _ = reuse_port;
        Ok(())
    }

    /// Has small writes sent at once, or collected. They are sent, until set otherwise.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(nodelay)
    }

    /// The options of the socket.
    pub fn options(&self) -> SocketOptions<'_> {
        SocketOptions::new(SockRef::from(&self.socket), self.family)
    }
}

/// The family of `addr`.
pub(super) fn family(addr: SocketAddr) -> Family {
    match addr {
        SocketAddr::V4(_) => Family::V4,
        SocketAddr::V6(_) => Family::V6,
    }
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    use rustix::io::Errno;
    Errno::from_io_error(error) == Some(Errno::INPROGRESS)
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
