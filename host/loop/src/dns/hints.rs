//! What one wants to know of a name: the hints of `getaddrinfo`.

use dns_lookup::{AddrFamily, AddrInfoHints, SockType};

use super::os;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    /// A stream of bytes, such as TCP.
    Stream,
    /// Datagrams, such as UDP.
    Datagram,
    /// The packets of a protocol below.
    Raw,
}

/// What kind of addresses to look for. The default is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Only addresses of this family; both by default.
    pub family: Option<Family>,
    /// Only addresses for this kind of socket; each for every kind by default.
    pub kind: Option<SocketKind>,
    /// Only addresses for this protocol, by its number in IP; 0 is any.
    pub protocol: u16,
    /// The `AI_*` flags.
    pub flags: Flags,
}

/// The `AI_*` flags of `getaddrinfo`, with its meanings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Without a name, tell the addresses to listen at, not those of the loopback.
    pub passive: bool,
    /// Tell the canonical name with the first address.
    pub canonical_name: bool,
    /// The name is an address in numbers; nothing is looked up.
    pub numeric_host: bool,
    /// The service is a number; nothing is looked up.
    pub numeric_service: bool,
    /// If IPv6 is wanted and there is none, tell the IPv4 addresses as mapped ones.
    pub v4_mapped: bool,
    /// With `v4_mapped`, tell the mapped ones even if there are others.
    pub all: bool,
    /// Only families that this machine has an address of, other than the loopback's.
    pub address_configured: bool,
}

impl Hints {
    pub(super) fn to_os(self) -> AddrInfoHints {
        AddrInfoHints {
            address: self.family.map_or(0, Family::to_os),
            socktype: self.kind.map_or(0, SocketKind::to_os),
            protocol: self.protocol.into(),
            flags: self.flags.to_os(),
        }
    }
}

impl Family {
    fn to_os(self) -> i32 {
        match self {
            Self::V4 => AddrFamily::Inet.into(),
            Self::V6 => AddrFamily::Inet6.into(),
        }
    }
}

impl SocketKind {
    fn to_os(self) -> i32 {
        match self {
            Self::Stream => SockType::Stream.into(),
            Self::Datagram => SockType::DGram.into(),
            Self::Raw => SockType::Raw.into(),
        }
    }

    /// None for kinds that nobody asks for.
    pub(super) fn from_os(number: i32) -> Option<Self> {
        let all = [Self::Stream, Self::Datagram, Self::Raw];
        all.into_iter().find(|kind| kind.to_os() == number)
    }
}

impl Flags {
    fn to_os(self) -> i32 {
        bits([
            (self.passive, os::AI_PASSIVE),
            (self.canonical_name, os::AI_CANONNAME),
            (self.numeric_host, os::AI_NUMERICHOST),
            (self.numeric_service, os::AI_NUMERICSERV),
            (self.v4_mapped, os::AI_V4MAPPED),
            (self.all, os::AI_ALL),
            (self.address_configured, os::AI_ADDRCONFIG),
        ])
    }
}

/// Adds up the bits of the flags that are set.
pub(super) fn bits<const N: usize>(flags: [(bool, i32); N]) -> i32 {
    let set = flags.into_iter().filter(|(set, _)| *set);
    set.fold(0, |bits, (_, bit)| bits | bit)
}
