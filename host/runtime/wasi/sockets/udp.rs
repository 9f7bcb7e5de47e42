//! A UDP socket of WASI: who it is bound to and connected with, whom it may send to and whom it
//! hears. Both skins drive it; it never waits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::dns::Family;
use aio_loop::net::{SocketOptions, UdpOptions, UdpSocket};

use super::address;
use super::code::{Code, Failure};
use super::tcp::socket_permit;
use crate::imports::io::{Io, Place};

/// The most bytes a datagram can have, by its header; the OS takes somewhat less.
const DATAGRAM_MAX: usize = 65_535;

/// How many datagrams that are not for the guest are dropped before others get their turn.
const DROPPED_MAX: usize = 64;

/// A UDP socket of a guest.
pub(super) struct Udp {
    socket: Arc<Datagrams>,
    bound: Option<Bound>,
    peer: Option<SocketAddr>,
}

/// A socket, open for as long as a socket, a stream or a call of the guest holds it.
#[derive(Debug)]
pub(super) struct Datagrams {
    pub(super) socket: UdpSocket,
    /// By which the policy knows whom it has heard.
    number: u64,
    _permit: Place,
}

/// Whom a bound socket hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// The policy grants the address it was bound to: everybody.
    Granted,
    /// It has an address only because it sends: those that it may send to.
    Implied,
}

/// What receives: the socket, and whom it hears.
#[derive(Clone, Debug)]
pub(super) struct Hearing {
    pub(super) socket: Arc<Datagrams>,
    bound: Bound,
    peer: Option<SocketAddr>,
}

/// A datagram that may be sent.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) socket: Arc<Datagrams>,
    /// None for the peer of the socket.
    to: Option<SocketAddr>,
}

impl Udp {
    pub(super) fn new(io: &mut Io, family: Family) -> Result<Self, Failure> {
        let permit = socket_permit(io)?;
        let options = UdpOptions {
            v6_only: Some(true),
            ..UdpOptions::default()
        };
        Ok(Self {
            socket: Arc::new(Datagrams {
                socket: UdpSocket::new(&io.handle, family, &options)?,
                number: io.grants.number(),
                _permit: permit,
            }),
            bound: None,
            peer: None,
        })
    }

    /// Binds. Any address at a port of the system's choice needs no grant: it is what a socket
    /// that only sends gets by itself.
    pub(super) fn bind(&mut self, io: &Io, addr: SocketAddr) -> Result<(), Failure> {
        if self.bound.is_some() {
            return Err(Code::InvalidState.into());
        }
        address::datagram_local(addr, self.family())?;
        let bound = match io.grants.bind(addr) {
            Ok(()) => Bound::Granted,
            Err(_) if addr == address::unspecified(self.family()) => Bound::Implied,
            Err(denial) => return Err(denial.into()),
        };
        self.socket.socket.assign(addr)?;
        self.bound = Some(bound);
        Ok(())
    }

    pub(super) fn connect(&mut self, io: &Io, addr: SocketAddr) -> Result<(), Failure> {
        address::datagram_peer(addr, self.family())?;
        io.grants.send_to(addr)?;
        match self.socket.socket.connect(addr) {
            // Linux leaves the address of this end as it was for the peer before.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput && self.peer.is_some() => {
                self.disconnect()?;
                self.socket.socket.connect(addr)?;
            }
            result => result?,
        }
        self.implied();
        self.peer = Some(addr);
        Ok(())
    }

    pub(super) fn disconnect(&mut self) -> Result<(), Code> {
        if self.peer.take().is_none() {
            return Err(Code::InvalidState);
        }
        Ok(self.socket.socket.disconnect()?)
    }

    /// Checks a datagram of `len` bytes; without an address it goes to the peer.
    pub(super) fn send(
        &mut self,
        io: &Io,
        len: usize,
        to: Option<SocketAddr>,
    ) -> Result<Sending, Failure> {
        if len > DATAGRAM_MAX {
            return Err(Code::DatagramTooLarge.into());
        }
        let sending = self.outgoing().send(io, to)?;
        self.implied();
        Ok(sending)
    }

    /// The end that sends.
    pub(super) fn outgoing(&self) -> Outgoing {
        Outgoing {
            socket: Arc::clone(&self.socket),
            peer: self.peer,
        }
    }

    /// The end that receives; a socket without an address has none.
    pub(super) fn hearing(&self) -> Result<Hearing, Code> {
        Ok(Hearing {
            socket: Arc::clone(&self.socket),
            bound: self.bound.ok_or(Code::InvalidState)?,
            peer: self.peer,
        })
    }

    /// Whether streams of an earlier call are still there.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.socket) > 1
    }

    pub(super) fn is_bound(&self) -> bool {
        self.bound.is_some()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.peer.is_some()
    }

    pub(super) fn family(&self) -> Family {
        self.socket.socket.family()
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr, Code> {
        self.bound.ok_or(Code::InvalidState)?;
        Ok(self.socket.socket.local_addr()?)
    }

    pub(super) fn remote_address(&self) -> Result<SocketAddr, Code> {
        self.peer.ok_or(Code::InvalidState)
    }

    pub(super) fn options(&self) -> SocketOptions<'_> {
        self.socket.socket.options()
    }

    /// The OS has given it an address, or is about to.
    fn implied(&mut self) {
        self.bound.get_or_insert(Bound::Implied);
    }
}

