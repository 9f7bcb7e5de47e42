//! Does what its arguments say, one after the other, and prints what each came to on a line. What a
//! test expects depends on the resolver that it runs the guest with.

use std::net::SocketAddr;

use aio_guest::dns::{Query, ResolveFlags, Resolved, ReverseFlags, SocketType};
use aio_guest::{
    ErrorCode, IpFamily, IpSocketAddress, ListenOptions, TcpListener, TcpStream, dns,
    socket_address, tcp,
};
use test_guests::MILLISECOND;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut listeners = Vec::new();
    for command in std::env::args().skip(1) {
        let words: Vec<&str> = command.split(' ').collect();
        let told = match words[..] {
            ["lookup", name, service] => lookup(name, service).await,
            ["resolve", name, service, ref how @ ..] => resolve(name, service, how).await,
            ["reverse", address, ref how @ ..] => reverse(socket_address(address)?, how).await,
            ["connect", address] => connect(socket_address(address)?).await,
            ["connect-name", name, service] => connect_name(name, service).await,
            ["listen", address] => listen(socket_address(address)?, &mut listeners),
            _ => return Err(format!("no command: {command}")),
        };
        println!("{}", told.unwrap_or_else(|code| code.name().to_owned()));
    }
    Ok(())
}

async fn lookup(name: &str, service: &str) -> Result<String, ErrorCode> {
    let found = dns::lookup(name.to_owned(), service.to_owned(), None).await?;
    let found = found.into_iter().map(SocketAddr::from);
    Ok(found
        .map(|one| one.to_string())
        .collect::<Vec<_>>()
        .join(" "))
}

/// A dash is no name, or no service.
async fn resolve(name: &str, service: &str, how: &[&str]) -> Result<String, ErrorCode> {
    let given = |text: &str| (text != "-").then(|| text.to_owned());
    let mut query = Query {
        name: given(name),
        service: given(service),
        family: None,
        socket_type: None,
        protocol: None,
        flags: ResolveFlags::empty(),
        timeout: None,
    };
    how.iter().for_each(|word| want(&mut query, word));
    let found = dns::resolve(query).await?;
    Ok(found.into_iter().map(show).collect::<Vec<_>>().join("; "))
}

fn want(query: &mut Query, word: &str) {
    match word {
        "v4" => query.family = Some(IpFamily::Ipv4),
        "v6" => query.family = Some(IpFamily::Ipv6),
        "stream" => query.socket_type = Some(SocketType::Stream),
        "datagram" => query.socket_type = Some(SocketType::Datagram),
        "raw" => query.socket_type = Some(SocketType::Raw),
        "passive" => query.flags |= ResolveFlags::PASSIVE,
        "canonical" => query.flags |= ResolveFlags::CANONICAL_NAME,
        "numeric-host" => query.flags |= ResolveFlags::NUMERIC_HOST,
        "numeric-service" => query.flags |= ResolveFlags::NUMERIC_SERVICE,
        "mapped" => query.flags |= ResolveFlags::V4_MAPPED,
        "all" => query.flags |= ResolveFlags::ALL,
        "configured" => query.flags |= ResolveFlags::ADDRESS_CONFIGURED,
        "brief" => query.timeout = Some(10 * MILLISECOND),
        "too-long" => query.timeout = Some((1 << 62) + 1),
        number => query.protocol = number.parse().ok(),
    }
}

fn show(found: Resolved) -> String {
    let kind = match found.socket_type {
        SocketType::Stream => "stream",
        SocketType::Datagram => "datagram",
        SocketType::Raw => "raw",
    };
    let address = SocketAddr::from(found.address);
    let protocol = found.protocol;
    match found.canonical_name {
        Some(name) => format!("{address} {kind} {protocol} {name}"),
        None => format!("{address} {kind} {protocol}"),
    }
}

async fn reverse(address: IpSocketAddress, how: &[&str]) -> Result<String, ErrorCode> {
    let flags = how.iter().map(|word| match *word {
        "numeric-host" => ReverseFlags::NUMERIC_HOST,
        "numeric-service" => ReverseFlags::NUMERIC_SERVICE,
        "required" => ReverseFlags::NAME_REQUIRED,
        "short" => ReverseFlags::NO_FQDN,
        "datagram" => ReverseFlags::DATAGRAM,
        _ => ReverseFlags::empty(),
    });
    let flags = flags.fold(ReverseFlags::empty(), |all, one| all | one);
    let (host, service) = dns::reverse(address, flags, None).await?;
    Ok(format!("{host} {service}"))
}

async fn connect(address: IpSocketAddress) -> Result<String, ErrorCode> {
    TcpStream::connect(address)
        .await
        .map(|_| "connected".to_owned())
}

async fn connect_name(name: &str, service: &str) -> Result<String, ErrorCode> {
    let options = tcp::ConnectOptions {
        local: None,
        attempt_delay: None,
    };
    let stream =
        TcpStream::connect_name(name.to_owned(), service.to_owned(), None, options).await?;
    let peer = SocketAddr::from(stream.peer_address()?);
    Ok(format!("connected to {peer}"))
}

fn listen(address: IpSocketAddress, open: &mut Vec<TcpListener>) -> Result<String, ErrorCode> {
    open.push(TcpListener::listen(address, ListenOptions::default())?);
    Ok("listening".to_owned())
}
