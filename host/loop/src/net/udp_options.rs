//! Options of sockets for datagrams: hops, broadcast, multicast, buffers.
//! A group is joined in the family of the socket; one of the other is an error of the OS.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use super::UdpSocket;
use crate::dns::Family;

/// The local interface that a group is joined on, or that datagrams to groups leave by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interface {
    /// What the routes of the OS say.
    #[default]
    Any,
    /// The one with this address; IPv4 only.
    Address(Ipv4Addr),
    /// The one of this number; IPv6, and IPv4 where the OS numbers interfaces for it.
    Index(u32),
}

/// Options of the socket. Errors are what the OS answers.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl UdpSocket {
    /// Whether it may send to broadcast addresses.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket().broadcast()
    }

    /// Allows to send to broadcast addresses, or forbids it.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.socket().set_broadcast(broadcast)
    }

    /// The hops a datagram may make.
    pub fn ttl(&self) -> io::Result<u32> {
        match self.family() {
            Family::V4 => self.socket().ttl_v4(),
            Family::V6 => self.socket().unicast_hops_v6(),
        }
    }

    /// Sets the hops a datagram may make: 1 to 255.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self.family() {
            Family::V4 => self.socket().set_ttl_v4(ttl),
            Family::V6 => self.socket().set_unicast_hops_v6(ttl),
        }
    }

    /// Receives what is sent to `group` as well.
    pub fn join(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.membership_v4(group, interface, true),
            IpAddr::V6(group) => {
                let index = index(interface)?;
                self.socket().join_multicast_v6(&group, index)
            }
        }
    }

    /// Takes [`UdpSocket::join`] back; the interface must be the same.
    pub fn leave(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.membership_v4(group, interface, false),
            IpAddr::V6(group) => {
                let index = index(interface)?;
                self.socket().leave_multicast_v6(&group, index)
            }
        }
    }

    fn membership_v4(&self, group: Ipv4Addr, interface: Interface, join: bool) -> io::Result<()> {
        let socket = self.socket();
        let by_address = |address| match join {
            true => socket.join_multicast_v4(&group, address),
            false => socket.leave_multicast_v4(&group, address),
        };
        match interface {
            Interface::Any => by_address(&Ipv4Addr::UNSPECIFIED),
            Interface::Address(address) => by_address(&address),
            Interface::Index(index) => {
                let interface = socket2::InterfaceIndexOrAddress::Index(index);
                match join {
                    true => socket.join_multicast_v4_n(&group, &interface),
                    false => socket.leave_multicast_v4_n(&group, &interface),
                }
            }
        }
    }

    /// Whether this machine gets what the socket sends to groups. It does, until set otherwise.
    pub fn multicast_loop(&self) -> io::Result<bool> {
        match self.family() {
            Family::V4 => self.socket().multicast_loop_v4(),
            Family::V6 => self.socket().multicast_loop_v6(),
        }
    }

    /// Has this machine get what the socket sends to groups, or not.
    pub fn set_multicast_loop(&self, on: bool) -> io::Result<()> {
        match self.family() {
            Family::V4 => self.socket().set_multicast_loop_v4(on),
            Family::V6 => self.socket().set_multicast_loop_v6(on),
        }
    }

    /// The hops a datagram to a group may make. One, until set otherwise.
    pub fn multicast_ttl(&self) -> io::Result<u32> {
        match self.family() {
            Family::V4 => self.socket().multicast_ttl_v4(),
            Family::V6 => self.socket().multicast_hops_v6(),
        }
    }

    /// Sets the hops a datagram to a group may make: 0 (this machine only) to 255.
    pub fn set_multicast_ttl(&self, ttl: u32) -> io::Result<()> {
        match self.family() {
            Family::V4 => self.socket().set_multicast_ttl_v4(ttl),
            Family::V6 => self.socket().set_multicast_hops_v6(ttl),
        }
    }

    /// Sets by which interface datagrams to groups leave: by address for IPv4, by number for IPv6.
    pub fn set_multicast_interface(&self, interface: Interface) -> io::Result<()> {
        match (self.family(), interface) {
            (Family::V4, Interface::Any) => {
                self.socket().set_multicast_if_v4(&Ipv4Addr::UNSPECIFIED)
            }
            (Family::V4, Interface::Address(address)) => {
                self.socket().set_multicast_if_v4(&address)
            }
            (Family::V4, Interface::Index(_)) => Err(io::ErrorKind::InvalidInput.into()),
            (Family::V6, interface) => self.socket().set_multicast_if_v6(index(interface)?),
        }
    }

    /// The size in bytes of what the OS keeps until it is received.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.socket().recv_buffer_size()
    }

    /// Sets the size in bytes of what the OS keeps until it is received; it may choose another.
    pub fn set_recv_buffer_size(&self, size: usize) -> io::Result<()> {
        self.socket().set_recv_buffer_size(size)
    }

    /// The size in bytes of what the OS takes to be sent.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.socket().send_buffer_size()
    }

    /// Sets the size in bytes of what the OS takes to be sent; it may choose another.
    pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
        self.socket().set_send_buffer_size(size)
    }
}

/// The number of an interface of IPv6; 0 lets the OS choose.
fn index(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Any => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(_) => Err(io::ErrorKind::InvalidInput.into()),
    }
}
