//! A name that comes to mean another address: what it meant stays granted, what it means now is
//! judged anew. The arguments are the name and the port.

use std::net::SocketAddr;

use aio_guest::{ErrorCode, IpSocketAddress, ListenOptions, TcpListener, TcpStream, dns, timers};
use test_guests::{MILLISECOND, argument, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let first = lookup().await?;
    let listening = TcpListener::listen(first, ListenOptions::default());
    let _listener = succeeds(listening, "listen at what the name means")?;
    let connected = TcpStream::connect(first).await;
    succeeds(connected, "connect to what the name means")?;
    println!("connected to {}", SocketAddr::from(first));
    let second = loop {
        let found = lookup().await?;
        if found != first {
            break found;
        }
        succeeds(timers::sleep(MILLISECOND).await, "sleep")?;
    };
    let connected = TcpStream::connect(second).await;
    let what = format!("connect to {}", SocketAddr::from(second));
    fails(connected, ErrorCode::AccessDenied, &what)?;
    let connected = TcpStream::connect(first).await;
    succeeds(connected, "connect to what the name meant").map(drop)
}

async fn lookup() -> Result<IpSocketAddress, String> {
    let found = dns::lookup(argument(1)?, argument(2)?, None).await;
    let first = succeeds(found, "lookup")?.into_iter().next();
    first.ok_or_else(|| "no address".to_owned())
}
