//! Sockets before they are connected or listen: local addresses, options, and what they become.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use aio_loop::dns::Family;
use aio_loop::net::{SocketOptions, TcpSocket};
use aio_loop::testing::virtual_loop;

const SECOND: Duration = Duration::from_secs(1);

fn loopback(family: Family) -> SocketAddr {
    match family {
        Family::V4 => "127.0.0.1:0".parse().unwrap(),
        Family::V6 => "[::1]:0".parse().unwrap(),
    }
}

fn bound(family: Family) -> TcpSocket {
    let socket = TcpSocket::new(family).unwrap();
    socket.bind(loopback(family)).unwrap();
    socket
}

#[test]
fn a_connection_comes_from_the_address_its_socket_was_bound_to() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    for family in [Family::V4, Family::V6] {
        let listener = bound(family).listen(&handle, 16).unwrap();
        let socket = bound(family);
        let local = socket.local_addr().unwrap();
        assert_ne!(local.port(), 0);
        let connect = socket.connect(&handle, listener.local_addr().unwrap());
        event_loop.block_on(async {
            let near = connect.unwrap().await.unwrap();
            let (far, peer) = listener.accept().await.unwrap();
            assert_eq!((peer, near.local_addr().unwrap()), (local, local));
            assert!(near.nodelay().unwrap() && far.nodelay().unwrap());
            near.write_all(b"ping").await.unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 4);
        });
    }
}

#[test]
fn a_socket_that_was_not_bound_connects_from_a_port_of_the_systems_choice() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let listener = bound(Family::V4).listen(&handle, 16).unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = TcpSocket::for_address(addr).unwrap();
    assert_eq!(socket.local_addr().unwrap().port(), 0);
    let connect = socket.connect(&handle, addr).unwrap();
    let near = event_loop.block_on(connect).unwrap();
    assert_ne!(near.local_addr().unwrap().port(), 0);
}

#[test]
fn a_refused_connection_is_told() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let unheard = bound(Family::V4).local_addr().unwrap();
    let socket = TcpSocket::new(Family::V4).unwrap();
    let error = event_loop.block_on(async {
        match socket.connect(&handle, unheard) {
            Ok(connect) => connect.await.unwrap_err(),
            Err(error) => error,
        }
    });
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn an_address_in_use_is_told_and_the_socket_can_be_bound_elsewhere() {
    let handle = virtual_loop().unwrap().handle().clone();
    let listener = bound(Family::V4).listen(&handle, 16).unwrap();
    let socket = TcpSocket::new(Family::V4).unwrap();
    let error = socket.bind(listener.local_addr().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    socket.bind(loopback(Family::V4)).unwrap();
}

fn check_options(options: &SocketOptions<'_>) {
    assert!(!options.keepalive().unwrap());
    for seconds in [1, 32_767] {
        options.set_keepalive_idle(seconds * SECOND).unwrap();
        assert_eq!(options.keepalive_idle().unwrap(), seconds * SECOND);
        options.set_keepalive_interval(seconds * SECOND).unwrap();
        assert_eq!(options.keepalive_interval().unwrap(), seconds * SECOND);
    }
    assert!(options.set_keepalive_idle(32_768 * SECOND).is_err());
    assert!(options.set_keepalive_interval(32_768 * SECOND).is_err());
    for retries in [1, 127] {
        options.set_keepalive_retries(retries).unwrap();
        assert_eq!(options.keepalive_retries().unwrap(), retries);
    }
    assert!(options.set_keepalive_retries(128).is_err());
    assert!(!options.keepalive().unwrap());
    options.set_keepalive(true).unwrap();
    options.set_keepalive_retries(5).unwrap();
    assert!(options.keepalive().unwrap());
    options.set_keepalive(false).unwrap();
    for hops in [1, 255] {
        options.set_hop_limit(hops).unwrap();
        assert_eq!(options.hop_limit().unwrap(), hops);
    }
    assert!(options.set_hop_limit(256).is_err());
    options.set_recv_buffer_size(65_536).unwrap();
    assert!(options.recv_buffer_size().unwrap() >= 65_536);
    options.set_send_buffer_size(65_536).unwrap();
    assert!(options.send_buffer_size().unwrap() >= 65_536);
}

#[test]
fn options_can_be_set_in_every_state() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    for family in [Family::V4, Family::V6] {
        let socket = bound(family);
        check_options(&socket.options());
        let listener = socket.listen(&handle, 1).unwrap();
        check_options(&listener.options().unwrap());
        listener.set_backlog(16).unwrap();
        let socket = TcpSocket::new(family).unwrap();
        let connect = socket.connect(&handle, listener.local_addr().unwrap());
        let connect = connect.unwrap();
        check_options(&connect.options().unwrap().unwrap());
        let near = event_loop.block_on(connect).unwrap();
        check_options(&near.options().unwrap());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn accepted_connections_inherit_the_options_of_the_socket_that_listens() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let socket = bound(Family::V4);
    socket.options().set_hop_limit(42).unwrap();
    socket.options().set_keepalive(true).unwrap();
    let listener = socket.listen(&handle, 16).unwrap();
    let connect = TcpSocket::new(Family::V4).unwrap();
    let connect = connect.connect(&handle, listener.local_addr().unwrap());
    event_loop.block_on(async {
        let _near = connect.unwrap().await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let options = far.options().unwrap();
        assert_eq!(options.hop_limit().unwrap(), 42);
        assert!(options.keepalive().unwrap());
    });
}

#[test]
fn sockets_that_share_a_port_listen_beside_each_other() {
    let handle = virtual_loop().unwrap().handle().clone();
    let (first, second) = (
        TcpSocket::new(Family::V6).unwrap(),
        TcpSocket::new(Family::V6).unwrap(),
    );
    for socket in [&first, &second] {
        socket.set_only_v6(true).unwrap();
        socket.set_reuse_port(true).unwrap();
    }
    first.bind(loopback(Family::V6)).unwrap();
    second.bind(first.local_addr().unwrap()).unwrap();
    let _first = first.listen(&handle, 1).unwrap();
    let _second = second.listen(&handle, 1).unwrap();
}
