//! A socket for datagrams and whose datagrams a guest gets to see. To the handle table and the ring
//! it is one object, whoever opened it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use aio_loop::net::UdpSocket;

use crate::capability::Grants;

/// A socket for datagrams. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    /// Whether the policy grants its address.
    listens: AtomicBool,
    peer: Mutex<Option<SocketAddr>>,
}

impl Datagrams {
    /// A socket whose address, if it has one, the system chose.
    pub(crate) fn new(socket: UdpSocket) -> Self {
        Self {
            socket,
            listens: AtomicBool::new(false),
            peer: Mutex::default(),
        }
    }

    /// A socket whose address the policy grants.
    pub(crate) fn listening(socket: UdpSocket) -> Self {
        let datagrams = Self::new(socket);
        datagrams.listens.store(true, Ordering::Relaxed);
        datagrams
    }

    /// Binds it, where the policy grants that, or at an address that needs no grant.
    pub(crate) fn bind(&self, address: SocketAddr, granted: bool) -> io::Result<()> {
        self.socket.assign(address)?;
        self.listens.store(granted, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Connects to a peer that is granted, or to none.
    pub(crate) fn set_peer(&self, peer: Option<SocketAddr>) -> io::Result<()> {
        let mut known = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        // Linux leaves the address of this end as it was for the peer before.
        if known.take().is_some() || peer.is_none() {
            self.socket.disconnect()?;
        }
        let Some(peer) = peer else {
            return Ok(());
        };
        self.socket.connect(peer)?;
        // As the system knows it: what is unspecified has become loopback.
        *known = Some(self.socket.peer_addr().unwrap_or(peer));
        Ok(())
    }

    /// Whether a datagram of `from` is the guest's to see: on an address that is granted all are,
    /// and may be answered; else only those of peers that it may send to. `handle` is the guest's
    /// for this socket.
    pub(crate) fn admits(&self, grants: &mut Grants, handle: u64, from: SocketAddr) -> bool {
        if self.listens.load(Ordering::Relaxed) {
            grants.heard(handle, from);
            return true;
        }
        self.is_peer(from) || grants.send_to(from).is_ok()
    }

    fn is_peer(&self, from: SocketAddr) -> bool {
        let peer = *self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        peer.is_some_and(|peer| (peer.ip(), peer.port()) == (from.ip(), from.port()))
    }
}
