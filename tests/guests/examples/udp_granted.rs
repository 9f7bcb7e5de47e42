//! Who may be sent to, and whose datagrams are seen. The first argument is the case, the second a
//! peer that the test plays.

use std::net::SocketAddr;

use aio_guest::{BindOptions, ErrorCode, IpSocketAddress, Ring, UdpSocket, socket_address};
use test_guests::{Told, announce, argument, bind, collect_one, equal, fails, loopback, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    match argument(1)?.as_str() {
        "nothing" => nothing().await,
        "answers" => answers().await,
        "quota" => quota(),
        "unbound" => unbound(socket_address(&argument(2)?)?).await,
        other => Err(format!("no case {other}")),
    }
}

async fn nothing() -> Result<(), String> {
    let bound = UdpSocket::bind(loopback(), BindOptions::default());
    fails(bound, ErrorCode::AccessDenied, "bind")?;
    let connected = UdpSocket::connect(socket_address("127.0.0.1:9")?, None);
    fails(connected, ErrorCode::AccessDenied, "connect")
}

/// Of two handles.
fn quota() -> Result<(), String> {
    let first = bind()?;
    let (_second, address) = bind()?;
    let third = UdpSocket::bind(loopback(), BindOptions::default());
    fails(third, ErrorCode::QuotaExceeded, "a third socket")?;
    let third = UdpSocket::connect(address, None);
    fails(third, ErrorCode::QuotaExceeded, "a third socket")?;
    drop(first);
    succeeds(UdpSocket::connect(address, None), "connect").map(drop)
}

/// Bound where it may listen: whoever sends something is answered, by either door, and nobody else.
async fn answers() -> Result<(), String> {
    let (socket, address) = bind()?;
    let (other, _) = bind()?;
    announce(address);
    let hello = succeeds(socket.receive(100).await, "receive")?;
    let peer = Some(hello.peer);
    fails(
        other.send(b"x".to_vec(), peer).await,
        ErrorCode::AccessDenied,
        "another socket has not heard it",
    )?;
    fails(
        socket.set_peer(peer),
        ErrorCode::AccessDenied,
        "an answer is no connection",
    )?;
    let mut next = SocketAddr::from(hello.peer);
    next.set_port(next.port() ^ 1);
    fails(
        socket.send(b"x".to_vec(), Some(next.into())).await,
        ErrorCode::AccessDenied,
        "another port has said nothing",
    )?;
    succeeds(socket.send(b"plain".to_vec(), peer).await, "answer")?;
    let mut ring = Ring::new();
    ring.send(1, socket.as_handle(), b"ring", peer.map(SocketAddr::from));
    equal(collect_one(&mut ring)?, Told::Written(4), "answer")
}

/// Not bound by the policy's leave: only the peers that it may send to are seen.
async fn unbound(peer: IpSocketAddress) -> Result<(), String> {
    let socket = succeeds(UdpSocket::connect(peer, None), "connect")?;
    succeeds(socket.set_peer(None), "disconnect")?;
    succeeds(socket.send(b"hello".to_vec(), Some(peer)).await, "send")?;
    // The test has both the stranger and the peer answer, in this order.
    let seen = succeeds(socket.receive(100).await, "receive")?;
    equal(seen.data, b"peer".to_vec(), "the stranger's is not seen")?;
    let mut ring = Ring::new();
    ring.send(0, socket.as_handle(), b"again", Some(peer.into()))
        .quiet();
    ring.receive(1, socket.as_handle(), 100);
    let seen = Told::Datagram(b"peer".to_vec(), false, peer.into());
    equal(collect_one(&mut ring)?, seen, "nor on the ring")
}
