//! Datagrams: sent and received at once or in a wait, one by one or in batches.
//! A datagram is whole or not at all; what a buffer is too small for is told as truncated.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::{Context, Poll, ready};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::{Inbox, SocketOptions};
use crate::core::Interest;
use crate::dns::Family;
use crate::sys::{self, Outgoing};
use crate::{Handle, Registration};

/// How a socket is opened. Nothing of it is on by default.
#[derive(Clone, Debug, Default)]
pub struct UdpOptions {
    /// Shares an address with others who ask for the same; one of them gets a datagram, all of
    /// them one to a multicast group.
    pub reuse_address: bool,
    /// Shares the port with others who ask for the same, and the datagrams by their peers; Unix
    /// only, elsewhere ignored.
    pub reuse_port: bool,
    /// Whether an IPv6 socket refuses IPv4. The OS decides by default.
    pub v6_only: Option<bool>,
    /// Whether it may send to broadcast addresses.
    pub broadcast: bool,
}

impl UdpOptions {
    fn open(&self, family: Family) -> io::Result<Socket> {
        let domain = match family {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        #[cfg(unix)]
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let (Some(v6_only), Family::V6) = (self.v6_only, family) {
            socket.set_only_v6(v6_only)?;
        }
        if self.broadcast {
            socket.set_broadcast(true)?;
        }
        only_own_groups(&socket, family)?;
        Ok(socket)
    }
}

/// Linux by itself delivers what is sent to a group that any process of the machine has joined.
#[cfg(target_os = "linux")]
fn only_own_groups(socket: &Socket, family: Family) -> io::Result<()> {
    match family {
        Family::V4 => socket.set_multicast_all_v4(false),
        Family::V6 => socket.set_multicast_all_v6(false),
    }
}

#[cfg(not(target_os = "linux"))]
fn only_own_groups(_socket: &Socket, _family: Family) -> io::Result<()> {
    Ok(())
}

/// A datagram that was received, but for its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// How many bytes of the buffer it took; none for an empty datagram.
    pub len: usize,
    /// Who sent it.
    pub from: SocketAddr,
    /// Whether bytes that found no room in the buffer are lost.
    pub truncated: bool,
}

/// A socket for datagrams. Dropping it closes it. All methods take `&self`.
#[derive(Debug)]
pub struct UdpSocket {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::UdpSocket,
    family: Family,
}

