//! Opens as many sockets as it may, in all ways, and is refused one more. The argument is the
//! quota, at least 5.

use std::net::SocketAddr;

use aio_guest::{ErrorCode, IpSocketAddress, ListenOptions, Ring, TcpListener, TcpStream};
use test_guests::{Told, argument, collect, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let max: usize = argument(1)?.parse().map_err(|_| "the quota is a number")?;
    addresses_of_a_listener(max)?;
    let listener = succeeds(listen(1), "listen")?;
    let address = succeeds(listener.local_address(), "local address")?;
    // Of each connection both ends are this guest's.
    let mut open = Vec::new();
    while open.len() < max - 2 {
        open.push(succeeds(TcpStream::connect(address).await, "connect")?);
    }
    let (accepted, _) = succeeds(listener.accept().await, "accept the last that may be")?;
    fails(
        listener.accept().await,
        ErrorCode::QuotaExceeded,
        "accept beyond the quota",
    )?;
    fails(
        TcpStream::connect(address).await,
        ErrorCode::QuotaExceeded,
        "connect beyond the quota",
    )?;
    fails(
        listen(1).map(drop),
        ErrorCode::QuotaExceeded,
        "listen beyond the quota",
    )?;
    drop(accepted);
    one_in_the_making(address)?;
    open.clear();
    succeeds(listen(max - 1), "listen after all are closed").map(drop)
}

fn listen(addresses: usize) -> Result<TcpListener, ErrorCode> {
    let addresses = (1..=addresses).map(|last| {
        let last = u8::try_from(last).unwrap_or(u8::MAX);
        IpSocketAddress::from(SocketAddr::from(([127, 0, 0, last], 0)))
    });
    let addresses: Vec<_> = addresses.collect();
    TcpListener::listen_many(&addresses, ListenOptions::default())
}

fn addresses_of_a_listener(max: usize) -> Result<(), String> {
    let beyond = listen(max + 1).map(drop);
    fails(beyond, ErrorCode::QuotaExceeded, "an address too many")?;
    succeeds(listen(max), "as many addresses as may be").map(drop)
}

/// There is one place: the second connection is refused while the first is being made.
fn one_in_the_making(address: IpSocketAddress) -> Result<(), String> {
    let mut ring = Ring::new();
    ring.connect(1, address);
    ring.connect(2, address);
    let mut told = collect(&mut ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let refused = Told::Failed(ErrorCode::QuotaExceeded);
    equal(told[1].1.clone(), refused, "the second connection")?;
    let handle = told[0].1.handle()?;
    ring.close(3, handle);
    let closed = collect(&mut ring, 1)?;
    equal(closed[0].1.clone(), Told::Done, "close")
}
