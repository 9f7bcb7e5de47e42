//! An echo server on `wasip3`, the bindings of WASI 0.3: it knows nothing of aio-host.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-listen=127.0.0.1:7000 \
//!     target/guests/wasm32-wasip2/release/echo_wasip3.wasm 127.0.0.1:7000
//! ```
#![allow(unsafe_code, reason = "the export is a function of the C ABI")]

use std::net::{Ipv4Addr, SocketAddr};

use wasip3::cli::environment::get_arguments;
use wasip3::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use wasip3::wit_bindgen::{StreamResult, yield_async};
use wasip3::wit_stream;

struct Server;

wasip3::cli::command::export!(Server);

impl wasip3::exports::cli::run::Guest for Server {
    async fn run() -> Result<(), ()> {
        let address = get_arguments().into_iter().nth(1);
        let address = address.as_deref().unwrap_or("127.0.0.1:0");
        let address = address.parse().map_err(|error| eprintln!("{error}"))?;
        serve(address).await.map_err(|error| eprintln!("{error}"))
    }
}

async fn serve(address: SocketAddr) -> Result<(), ErrorCode> {
    let family = match address {
        SocketAddr::V4(_) => IpAddressFamily::Ipv4,
        SocketAddr::V6(_) => IpAddressFamily::Ipv6,
    };
    let socket = TcpSocket::create(family)?;
    socket.bind(to_wasi(address))?;
    let mut connections = socket.listen()?;
    println!("listening on {}", from_wasi(socket.get_local_address()?));
    while let Some(connection) = connections.next().await {
        wasip3::spawn(echo(connection));
        // The runtime of these bindings first polls what is spawned after the next wake-up.
        yield_async().await;
    }
    Ok(())
}

async fn echo(socket: TcpSocket) {
    let (mut reader, _ended) = socket.receive();
    let (mut writer, data) = wit_stream::new();
    let _sent = socket.send(data);
    let mut buf = Vec::with_capacity(65_536);
    loop {
        let (result, read) = reader.read(buf).await;
        // What comes with the end of the stream is echoed, too.
        buf = writer.write_all(read).await;
        if !buf.is_empty() || result == StreamResult::Dropped {
            return;
        }
    }
}

fn to_wasi(address: SocketAddr) -> IpSocketAddress {
    match address {
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

fn from_wasi(address: IpSocketAddress) -> SocketAddr {
    match address {
        IpSocketAddress::Ipv4(v4) => {
            let (a, b, c, d) = v4.address;
            (Ipv4Addr::new(a, b, c, d), v4.port).into()
        }
        IpSocketAddress::Ipv6(v6) => {
            let ip: [u16; 8] = v6.address.into();
            (std::net::Ipv6Addr::from(ip), v6.port).into()
        }
    }
}