impl UdpSocket {
    /// Opens a socket without an address. It gets one by [`UdpSocket::assign`], or from the OS when
    /// it first sends or connects.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn new(handle: &Handle, family: Family, options: &UdpOptions) -> io::Result<Self> {
        Self::from_socket(handle, options.open(family)?, family)
    }

    /// Opens a socket at `addr`; port 0 lets the OS choose.
    ///
    /// # Errors
    ///
    /// What the OS answers, [`io::ErrorKind::AddrInUse`] above all.
    pub fn bind(handle: &Handle, addr: SocketAddr, options: &UdpOptions) -> io::Result<Self> {
        let family = family_of(addr);
        let socket = options.open(family)?;
        socket.bind(&addr.into())?;
        Self::from_socket(handle, socket, family)
    }

    fn from_socket(handle: &Handle, socket: Socket, family: Family) -> io::Result<Self> {
        let mut io = mio::net::UdpSocket::from_std(socket.into());
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self {
            registration,
            io,
            family,
        })
    }

    /// Gives a socket that has no address one.
    ///
    /// # Errors
    ///
    /// What the OS answers; [`io::ErrorKind::InvalidInput`] when it has one.
    pub fn assign(&self, addr: SocketAddr) -> io::Result<()> {
        self.socket().bind(&addr.into())
    }

    /// Makes `addr` the only peer: from now on datagrams of others are not taken in, and it is told
    /// when the peer's host refuses one.
    ///
    /// Those of others that came before are still received.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn connect(&self, addr: SocketAddr) -> io::Result<()> {
        self.io.connect(addr)
    }

    /// Takes [`UdpSocket::connect`] back. The socket keeps its port.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn disconnect(&self) -> io::Result<()> {
        let port = self.local_addr()?.port();
        disconnect(&self.io)?;
        let mut addr = self.local_addr()?;
        // Linux gives up a port that it chose itself.
        if addr.port() == port {
            return Ok(());
        }
        addr.set_port(port);
        self.assign(addr)
    }

    /// Sends `data` to the peer of a connected socket, whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::try_send_to`], and when the socket is not connected.
    pub fn try_send(&self, data: &[u8]) -> io::Result<()> {
        let send = || self.io.send(data);
        self.registration.try_write(data.len(), send).map(drop)
    }

    /// Sends `data` to `addr`, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers: the code of its own for a datagram that is
    /// too large. A connected socket is told here, too, of an earlier datagram that was refused; it
    /// is told once, and this datagram is not sent.
    pub fn try_send_to(&self, data: &[u8], addr: SocketAddr) -> io::Result<()> {
        let send = || self.io.send_to(data, addr);
        self.registration.try_write(data.len(), send).map(drop)
    }

    /// Sends `datagrams` in their order, and at most 64 of them; returns how many. Those after it
    /// are not sent.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::try_send_to`], if it is the first that cannot be sent.
    pub fn try_send_batch(&self, datagrams: &[Outgoing<'_>]) -> io::Result<usize> {
        let count = datagrams.len().min(sys::BATCH_MAX);
        let send = || sys::send_batch(self.socket(), datagrams);
        self.registration.try_write(count, send)
    }

    /// Ready as soon as `data` is sent; errors are those of [`UdpSocket::try_send`] and
    /// [`UdpSocket::try_send_to`]. Without `addr` it goes to the peer of a connected socket.
    pub fn poll_send(
        &self,
        cx: &mut Context<'_>,
        data: &[u8],
        addr: Option<SocketAddr>,
    ) -> Poll<io::Result<()>> {
        loop {
            let sent = match addr {
                Some(addr) => self.try_send_to(data, addr),
                None => self.try_send(data),
            };
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.registration.poll_writable(cx));
        }
    }

    /// Ready as soon as some of `datagrams` are sent; errors are those of
    /// [`UdpSocket::try_send_batch`].
    pub fn poll_send_batch(
        &self,
        cx: &mut Context<'_>,
        datagrams: &[Outgoing<'_>],
    ) -> Poll<io::Result<usize>> {
        self.registration
            .poll_output(cx, || self.try_send_batch(datagrams))
    }

    /// Waits until `data` is sent to the peer of a connected socket. A future that is dropped has
    /// sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::try_send`] but `WouldBlock`.
    pub async fn send(&self, data: &[u8]) -> io::Result<()> {
        self.registration.output(|| self.try_send(data)).await
    }

    /// Waits until `data` is sent to `addr`. A future that is dropped has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::try_send_to`] but `WouldBlock`.
    pub async fn send_to(&self, data: &[u8], addr: SocketAddr) -> io::Result<()> {
        self.registration
            .output(|| self.try_send_to(data, addr))
            .await
    }

    /// Receives a datagram if one waits.
    ///
    /// Without readiness no system call is made. The socket stays readable until an attempt found
    /// nothing: receive until then.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when none waits, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers. A connected socket is told here of a
    /// datagram that was refused, once; what waits is received by the next attempts.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<Received> {
        let receive = || sys::receive(self.socket(), buf);
        let message = self.registration.try_input(receive)?;
        Ok(Received {
            len: message.len,
            from: message.from.as_socket().unwrap_or_else(|| self.unnamed()),
            truncated: message.truncated,
        })
    }

    /// Ready as soon as a datagram waits; errors are those of [`UdpSocket::try_recv_from`].
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<Received>> {
        self.registration.poll_input(cx, || self.try_recv_from(buf))
    }

    /// Waits for a datagram. A future that is dropped has received none.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::try_recv_from`] but `WouldBlock`.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<Received> {
        self.registration.input(|| self.try_recv_from(buf)).await
    }

    /// Receives into `inbox` what waits, as far as it has room; returns how many, at least 1. What
    /// was in the inbox is gone.
    ///
    /// An inbox that was not filled means that there is no more for now.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::try_recv_from`].
    pub fn try_recv_batch(&self, inbox: &mut Inbox) -> io::Result<usize> {
        inbox.clear();
        let room = inbox.room();
        let received = self.registration.try_read(room, || {
            inbox.fill(|bytes, size, heads| sys::receive_batch(self.socket(), bytes, size, heads))
        })?;
        Ok(received)
    }

    /// Ready as soon as `inbox` has received something; errors are those of
    /// [`UdpSocket::try_recv_batch`].
    pub fn poll_recv_batch(
        &self,
        cx: &mut Context<'_>,
        inbox: &mut Inbox,
    ) -> Poll<io::Result<usize>> {
        self.registration
            .poll_input(cx, || self.try_recv_batch(inbox))
    }

    /// The source of this socket.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The family of its addresses.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The address of this socket; of port 0 while it has none.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// The peer of a connected socket.
    ///
    /// # Errors
    ///
    /// What the OS answers; [`io::ErrorKind::NotConnected`] without a peer.
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

    /// The options that sockets of all kinds have.
    pub fn options(&self) -> SocketOptions<'_> {
        SocketOptions::new(self.socket(), self.family)
    }

    pub(super) fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.io)
    }

    fn unnamed(&self) -> SocketAddr {
        let any = match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        };
        SocketAddr::new(any, 0)
    }
}

fn family_of(addr: SocketAddr) -> Family {
    if addr.is_ipv4() {
        Family::V4
    } else {
        Family::V6
    }
}

#[cfg(unix)]
fn disconnect(io: &mio::net::UdpSocket) -> io::Result<()> {
    Ok(rustix::net::connect_unspec(io)?)
}

#[cfg(not(unix))]
fn disconnect(_io: &mio::net::UdpSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
impl std::os::fd::AsFd for UdpSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.io.as_fd()
    }
}
