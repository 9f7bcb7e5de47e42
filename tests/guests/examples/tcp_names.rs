//! Connecting to names, by either door: the address that answers is found, whichever it is.

use std::net::SocketAddr;

use aio_guest::{ConnectOptions, ErrorCode, IpFamily, Ring, TcpListener, TcpStream};
use test_guests::{
    Told, argument, check, collect_one, equal, fails, listen, succeeds, waits_and_is_cancelled,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    let port = SocketAddr::from(address).port().to_string();
    if argument(1)? == "denied" {
        return denied(&port).await;
    }
    plain(&listener, &port).await?;
    ring(&listener, &port).await?;
    families(&port).await?;
    waits_and_is_cancelled(connect("localhost", &port, None), "connect to a name")?;
    drop(listener);
    let refused = connect("localhost", &port, None).await;
    fails(refused, ErrorCode::ConnectionRefused, "nobody listens")?;
    unknown().await
}

async fn connect(
    name: &str,
    service: &str,
    family: Option<IpFamily>,
) -> Result<TcpStream, ErrorCode> {
    let options = ConnectOptions::default();
    TcpStream::connect_name(name.to_owned(), service.to_owned(), family, options).await
}

/// `localhost` may have an IPv6 address before this one, where nobody listens.
async fn plain(listener: &TcpListener, port: &str) -> Result<(), String> {
    for name in ["localhost", "127.0.0.1"] {
        let near = succeeds(connect(name, port, None).await, name)?;
        let (_far, peer) = succeeds(listener.accept().await, "accept")?;
        let own = succeeds(near.local_address(), "local address")?;
        check(own == peer, "it is this connection")?;
    }
    Ok(())
}

async fn ring(listener: &TcpListener, port: &str) -> Result<(), String> {
    let mut ring = Ring::new();
    ring.connect_name(7, "localhost", port, None);
    let stream = collect_one(&mut ring)?.handle()?;
    let near = succeeds(TcpStream::by_handle(stream), "by handle")?;
    let (_far, peer) = succeeds(listener.accept().await, "accept")?;
    check(
        succeeds(near.local_address(), "local address")? == peer,
        "it is this connection",
    )
}

async fn families(port: &str) -> Result<(), String> {
    let near = connect("localhost", port, Some(IpFamily::Ipv4)).await;
    drop(succeeds(near, "connect by IPv4")?);
    check(
        connect("127.0.0.1", port, Some(IpFamily::Ipv6))
            .await
            .is_err(),
        "an IPv4 address is none of IPv6",
    )
}

async fn unknown() -> Result<(), String> {
    let found = connect("nobody.localhost.invalid", "80", None).await;
    let resolver = [
        ErrorCode::NameUnresolvable,
        ErrorCode::ResolverAgain,
        ErrorCode::ResolverFailure,
        ErrorCode::AccessDenied,
    ];
    check(
        found.is_err_and(|code| resolver.contains(&code)),
        "a name of nobody is not found",
    )
}

/// The name is granted at another port: it is looked up, and its addresses are refused.
async fn denied(port: &str) -> Result<(), String> {
    let refused = connect("localhost", port, None).await;
    fails(refused, ErrorCode::AccessDenied, "connect to a name")?;
    let mut ring = Ring::new();
    ring.connect_name(7, "localhost", port, None);
    equal(
        collect_one(&mut ring)?,
        Told::Failed(ErrorCode::AccessDenied),
        "connect to a name by the ring",
    )
}
