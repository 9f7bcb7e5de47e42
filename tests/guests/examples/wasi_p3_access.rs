//! Tells what becomes of a name, of a connection and of a listener of WASI 0.3: `lookup NAME`,
//! `connect ADDRESS`, `listen ADDRESS`.
#![allow(unsafe_code, reason = "the export is a function of the C ABI")]

use wasip3::cli::environment::get_arguments;
use wasip3::sockets::ip_name_lookup::resolve_addresses;
use wasip3::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, TcpSocket};

use p3::{at, failed};

#[path = "wasi_support/p3.rs"]
mod p3;

struct Guest;

wasip3::cli::command::export!(Guest);

impl wasip3::exports::cli::run::Guest for Guest {
    async fn run() -> Result<(), ()> {
        let arguments = get_arguments();
        let words: Vec<_> = arguments.iter().skip(1).map(String::as_str).collect();
        for pair in words.chunks_exact(2) {
            let told = match pair[0] {
                "lookup" => look_up(pair[1]).await,
                "connect" => failed(connect(at(pair[1])).await),
                "listen" => failed(listen(at(pair[1]))),
                other => {
                    eprintln!("{other}?");
                    return Err(());
                }
            };
            println!("{} {}: {told}", pair[0], pair[1]);
        }
        Ok(())
    }
}

async fn look_up(name: &str) -> String {
    match resolve_addresses(name.to_owned()).await {
        Ok(addresses) => format!("{addresses:?}"),
        Err(code) => format!("{code:?}"),
    }
}

fn create(address: IpSocketAddress) -> Result<TcpSocket, ErrorCode> {
    TcpSocket::create(match address {
        IpSocketAddress::Ipv4(_) => IpAddressFamily::Ipv4,
        IpSocketAddress::Ipv6(_) => IpAddressFamily::Ipv6,
    })
}

async fn connect(address: IpSocketAddress) -> Result<(), ErrorCode> {
    create(address)?.connect(address).await
}

fn listen(address: IpSocketAddress) -> Result<(), ErrorCode> {
    let socket = create(address)?;
    socket.bind(address)?;
    socket.listen().map(drop)
}
