//! Options of a socket for datagrams, each at its bounds, and groups.

use std::net::{Ipv4Addr, SocketAddr};

use aio_guest::{BindOptions, ErrorCode, IpSocketAddress, UdpSocket, socket_address};
use test_guests::{argument, bind, check, equal, fails, loopback, succeeds};

aio_guest::main!(run);

const BUFFER_MAX: u32 = 16_777_216;

async fn run() -> Result<(), String> {
    match argument(1).as_deref() {
        Ok("group") => group().await,
        Ok("shared") => shared(),
        Ok("ipv6") => ipv6().await,
        _ => options(&bind()?.0),
    }
}

fn options(socket: &UdpSocket) -> Result<(), String> {
    equal(
        succeeds(socket.broadcast(), "broadcast")?,
        false,
        "broadcast",
    )?;
    succeeds(socket.set_broadcast(true), "set broadcast")?;
    equal(
        succeeds(socket.broadcast(), "broadcast")?,
        true,
        "broadcast",
    )?;
    for hops in [1, 255] {
        succeeds(socket.set_hop_limit(hops), "set hops")?;
        equal(succeeds(socket.hop_limit(), "hops")?, hops, "hops")?;
    }
    fails(socket.set_hop_limit(0), ErrorCode::OutOfRange, "no hops")?;
    equal(
        succeeds(socket.multicast_hop_limit(), "hops")?,
        1,
        "multicast hops",
    )?;
    for hops in [0, 255] {
        succeeds(socket.set_multicast_hop_limit(hops), "set hops")?;
        equal(
            succeeds(socket.multicast_hop_limit(), "hops")?,
            hops,
            "multicast hops",
        )?;
    }
    equal(
        succeeds(socket.multicast_loop(), "loop")?,
        true,
        "multicast loop",
    )?;
    succeeds(socket.set_multicast_loop(false), "set loop")?;
    equal(
        succeeds(socket.multicast_loop(), "loop")?,
        false,
        "multicast loop",
    )?;
    buffers(socket)?;
    interfaces(socket)
}

fn buffers(socket: &UdpSocket) -> Result<(), String> {
    for size in [1, 20_000, BUFFER_MAX] {
        succeeds(socket.set_receive_buffer_size(size), "set receive buffer")?;
        succeeds(socket.set_send_buffer_size(size), "set send buffer")?;
    }
    for size in [0, BUFFER_MAX + 1, u32::MAX] {
        let (receive, send) = (
            socket.set_receive_buffer_size(size),
            socket.set_send_buffer_size(size),
        );
        fails(receive, ErrorCode::OutOfRange, "receive buffer")?;
        fails(send, ErrorCode::OutOfRange, "send buffer")?;
    }
    let sizes = (socket.receive_buffer_size(), socket.send_buffer_size());
    equal(succeeds(sizes.0, "size")? > 0, true, "there is a buffer")?;
    equal(succeeds(sizes.1, "size")? > 0, true, "there is a buffer")
}

fn interfaces(socket: &UdpSocket) -> Result<(), String> {
    succeeds(socket.set_multicast_interface(loopback()), "interface")?;
    let other = socket_address("[::1]:0")?;
    fails(
        socket.set_multicast_interface(other),
        ErrorCode::InvalidArgument,
        "an interface of the other family",
    )?;
    for no_group in ["127.0.0.1:0", "[ff15::1]:0", "[::1]:0"] {
        let joined = socket.join(socket_address(no_group)?, None);
        fails(joined, ErrorCode::InvalidArgument, no_group)?;
    }
    let group = socket_address("239.1.2.3:0")?;
    fails(
        socket.join(group, None),
        ErrorCode::AccessDenied,
        "a group that is not granted",
    )?;
    fails(
        socket.leave(group, Some(loopback())),
        ErrorCode::AddressNotAvailable,
        "a group that was not joined",
    )
}

