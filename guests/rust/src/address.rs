//! Addresses of the WIT package to those of `std::net`, and back.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::bindings::aio::host::types::{
    IpSocketAddress, Ipv4Address, Ipv4SocketAddress, Ipv6Address, Ipv6SocketAddress,
};

/// Reads an address written as `127.0.0.1:80` or `[::1]:80`. Names are for `dns.lookup`.
pub fn socket_address(text: &str) -> Result<IpSocketAddress, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|error| format!("read address {text:?}: {error}"))?;
    Ok(address.into())
}

impl From<SocketAddr> for IpSocketAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => Self::Ipv4(Ipv4SocketAddress {
                port: address.port(),
                address: v4_groups(*address.ip()),
            }),
            SocketAddr::V6(address) => Self::Ipv6(Ipv6SocketAddress {
                port: address.port(),
                flow_info: address.flowinfo(),
                address: v6_groups(*address.ip()),
                scope_id: address.scope_id(),
            }),
        }
    }
}

impl From<IpSocketAddress> for SocketAddr {
    fn from(address: IpSocketAddress) -> Self {
        match address {
            IpSocketAddress::Ipv4(address) => {
                let (a, b, c, d) = address.address;
                Self::V4(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), address.port))
            }
            IpSocketAddress::Ipv6(address) => {
                let (a, b, c, d, e, f, g, h) = address.address;
                Self::V6(SocketAddrV6::new(
                    Ipv6Addr::new(a, b, c, d, e, f, g, h),
                    address.port,
                    address.flow_info,
                    address.scope_id,
                ))
            }
        }
    }
}

fn v4_groups(address: Ipv4Addr) -> Ipv4Address {
    let [a, b, c, d] = address.octets();
    (a, b, c, d)
}

fn v6_groups(address: Ipv6Addr) -> Ipv6Address {
    let [a, b, c, d, e, f, g, h] = address.segments();
    (a, b, c, d, e, f, g, h)
}
