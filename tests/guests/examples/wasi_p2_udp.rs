//! Datagrams of WASI 0.2: states, batches, peers, sizes, and what the policy grants.

use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress};
use wasip2::sockets::udp::{
    IncomingDatagram, IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
};
use wasip2::sockets::udp_create_socket::create_udp_socket;

use p2::{at, code};

#[path = "wasi_support/p2.rs"]
mod p2;

fn main() -> Result<(), String> {
    match std::env::args().nth(1) {
        Some(stranger) => denied(at(&stranger)?),
        None => {
            states()?;
            batches()?;
            peers()?;
            sizes()
        }
    }
}

fn create() -> Result<UdpSocket, String> {
    create_udp_socket(IpAddressFamily::Ipv4).map_err(code("create"))
}

fn bound(address: &str) -> Result<(UdpSocket, IpSocketAddress), String> {
    let socket = create()?;
    let bound = socket.start_bind(&instance_network(), at(address)?);
    bound.map_err(code("start to bind"))?;
    socket.finish_bind().map_err(code("bind"))?;
    let address = socket.local_address().map_err(code("local address"))?;
    Ok((socket, address))
}

fn to(remote_address: Option<IpSocketAddress>, data: &[u8]) -> OutgoingDatagram {
    OutgoingDatagram {
        data: data.to_vec(),
        remote_address,
    }
}

fn send(output: &OutgoingDatagramStream, datagram: OutgoingDatagram) -> Result<u64, ErrorCode> {
    output.subscribe().block();
    assert_ne!(output.check_send()?, 0);
    output.send(&[datagram])
}

fn receive(input: &IncomingDatagramStream) -> Result<Vec<IncomingDatagram>, ErrorCode> {
    let pollable = input.subscribe();
    pollable.block();
    let datagrams = input.receive(100)?;
    assert!(!datagrams.is_empty(), "the pollable keeps its word");
    Ok(datagrams)
}

