//! What the guests of WASI 0.3 share: addresses, checks of codes, and sockets that listen.

use std::net::SocketAddr;

use wasip3::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use wasip3::wit_bindgen::StreamReader;

/// An address as WASI has it.
pub(crate) fn at(address: &str) -> IpSocketAddress {
    match address.parse().expect("an address") {
        SocketAddr::V4(v4) => IpSocketAddress::Ipv4(Ipv4SocketAddress {
            port: v4.port(),
            address: v4.ip().octets().into(),
        }),
        SocketAddr::V6(v6) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port: v6.port(),
            flow_info: v6.flowinfo(),
            address: v6.ip().segments().into(),
            scope_id: v6.scope_id(),
        }),
    }
}

/// The name of the code that the call failed with.
#[allow(dead_code, reason = "not every guest needs all")]
pub(crate) fn failed<T>(result: Result<T, ErrorCode>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(code) => format!("{code:?}"),
    }
}

/// A socket of the loopback that listens, its address, and what comes in.
#[allow(dead_code, reason = "not every guest needs all")]
pub(crate) fn listen() -> Result<(TcpSocket, IpSocketAddress, StreamReader<TcpSocket>), ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.bind(at("127.0.0.1:0"))?;
    let connections = socket.listen()?;
    let address = socket.get_local_address()?;
    Ok((socket, address, connections))
}

/// A connection to `address`.
#[allow(dead_code, reason = "not every guest needs all")]
pub(crate) async fn connect(address: IpSocketAddress) -> Result<TcpSocket, ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.connect(address).await?;
    Ok(socket)
}
