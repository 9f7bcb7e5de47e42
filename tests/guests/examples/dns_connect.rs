//! What an allowed name means may be connected to, at the allowed port, and nothing else. The
//! argument is the port that is granted.

use std::net::SocketAddr;

use aio_guest::{ErrorCode, IpFamily, TcpStream, dns};
use test_guests::{argument, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let port = argument(1)?;
    let granted: SocketAddr = format!("127.0.0.1:{port}")
        .parse()
        .map_err(|error| format!("{error}"))?;
    let connected = TcpStream::connect(granted.into()).await;
    fails(
        connected,
        ErrorCode::AccessDenied,
        "connect before the lookup",
    )?;
    let found = dns::lookup("localhost".to_owned(), port, Some(IpFamily::Ipv4)).await;
    let address = *succeeds(found, "lookup")?.first().ok_or("no address")?;
    succeeds(
        TcpStream::connect(address).await,
        "connect to what was found",
    )?;
    let mut other = SocketAddr::from(address);
    other.set_port(other.port() ^ 1);
    let connected = TcpStream::connect(other.into()).await;
    fails(
        connected,
        ErrorCode::AccessDenied,
        "connect to another port",
    )?;
    let other = dns::lookup("elsewhere.invalid".to_owned(), String::new(), None).await;
    fails(other, ErrorCode::AccessDenied, "lookup of another name")
}
