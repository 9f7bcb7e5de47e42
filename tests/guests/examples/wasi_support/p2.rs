//! What the guests of WASI 0.2 share: addresses, and sockets that are done with their first steps.

use std::net::SocketAddr;

use wasip2::io::streams::{InputStream, OutputStream};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress};
use wasip2::sockets::network::{Ipv4SocketAddress, Ipv6SocketAddress};
use wasip2::sockets::tcp::TcpSocket;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

/// An address as WASI has it.
pub(crate) fn at(address: &str) -> Result<IpSocketAddress, String> {
    let address = address.parse().map_err(|error| format!("{error}"))?;
    Ok(match address {
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
    })
}

/// Names the call that failed.
#[allow(dead_code, reason = "not every guest needs all")]
pub(crate) fn code(what: &'static str) -> impl FnOnce(ErrorCode) -> String {
    move |code| format!("{what}: {}", code.name())
}

/// A connection to `address`.
#[allow(dead_code, reason = "not every guest needs all")]
pub(crate) fn connect(
    address: IpSocketAddress,
) -> Result<(TcpSocket, InputStream, OutputStream), ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_connect(&instance_network(), address)?;
    socket.subscribe().block();
    let (input, output) = socket.finish_connect()?;
    Ok((socket, input, output))
}

/// A socket that listens.
#[allow(dead_code, reason = "not every guest needs all")]
pub(crate) fn listen() -> Result<TcpSocket, String> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(code("create"))?;
    let bound = socket.start_bind(&instance_network(), at("127.0.0.1:0")?);
    bound.map_err(code("start to bind"))?;
    socket.finish_bind().map_err(code("bind"))?;
    socket.start_listen().map_err(code("start to listen"))?;
    socket.finish_listen().map_err(code("listen"))?;
    Ok(socket)
}
