//! Datagrams of WASI 0.3: states, peers, sizes, and a receive that is given up.
#![allow(unsafe_code, reason = "the export is a function of the C ABI")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use wasip3::cli::environment::get_arguments;
use wasip3::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, UdpSocket};

use p3::{at, failed};

#[path = "wasi_support/p3.rs"]
mod p3;

struct Guest;

wasip3::cli::command::export!(Guest);

impl wasip3::exports::cli::run::Guest for Guest {
    async fn run() -> Result<(), ()> {
        let done = match get_arguments().get(1) {
            Some(stranger) => denied(at(stranger)).await,
            None => granted().await,
        };
        done.map_err(|code| eprintln!("{code:?}"))
    }
}

fn create() -> Result<UdpSocket, ErrorCode> {
    UdpSocket::create(IpAddressFamily::Ipv4)
}

fn bound() -> Result<(UdpSocket, IpSocketAddress), ErrorCode> {
    let socket = create()?;
    socket.bind(at("127.0.0.1:0"))?;
    let address = socket.get_local_address()?;
    Ok((socket, address))
}

async fn granted() -> Result<(), ErrorCode> {
    states().await?;
    peers().await?;
    sizes().await?;
    cancelled().await
}

async fn states() -> Result<(), ErrorCode> {
    let socket = create()?;
    assert_eq!(
        failed(socket.get_local_address()),
        "ErrorCode::InvalidState"
    );
    assert_eq!(failed(socket.receive().await), "ErrorCode::InvalidState");
    assert_eq!(failed(socket.disconnect()), "ErrorCode::InvalidState");
    let nowhere = socket.send(Vec::new(), None).await;
    assert_eq!(failed(nowhere), "ErrorCode::InvalidArgument");
    assert_eq!(
        failed(socket.bind(at("[::1]:0"))),
        "ErrorCode::InvalidArgument"
    );
    socket.bind(at("127.0.0.1:0"))?;
    assert_eq!(
        failed(socket.bind(at("127.0.0.1:0"))),
        "ErrorCode::InvalidState"
    );
    for address in ["0.0.0.0:1", "127.0.0.1:0", "[::1]:1"] {
        assert_eq!(
            failed(socket.connect(at(address))),
            "ErrorCode::InvalidArgument"
        );
        let sent = socket.send(Vec::new(), Some(at(address))).await;
        assert_eq!(failed(sent), "ErrorCode::InvalidArgument");
    }
    assert_eq!(
        failed(socket.set_unicast_hop_limit(0)),
        "ErrorCode::InvalidArgument"
    );
    socket.set_unicast_hop_limit(7)?;
    assert_eq!(socket.get_unicast_hop_limit()?, 7);
    socket.set_receive_buffer_size(65_536)?;
    assert!(socket.get_receive_buffer_size()? >= 65_536);
    socket.set_send_buffer_size(65_536)?;
    assert!(socket.get_send_buffer_size()? >= 65_536);
    Ok(())
}

async fn peers() -> Result<(), ErrorCode> {
    let (far, far_address) = bound()?;
    // The first datagram binds.
    let near = create()?;
    near.send(b"ping".to_vec(), Some(far_address)).await?;
    let (data, near_address) = far.receive().await?;
    assert_eq!(data, b"ping");
    assert_eq!(port(near_address), port(near.get_local_address()?));
    near.connect(far_address)?;
    assert_eq!(port(near.get_remote_address()?), port(far_address));
    let (other, _) = bound()?;
    other.send(b"stranger".to_vec(), Some(near_address)).await?;
    far.send(b"pong".to_vec(), Some(near_address)).await?;
    assert_eq!(near.receive().await?.0, b"pong");
    near.send(b"to the peer".to_vec(), None).await?;
    assert_eq!(far.receive().await?.0, b"to the peer");
    let mismatch = near.send(Vec::new(), Some(at("127.0.0.1:1"))).await;
    assert_eq!(failed(mismatch), "ErrorCode::InvalidArgument");
    near.disconnect()?;
    assert_eq!(failed(near.get_remote_address()), "ErrorCode::InvalidState");
    assert_eq!(port(near.get_local_address()?), port(near_address));
    Ok(())
}

fn port(address: IpSocketAddress) -> u16 {
    match address {
        IpSocketAddress::Ipv4(v4) => v4.port,
        IpSocketAddress::Ipv6(v6) => v6.port,
    }
}

async fn sizes() -> Result<(), ErrorCode> {
    let (near, _) = bound()?;
    let (far, far_address) = bound()?;
    for size in [0, 1, 65_507] {
        near.send(vec![7; size], Some(far_address)).await?;
        assert_eq!(far.receive().await?.0.len(), size);
    }
    for size in [65_508, 65_536] {
        let sent = near.send(vec![7; size], Some(far_address)).await;
        assert_eq!(failed(sent), "ErrorCode::DatagramTooLarge");
    }
    Ok(())
}

/// A receive that was given up has received nothing.
async fn cancelled() -> Result<(), ErrorCode> {
    let (near, _) = bound()?;
    let (far, far_address) = bound()?;
    {
        let mut receive = pin!(far.receive());
        let pending = poll_fn(|cx| Poll::Ready(receive.as_mut().poll(cx).is_pending()));
        assert!(pending.await);
    }
    near.send(b"kept".to_vec(), Some(far_address)).await?;
    assert_eq!(far.receive().await?.0, b"kept");
    Ok(())
}

/// Nothing but sending to the loopback is granted.
async fn denied(stranger: IpSocketAddress) -> Result<(), ErrorCode> {
    let socket = create()?;
    let sent = socket.send(Vec::new(), Some(stranger)).await;
    assert_eq!(failed(sent), "ErrorCode::AccessDenied");
    assert_eq!(failed(socket.connect(stranger)), "ErrorCode::AccessDenied");
    assert_eq!(
        failed(socket.bind(at("127.0.0.1:0"))),
        "ErrorCode::AccessDenied"
    );
    assert_eq!(
        failed(socket.bind(at("0.0.0.0:1"))),
        "ErrorCode::AccessDenied"
    );
    socket.bind(at("0.0.0.0:0"))
}
