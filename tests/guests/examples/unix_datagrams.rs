//! Datagrams between sockets of one guest: bounds, names, full queues, and cancelled calls.

use aio_guest::unix::{self, DatagramSocket, UnixAddress};
use aio_guest::{ErrorCode, spawn};
use test_guests::{check, equal, fails, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    bounds().await?;
    names().await?;
    peers().await?;
    full_queues().await?;
    cancelled().await
}

fn pair() -> Result<(DatagramSocket, DatagramSocket), String> {
    succeeds(DatagramSocket::pair(), "pair")
}

fn path(name: &str) -> UnixAddress {
    UnixAddress::Path(format!("/data/{name}"))
}

fn bound(name: &str) -> Result<DatagramSocket, String> {
    succeeds(DatagramSocket::bind(&path(name)), "bind")
}

/// Each is received whole, or cut as the receiver wants it.
async fn bounds() -> Result<(), String> {
    let (near, far) = pair()?;
    for data in [&b"one"[..], b"", b"three"] {
        succeeds(near.send(data.to_vec(), None).await, "send")?;
    }
    for data in [&b"one"[..], b"", b"three"] {
        let received = succeeds(far.receive(100).await, "receive")?;
        equal(received.data, data.to_vec(), "a datagram")?;
        check(!received.truncated, "all of it")?;
    }
    for (max, truncated) in [(5, false), (4, true), (0, true)] {
        succeeds(near.send(b"12345".to_vec(), None).await, "send")?;
        let received = succeeds(far.receive(max).await, "receive")?;
        equal(received.data.len() as u32, max, "bytes")?;
        equal(received.truncated, truncated, "truncated")?;
    }
    succeeds(near.send(vec![7; 65_537], None).await, "send")?;
    let received = succeeds(far.receive(u32::MAX).await, "receive")?;
    equal(received.data.len(), 65_536, "no more at once")?;
    check(received.truncated, "the rest is lost")?;
    fails(
        near.send(vec![7; 16 << 20], None).await,
        ErrorCode::DatagramTooLarge,
        "sixteen megabytes",
    )
}

async fn names() -> Result<(), String> {
    let (server, client) = (bound("server")?, bound("client")?);
    let name = unix::local_address(server.as_handle());
    equal(name, Ok(path("server")), "the name")?;
    let asked = client.send(b"ping".to_vec(), Some(path("server"))).await;
    succeeds(asked, "send to")?;
    let received = succeeds(server.receive(100).await, "receive")?;
    equal(received.peer.clone(), path("client"), "who sent it")?;
    let answered = server.send(b"pong".to_vec(), Some(received.peer)).await;
    succeeds(answered, "answer")?;
    let received = succeeds(client.receive(100).await, "receive")?;
    equal(received.data, b"pong".to_vec(), "the answer")?;
    let nameless = succeeds(DatagramSocket::bind(&UnixAddress::Unnamed), "unbound")?;
    let sent = nameless.send(b"x".to_vec(), Some(path("server"))).await;
    succeeds(sent, "send")?;
    let received = succeeds(server.receive(100).await, "receive")?;
    equal(received.peer, UnixAddress::Unnamed, "nobody")?;
    fails(
        unix::peer_credentials(server.as_handle()),
        ErrorCode::NotConnected,
        "credentials of nobody",
    )?;
    let (near, _far) = pair()?;
    succeeds(unix::peer_credentials(near.as_handle()), "credentials")?;
    drop(server);
    fails(
        client.send(b"x".to_vec(), Some(path("server"))).await,
        ErrorCode::NotFound,
        "the file went with its socket",
    )
}

async fn peers() -> Result<(), String> {
    let (server, client) = (bound("server")?, bound("client")?);
    fails(
        client.send(b"x".to_vec(), None).await,
        ErrorCode::NotConnected,
        "send to nobody",
    )?;
    fails(
        unix::peer_address(client.as_handle()),
        ErrorCode::NotConnected,
        "the peer of nobody",
    )?;
    succeeds(client.connect(&path("server")), "connect")?;
    let peer = unix::peer_address(client.as_handle());
    equal(peer, Ok(path("server")), "the peer")?;
    succeeds(client.send(b"x".to_vec(), None).await, "send")?;
    succeeds(server.receive(1).await, "receive")?;
    let again = succeeds(DatagramSocket::by_handle(client.as_handle()), "by handle")?;
    equal(again.as_handle(), client.as_handle(), "handle")?;
    drop(server);
    fails(
        client.send(b"x".to_vec(), None).await,
        ErrorCode::ConnectionRefused,
        "the peer has gone",
    )?;
    fails(
        aio_guest::ByteStream::by_handle(client.as_handle()),
        ErrorCode::BadHandle,
        "no stream",
    )
}

/// Sends until the queue is full; returns how many datagrams fitted, the one that waited included.
async fn fill(socket: &DatagramSocket, peer: Option<UnixAddress>) -> Result<usize, String> {
    for count in 0.. {
        let mut send = Box::pin(socket.send(b"x".to_vec(), peer.clone()));
        match test_guests::poll_once(send.as_mut()) {
            std::task::Poll::Ready(sent) => succeeds(sent, "send")?,
            std::task::Poll::Pending => return Ok(count),
        }
    }
    Err("some queue is full at last".to_owned())
}

/// A cancelled send has sent nothing, one that waits is served.
async fn full_queues() -> Result<(), String> {
    for connected in [true, false] {
        let (server, client) = (bound("server")?, bound("client")?);
        if connected {
            succeeds(client.connect(&path("server")), "connect")?;
        }
        let peer = (!connected).then(|| path("server"));
        let queued = fill(&client, peer.clone()).await?;
        spawn(async move {
            let sent = client.send(b"last".to_vec(), peer).await;
            assert!(sent.is_ok(), "the send that waited");
        });
        for _ in 0..queued {
            let received = succeeds(server.receive(10).await, "receive")?;
            equal(received.data, b"x".to_vec(), "what was queued")?;
        }
        let received = succeeds(server.receive(10).await, "receive")?;
        equal(received.data, b"last".to_vec(), "what waited")?;
    }
    Ok(())
}

async fn cancelled() -> Result<(), String> {
    let (near, far) = pair()?;
    waits_and_is_cancelled(far.receive(10), "receive")?;
    succeeds(near.send(b"x".to_vec(), None).await, "send")?;
    let received = succeeds(far.receive(10).await, "receive")?;
    equal(received.data, b"x".to_vec(), "nothing was lost")?;
    // Closing ends what waits.
    let mut ring = aio_guest::Ring::new();
    let mut receive = Box::pin(far.receive(10));
    check(
        test_guests::poll_once(receive.as_mut()).is_pending(),
        "nothing is there",
    )?;
    ring.close(1, far.as_handle());
    equal(
        test_guests::collect_one(&mut ring)?,
        test_guests::Told::Done,
        "close",
    )?;
    fails(receive.await, ErrorCode::Closed, "a receive that waited")
}
