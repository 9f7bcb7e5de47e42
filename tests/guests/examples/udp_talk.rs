//! Datagrams by plain imports: whole, empty, cut, too large, in batches, and to a peer.

use std::net::SocketAddr;

use aio_guest::udp::Outgoing;
use aio_guest::{BindOptions, ErrorCode, IpSocketAddress, UdpSocket};
use test_guests::{bind, check, equal, fails, loopback, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

/// The most bytes that fit a datagram of IPv4.
const PAYLOAD_MAX: usize = 65_507;

async fn run() -> Result<(), String> {
    let (near, near_address) = bind()?;
    let (far, far_address) = bind()?;
    single(&near, near_address, &far, far_address).await?;
    cut(&near, &far, far_address).await?;
    sizes(&near, &far, far_address).await?;
    batches(&near, &far, far_address).await?;
    cancelled(&near, &far, far_address).await?;
    peers(&near, &far, far_address).await?;
    addresses(far_address)
}

async fn single(
    near: &UdpSocket,
    near_address: IpSocketAddress,
    far: &UdpSocket,
    far_address: IpSocketAddress,
) -> Result<(), String> {
    for data in [&b"ping"[..], b""] {
        succeeds(near.send(data.to_vec(), Some(far_address)).await, "send")?;
        let got = succeeds(far.receive(100).await, "receive")?;
        equal(got.data.as_slice(), data, "data")?;
        check(got.peer == near_address, "the sender is told")?;
        check(!got.truncated, "it is whole")?;
    }
    Ok(())
}

async fn cut(near: &UdpSocket, far: &UdpSocket, to: IpSocketAddress) -> Result<(), String> {
    for (max, truncated) in [(5, false), (4, true), (0, true)] {
        succeeds(near.send(b"abcde".to_vec(), Some(to)).await, "send")?;
        let got = succeeds(far.receive(max).await, "receive")?;
        equal(got.data.as_slice(), &b"abcde"[..max as usize], "data")?;
        equal(got.truncated, truncated, "truncated")?;
    }
    Ok(())
}

async fn sizes(near: &UdpSocket, far: &UdpSocket, to: IpSocketAddress) -> Result<(), String> {
    let data = vec![7; PAYLOAD_MAX];
    succeeds(near.send(data.clone(), Some(to)).await, "the largest")?;
    let got = succeeds(far.receive(u32::MAX).await, "receive")?;
    check(got.data == data && !got.truncated, "the largest is whole")?;
    for length in [PAYLOAD_MAX + 1, 65_536, 1 << 20] {
        let sent = near.send(vec![7; length], Some(to)).await;
        fails(sent, ErrorCode::DatagramTooLarge, "one byte more")?;
    }
    waits_and_is_cancelled(far.receive(10), "nothing was sent")
}

async fn batches(near: &UdpSocket, far: &UdpSocket, to: IpSocketAddress) -> Result<(), String> {
    let datagram = |data: &[u8]| Outgoing {
        data: data.to_vec(),
        peer: Some(to),
    };
    let sent = near.send_many(vec![datagram(b"a"), datagram(b""), datagram(b"ccc")]);
    equal(succeeds(sent.await, "send many")?, 3, "sent")?;
    let mut got = Vec::new();
    while got.len() < 3 {
        got.extend(succeeds(far.receive_many(2, 2).await, "receive many")?);
    }
    let got: Vec<_> = got.into_iter().map(|d| (d.data, d.truncated)).collect();
    let expected = [(&b"a"[..], false), (b"", false), (b"cc", true)];
    equal(
        got,
        expected.map(|(d, cut)| (d.to_vec(), cut)).to_vec(),
        "batch",
    )?;
    let none = succeeds(near.send_many(Vec::new()).await, "send none")?;
    equal(none, 0, "none sent")?;
    let large = Outgoing {
        data: vec![0; PAYLOAD_MAX + 1],
        peer: Some(to),
    };
    let sent = near.send_many(vec![datagram(b"x"), large.clone()]).await;
    equal(succeeds(sent, "send until the large one")?, 1, "sent")?;
    fails(
        near.send_many(vec![large]).await,
        ErrorCode::DatagramTooLarge,
        "send many",
    )?;
    succeeds(far.receive(1).await, "receive")?;
    for count in [0, 1025, u32::MAX] {
        let got = far.receive_many(count, 1).await;
        fails(got, ErrorCode::OutOfRange, "count")?;
    }
    succeeds(near.send(b"x".to_vec(), Some(to)).await, "send")?;
    let got = succeeds(far.receive_many(1024, 1).await, "receive many")?;
    equal(got.len(), 1, "received")?;
    let many = vec![datagram(b"x"); 1025];
    fails(
        near.send_many(many).await,
        ErrorCode::OutOfRange,
        "send many",
    )
}

/// A receive that is cancelled has received nothing; what cannot be is a code.
async fn cancelled(near: &UdpSocket, far: &UdpSocket, to: IpSocketAddress) -> Result<(), String> {
    waits_and_is_cancelled(far.receive(10), "receive")?;
    waits_and_is_cancelled(far.receive_many(10, 10), "receive many")?;
    succeeds(near.send(b"kept".to_vec(), Some(to)).await, "send")?;
    let kept = succeeds(far.receive(10).await, "receive")?;
    equal(kept.data, b"kept".to_vec(), "nothing is lost")?;
    let nowhere = near.send(b"x".to_vec(), Some(loopback())).await;
    fails(nowhere, ErrorCode::InvalidArgument, "send to port 0")
}

/// Connecting, by `set-peer` and from the start; a refusal is told once.
async fn peers(near: &UdpSocket, far: &UdpSocket, to: IpSocketAddress) -> Result<(), String> {
    let nowhere = near.send(b"x".to_vec(), None).await;
    fails(nowhere, ErrorCode::NotConnected, "send without a peer")?;
    fails(near.peer_address(), ErrorCode::NotConnected, "peer address")?;
    succeeds(near.set_peer(Some(to)), "set peer")?;
    check(succeeds(near.peer_address(), "peer")? == to, "the peer")?;
    succeeds(near.send(b"x".to_vec(), None).await, "send")?;
    succeeds(near.set_peer(None), "unset peer")?;
    fails(near.peer_address(), ErrorCode::NotConnected, "peer address")?;
    while succeeds(far.receive_many(64, 1).await, "receive")?
        .last()
        .map(|d| d.data.len())
        != Some(1)
    {}

    let (gone, gone_address) = bind()?;
    let client = succeeds(UdpSocket::connect(gone_address, None), "connect")?;
    let own = succeeds(client.local_address(), "local address")?;
    succeeds(gone.send(b"early".to_vec(), Some(own)).await, "send")?;
    drop(gone);
    succeeds(client.send(b"x".to_vec(), None).await, "send to nobody")?;
    fails(
        client.receive(10).await,
        ErrorCode::ConnectionRefused,
        "refused",
    )?;
    let early = succeeds(client.receive(10).await, "what came early")?;
    equal(early.data.as_slice(), b"early", "nothing is lost")?;
    waits_and_is_cancelled(client.receive(10), "it is told once")
}

fn addresses(taken: IpSocketAddress) -> Result<(), String> {
    let again = UdpSocket::bind(taken, BindOptions::default());
    fails(again, ErrorCode::AccessDenied, "only port 0 is granted")?;
    let local = SocketAddr::from(([192, 0, 2, 1], 0));
    let elsewhere = UdpSocket::connect(taken, Some(local.into()));
    fails(
        elsewhere,
        ErrorCode::AccessDenied,
        "the local address is judged",
    )?;
    let local = succeeds(UdpSocket::connect(taken, Some(loopback())), "connect")?;
    let known = succeeds(UdpSocket::by_handle(local.as_handle()), "by handle")?;
    equal(known.as_handle(), local.as_handle(), "the same handle")?;
    drop(local);
    fails(
        known.local_address(),
        ErrorCode::BadHandle,
        "a closed socket",
    )?;
    fails(
        UdpSocket::by_handle(u64::MAX),
        ErrorCode::BadHandle,
        "a forged handle",
    )
}