/// Members of a group hear what is sent to it until they leave; everybody hears what is broadcast.
async fn group() -> Result<(), String> {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let member = succeeds(UdpSocket::bind(any.into(), BindOptions::default()), "bind")?;
    let port = SocketAddr::from(succeeds(member.local_address(), "address")?).port();
    let group: IpSocketAddress = SocketAddr::from(([239, 255, 71, 3], port)).into();
    succeeds(member.join(group, Some(loopback())), "join")?;
    fails(
        member.join(group, Some(loopback())),
        ErrorCode::AddressInUse,
        "join twice",
    )?;
    let (sender, _) = bind()?;
    succeeds(sender.set_multicast_interface(loopback()), "interface")?;
    succeeds(
        sender.send(b"all".to_vec(), Some(group)).await,
        "send to the group",
    )?;
    equal(
        succeeds(member.receive(10).await, "receive")?.data,
        b"all".to_vec(),
        "data",
    )?;
    succeeds(member.leave(group, Some(loopback())), "leave")?;
    succeeds(
        sender.send(b"none".to_vec(), Some(group)).await,
        "send to the group",
    )?;
    let direct = SocketAddr::from(([127, 0, 0, 1], port)).into();
    succeeds(sender.send(b"direct".to_vec(), Some(direct)).await, "send")?;
    equal(
        succeeds(member.receive(10).await, "receive")?.data,
        b"direct".to_vec(),
        "left",
    )?;
    let everyone: IpSocketAddress = SocketAddr::from(([127, 255, 255, 255], port)).into();
    let denied = sender.send(b"b".to_vec(), Some(everyone)).await;
    fails(
        denied,
        ErrorCode::AccessDenied,
        "the system denies broadcasting",
    )?;
    succeeds(sender.set_broadcast(true), "set broadcast")?;
    succeeds(
        sender.send(b"b".to_vec(), Some(everyone)).await,
        "broadcast",
    )?;
    equal(
        succeeds(member.receive(10).await, "receive")?.data,
        b"b".to_vec(),
        "data",
    )
}

/// The other family: hops, a group by the number of its interface, and no IPv4 unless asked for.
async fn ipv6() -> Result<(), String> {
    let only = BindOptions {
        ipv6_only: Some(true),
        ..BindOptions::default()
    };
    let socket = succeeds(UdpSocket::bind(socket_address("[::1]:0")?, only), "bind")?;
    let own = succeeds(socket.local_address(), "address")?;
    succeeds(socket.send(b"six".to_vec(), Some(own)).await, "send")?;
    let got = succeeds(socket.receive(10).await, "receive")?;
    equal(
        (got.data, got.peer == own),
        (b"six".to_vec(), true),
        "from itself",
    )?;
    succeeds(socket.set_hop_limit(7), "set hops")?;
    equal(succeeds(socket.hop_limit(), "hops")?, 7, "hops")?;
    succeeds(socket.set_multicast_hop_limit(3), "set hops")?;
    equal(
        succeeds(socket.multicast_hop_limit(), "hops")?,
        3,
        "multicast hops",
    )?;
    let group = socket_address("[ff15::7103%1]:0")?;
    succeeds(socket.join(group, None), "join")?;
    let by_address = socket.join(group, Some(own));
    fails(
        by_address,
        ErrorCode::InvalidArgument,
        "an interface by address",
    )?;
    succeeds(socket.leave(group, None), "leave")?;
    let four = UdpSocket::connect(loopback_port(9), Some(own));
    check(four.is_err(), "no socket has both families")
}

fn loopback_port(port: u16) -> IpSocketAddress {
    SocketAddr::from(([127, 0, 0, 1], port)).into()
}

/// An address is taken once, unless all ask to share it.
fn shared() -> Result<(), String> {
    let (_first, taken) = bind()?;
    let again = UdpSocket::bind(taken, BindOptions::default());
    fails(again, ErrorCode::AddressInUse, "bind twice")?;
    for (reuse_address, reuse_port) in [(true, false), (false, true)] {
        let options = BindOptions {
            reuse_address,
            reuse_port,
            ..BindOptions::default()
        };
        let first = succeeds(UdpSocket::bind(loopback(), options), "bind")?;
        let address = succeeds(first.local_address(), "address")?;
        succeeds(UdpSocket::bind(address, options), "bind twice")?;
    }
    let nowhere = socket_address("192.0.2.1:0")?;
    let bound = UdpSocket::bind(nowhere, BindOptions::default());
    fails(
        bound,
        ErrorCode::AddressNotAvailable,
        "bind to another's address",
    )
}