/// What sends: the socket, and its peer.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) socket: Arc<Datagrams>,
    peer: Option<SocketAddr>,
}

impl Outgoing {
    /// Checks where a datagram goes.
    pub(super) fn send(&self, io: &Io, to: Option<SocketAddr>) -> Result<Sending, Failure> {
        let to = match (to, self.peer) {
            (None, None) => return Err(Code::InvalidArgument.into()),
            (Some(to), Some(peer)) if !is_same(to, peer) => {
                return Err(Code::InvalidArgument.into());
            }
            // Checked when it was connected.
            (_, Some(_)) => None,
            (Some(to), None) => {
                address::datagram_peer(to, self.socket.socket.family())?;
                io.grants.send_by(self.socket.number, to)?;
                Some(to)
            }
        };
        Ok(Sending {
            socket: Arc::clone(&self.socket),
            to,
        })
    }
}

impl Sending {
    /// Sends at once or says [`io::ErrorKind::WouldBlock`].
    pub(super) fn try_send(&self, data: &[u8]) -> io::Result<()> {
        match self.to {
            Some(to) => self.socket.socket.try_send_to(data, to),
            None => self.socket.socket.try_send(data),
        }
    }
}

impl Hearing {
    /// Receives a datagram that is for the guest, into the scratch of `io`.
    ///
    /// [`io::ErrorKind::WouldBlock`] when none is there, and [`io::ErrorKind::Interrupted`] after
    /// many that are not for the guest: others are to have their turn.
    pub(super) fn try_receive<'a>(&self, io: &'a mut Io) -> io::Result<(&'a [u8], SocketAddr)> {
        for _ in 0..DROPPED_MAX {
            let received = self.socket.socket.try_recv_from(&mut io.scratch)?;
            if self.hears(io, received.from) {
                let data = io.scratch.get(..received.len).unwrap_or_default();
                return Ok((data, received.from));
            }
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    /// Datagrams that came before the socket was connected are still there, of whomever.
    fn hears(&self, io: &mut Io, from: SocketAddr) -> bool {
        match self.peer {
            Some(peer) => is_same(peer, from),
            None if self.bound == Bound::Granted => {
                io.grants.heard(self.socket.number, from);
                true
            }
            None => io.grants.send_to(from).is_ok(),
        }
    }
}

/// Whether both lead to the same place; flow labels are none of an address.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as Peer;

    use super::*;
    use crate::capability::Policy;
    use crate::inherited::Inherited;
    use crate::interrupt::Interrupt;

    #[test]
    fn a_bound_socket_answers_whom_it_has_heard_and_nobody_else() {
        let mut event_loop = aio_loop::Loop::new().unwrap();
        let policy = Policy::default().allow_listen("127.0.0.1:0".parse().unwrap());
        let (inherited, interrupt) = (Inherited::default(), Interrupt::default());
        let mut io = Io::new(event_loop.handle(), policy, inherited, &interrupt);
        let mut udp = Udp::new(&mut io, Family::V4).ok().unwrap();
        udp.bind(&io, "127.0.0.1:0".parse().unwrap()).ok().unwrap();
        let [peer, stranger] = [(); 2].map(|()| Peer::bind("127.0.0.1:0").unwrap());
        let own = udp.local_address().ok().unwrap();
        peer.send_to(b"hello", own).unwrap();
        let hearing = udp.hearing().ok().unwrap();
        event_loop.block_on(hearing.socket.socket.registration().readable());
        let (data, from) = hearing.try_receive(&mut io).unwrap();
        assert_eq!((data, from), (&b"hello"[..], peer.local_addr().unwrap()));
        assert!(udp.send(&io, 5, Some(from)).is_ok());
        let elsewhere = stranger.local_addr().unwrap();
        assert!(udp.send(&io, 5, Some(elsewhere)).is_err());
    }
}