fn states() -> Result<(), String> {
    let socket = create()?;
    let network = instance_network();
    assert_eq!(socket.address_family(), IpAddressFamily::Ipv4);
    assert_eq!(socket.finish_bind(), Err(ErrorCode::NotInProgress));
    assert_eq!(socket.local_address().err(), Some(ErrorCode::InvalidState));
    assert_eq!(socket.stream(None).err(), Some(ErrorCode::InvalidState));
    let wrong = socket.start_bind(&network, at("[::1]:0")?);
    assert_eq!(wrong, Err(ErrorCode::InvalidArgument));
    let any = at("127.0.0.1:0")?;
    assert_eq!(socket.start_bind(&network, any), Ok(()));
    let twice = socket.start_bind(&network, any);
    assert_eq!(twice, Err(ErrorCode::ConcurrencyConflict));
    assert_eq!(socket.finish_bind(), Ok(()));
    assert_eq!(
        socket.start_bind(&network, any),
        Err(ErrorCode::InvalidState)
    );
    assert_eq!(socket.remote_address().err(), Some(ErrorCode::InvalidState));
    for address in ["0.0.0.0:1", "127.0.0.1:0", "[::1]:1"] {
        let stream = socket.stream(Some(at(address)?));
        assert_eq!(stream.err(), Some(ErrorCode::InvalidArgument), "{address}");
    }
    assert_eq!(
        socket.set_unicast_hop_limit(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(socket.set_unicast_hop_limit(7), Ok(()));
    assert_eq!(socket.unicast_hop_limit(), Ok(7));
    assert_eq!(
        socket.set_receive_buffer_size(0),
        Err(ErrorCode::InvalidArgument)
    );
    assert_eq!(socket.set_receive_buffer_size(65_536), Ok(()));
    assert!(
        socket
            .receive_buffer_size()
            .is_ok_and(|size| size >= 65_536)
    );
    assert_eq!(socket.set_send_buffer_size(65_536), Ok(()));
    assert!(socket.send_buffer_size().is_ok_and(|size| size >= 65_536));
    socket.subscribe().block();
    Ok(())
}

/// What is sent together is received, at most 16 at a time.
fn batches() -> Result<(), String> {
    let (near, _) = bound("127.0.0.1:0")?;
    let (far, far_address) = bound("127.0.0.1:0")?;
    let (_, output) = near.stream(None).map_err(code("stream"))?;
    let (input, _) = far.stream(None).map_err(code("stream"))?;
    assert_eq!(input.receive(16).map(|none| none.len()), Ok(0));
    let permitted = output.check_send().map_err(code("check"))?;
    let permitted = usize::try_from(permitted).map_err(|error| error.to_string())?;
    let datagrams: Vec<_> = (0..permitted)
        .map(|number| to(Some(far_address), &[number as u8]))
        .collect();
    assert_eq!(output.send(&datagrams), Ok(permitted as u64));
    let mut next = 0;
    while next < permitted {
        for datagram in receive(&input).map_err(code("receive"))? {
            assert_eq!(datagram.data, [next as u8]);
            next += 1;
        }
    }
    assert_eq!(input.receive(0).map(|none| none.len()), Ok(0));
    Ok(())
}

fn peers() -> Result<(), String> {
    let (near, near_address) = bound("127.0.0.1:0")?;
    let (far, far_address) = bound("127.0.0.1:0")?;
    let (other, _) = bound("127.0.0.1:0")?;
    let (_, stranger) = other.stream(None).map_err(code("stream"))?;
    let (_, nobody) = far.stream(None).map_err(code("stream"))?;
    assert_eq!(
        send(&nobody, to(None, b"whom?")),
        Err(ErrorCode::InvalidArgument)
    );
    // Of a stranger, before the socket has a peer.
    send(&stranger, to(Some(near_address), b"stranger")).map_err(code("send"))?;
    let (input, output) = near.stream(Some(far_address)).map_err(code("stream"))?;
    assert!(near.remote_address().is_ok());
    send(&nobody, to(Some(near_address), b"peer")).map_err(code("send"))?;
    let datagrams = receive(&input).map_err(code("receive"))?;
    assert_eq!(datagrams.len(), 1);
    assert_eq!(datagrams[0].data, b"peer");
    assert_eq!(send(&output, to(None, b"one")), Ok(1));
    assert_eq!(send(&output, to(Some(far_address), b"two")), Ok(1));
    let mismatch = send(&output, to(Some(near_address), b"three"));
    assert_eq!(mismatch, Err(ErrorCode::InvalidArgument));
    drop((input, output));
    let (input, _) = near.stream(None).map_err(code("stream"))?;
    assert_eq!(near.remote_address().err(), Some(ErrorCode::InvalidState));
    send(&stranger, to(Some(near_address), b"again")).map_err(code("send"))?;
    assert_eq!(receive(&input).map_err(code("receive"))?[0].data, b"again");
    Ok(())
}

fn sizes() -> Result<(), String> {
    let (near, _) = bound("127.0.0.1:0")?;
    let (far, far_address) = bound("127.0.0.1:0")?;
    let (_, output) = near.stream(None).map_err(code("stream"))?;
    let (input, _) = far.stream(None).map_err(code("stream"))?;
    for size in [0, 1, 65_507] {
        assert_eq!(send(&output, to(Some(far_address), &vec![7; size])), Ok(1));
        let datagrams = receive(&input).map_err(code("receive"))?;
        assert_eq!((datagrams.len(), datagrams[0].data.len()), (1, size));
    }
    for size in [65_508, 65_536] {
        let sent = send(&output, to(Some(far_address), &vec![7; size]));
        assert_eq!(sent, Err(ErrorCode::DatagramTooLarge), "{size}");
    }
    Ok(())
}

/// Only the loopback is granted: a socket that was bound without a grant hears only from there.
fn denied(stranger: IpSocketAddress) -> Result<(), String> {
    let (socket, _) = bound("0.0.0.0:0")?;
    let (_, output) = socket.stream(None).map_err(code("stream"))?;
    assert_eq!(
        send(&output, to(Some(stranger), b"no")),
        Err(ErrorCode::AccessDenied)
    );
    let connected = create()?;
    let bound = connected.start_bind(&instance_network(), at("127.0.0.1:0")?);
    assert_eq!(bound, Err(ErrorCode::AccessDenied));
    drop(output);
    let stream = socket.stream(Some(stranger));
    assert_eq!(stream.err(), Some(ErrorCode::AccessDenied));
    Ok(())
}
