//! Which addresses a socket takes; both versions of WASI draw the line at the same place, before
//! the policy or the OS is asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use aio_loop::dns::Family;

use super::code::Code;

/// Admits `addr` as one to bind a TCP socket of `family` to.
pub(super) fn local(addr: SocketAddr, family: Family) -> Result<(), Code> {
    admit(is_unicast(addr.ip()) && is_of(addr.ip(), family))
}

/// Admits `addr` as the peer of a TCP socket of `family`.
pub(super) fn peer(addr: SocketAddr, family: Family) -> Result<(), Code> {
    admit(is_unicast(addr.ip()))?;
    datagram_peer(addr, family)
}

/// Admits `addr` as one to bind a UDP socket of `family` to.
pub(super) fn datagram_local(addr: SocketAddr, family: Family) -> Result<(), Code> {
    admit(is_of(addr.ip(), family))
}

/// Admits `addr` as the peer of a UDP socket of `family`.
pub(super) fn datagram_peer(addr: SocketAddr, family: Family) -> Result<(), Code> {
    admit(!addr.ip().is_unspecified() && addr.port() != 0 && is_of(addr.ip(), family))
}

/// Any address of the host, at a port of its choice.
pub(super) fn unspecified(family: Family) -> SocketAddr {
    match family {
        Family::V4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
        Family::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn admit(admitted: bool) -> Result<(), Code> {
    if admitted {
        Ok(())
    } else {
        Err(Code::InvalidArgument)
    }
}

fn is_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_multicast() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_multicast(),
    }
}

/// IPv6 sockets are IPv6 only: addresses that stand for IPv4 ones are none of theirs.
fn is_of(ip: IpAddr, family: Family) -> bool {
    match (family, ip) {
        (Family::V4, IpAddr::V4(_)) => true,
        (Family::V6, IpAddr::V6(v6)) => v6.to_ipv4_mapped().is_none() && !is_v4_compatible(v6),
        _ => false,
    }
}

fn is_v4_compatible(v6: Ipv6Addr) -> bool {
    matches!(v6.segments(), [0, 0, 0, 0, 0, 0, _, _]) && !v6.is_unspecified() && !v6.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addr: &str) -> SocketAddr {
        addr.parse().unwrap()
    }

    #[test]
    fn a_socket_takes_addresses_of_its_family_only() {
        for (addr, family) in [("127.0.0.1:1", Family::V4), ("[::1]:1", Family::V6)] {
            assert_eq!(local(at(addr), family), Ok(()));
            assert_eq!(peer(at(addr), family), Ok(()));
            assert_eq!(datagram_peer(at(addr), family), Ok(()));
        }
        for (addr, family) in [
            ("127.0.0.1:1", Family::V6),
            ("[::1]:1", Family::V4),
            ("[::ffff:127.0.0.1]:1", Family::V6),
            ("[::ffff:127.0.0.1]:1", Family::V4),
            ("[::127.0.0.1]:1", Family::V6),
        ] {
            assert_eq!(
                local(at(addr), family),
                Err(Code::InvalidArgument),
                "{addr}"
            );
            assert_eq!(peer(at(addr), family), Err(Code::InvalidArgument), "{addr}");
            assert!(datagram_local(at(addr), family).is_err(), "{addr}");
            assert!(datagram_peer(at(addr), family).is_err(), "{addr}");
        }
    }

    #[test]
    fn only_datagrams_go_to_many() {
        for (addr, family) in [
            ("224.0.0.1:1", Family::V4),
            ("255.255.255.255:1", Family::V4),
            ("[ff02::1]:1", Family::V6),
        ] {
            assert!(peer(at(addr), family).is_err(), "{addr}");
            assert!(local(at(addr), family).is_err(), "{addr}");
            assert!(datagram_peer(at(addr), family).is_ok(), "{addr}");
        }
    }

    #[test]
    fn a_peer_has_an_address_and_a_port() {
        for (addr, family) in [("0.0.0.0:1", Family::V4), ("[::]:1", Family::V6)] {
            assert!(peer(at(addr), family).is_err());
            assert!(local(at(addr), family).is_ok());
        }
        assert!(peer(at("127.0.0.1:0"), Family::V4).is_err());
        assert!(local(at("127.0.0.1:0"), Family::V4).is_ok());
        assert_eq!(unspecified(Family::V6), at("[::]:0"));
    }
}
