//! UDP over loopback: whole datagrams, batches, refusals, groups, and cancellation.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use aio_loop::dns::Family;
use aio_loop::net::{Inbox, Interface, Outgoing, UdpOptions, UdpSocket};
use aio_loop::testing::virtual_loop;
use aio_loop::{Handle, Loop};

/// The most bytes that fit a datagram of IPv4: 65,535 less the two headers.
const PAYLOAD_MAX: usize = 65_507;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 71, 3);

fn loopback() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)
}

fn bound(handle: &Handle) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(handle, loopback(), &UdpOptions::default()).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

/// Two sockets that are connected to each other.
fn pair(handle: &Handle) -> (UdpSocket, UdpSocket) {
    let (near, near_addr) = bound(handle);
    let (far, far_addr) = bound(handle);
    near.connect(far_addr).unwrap();
    far.connect(near_addr).unwrap();
    (near, far)
}

/// An address that nobody is at any more.
fn vacant(handle: &Handle) -> SocketAddr {
    bound(handle).1
}

fn at(addr: SocketAddr, data: &[u8]) -> Outgoing<'_> {
    let to = Some(addr);
    Outgoing { data, to }
}

fn run<T>(test: impl AsyncFnOnce(Handle) -> T) -> T {
    let mut event_loop: Loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(test(handle))
}

#[test]
fn a_datagram_comes_with_the_address_of_its_sender() {
    run(async |handle| {
        let (near, near_addr) = bound(&handle);
        let (far, far_addr) = bound(&handle);
        near.send_to(b"ping", far_addr).await.unwrap();
        let mut buf = [0; 16];
        let got = far.recv_from(&mut buf).await.unwrap();
        assert_eq!((got.len, got.from, got.truncated), (4, near_addr, false));
        assert_eq!(&buf[..4], b"ping");
    });
}

#[test]
fn an_empty_datagram_is_one() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        near.send(b"").await.unwrap();
        near.send(b"x").await.unwrap();
        let mut buf = [0; 4];
        let got = far.recv_from(&mut buf).await.unwrap();
        assert_eq!((got.len, got.truncated), (0, false));
        assert_eq!(far.recv_from(&mut buf).await.unwrap().len, 1);
    });
}

#[test]
fn what_a_buffer_is_too_small_for_is_told_as_truncated() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        for (room, truncated) in [(5, false), (4, true), (0, true)] {
            near.send(b"abcde").await.unwrap();
            let mut buf = vec![0; room];
            let got = far.recv_from(&mut buf).await.unwrap();
            assert_eq!((got.len, got.truncated), (room, truncated));
            assert_eq!(buf, b"abcde"[..room]);
        }
        let nothing = far.try_recv_from(&mut [0; 8]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock, "the rest is gone");
    });
}

#[test]
fn the_largest_datagram_is_sent_and_one_byte_more_is_not() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        let data = vec![7; PAYLOAD_MAX + 1];
        let error = near.send(&data).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc_emsgsize()));
        near.send(&data[..PAYLOAD_MAX]).await.unwrap();
        let mut buf = vec![0; PAYLOAD_MAX + 1];
        let got = far.recv_from(&mut buf).await.unwrap();
        assert_eq!((got.len, got.truncated), (PAYLOAD_MAX, false));
    });
}

fn libc_emsgsize() -> i32 {
    rustix::io::Errno::MSGSIZE.raw_os_error()
}

#[test]
fn a_batch_is_sent_and_received_in_order() {
    run(async |handle| {
        let (near, near_addr) = bound(&handle);
        let (far, far_addr) = bound(&handle);
        let texts: Vec<Vec<u8>> = (0..5).map(|n| vec![n; usize::from(n)]).collect();
        let batch: Vec<_> = texts.iter().map(|text| at(far_addr, text)).collect();
        send_all(&near, &batch).await;
        let mut inbox = Inbox::new(65_536, 4);
        let mut got = Vec::new();
        while got.len() < texts.len() {
            far.registration().readable().await;
            take_batch(&far, &mut inbox, |received, data| {
                assert_eq!(received.from, near_addr);
                assert!(!received.truncated);
                got.push(data.to_vec());
            });
        }
        assert_eq!(got, texts);
    });
}

async fn send_all(socket: &UdpSocket, mut batch: &[Outgoing<'_>]) {
    while !batch.is_empty() {
        let sent = socket.try_send_batch(batch).unwrap();
        batch = &batch[sent..];
    }
}

fn take_batch(
    socket: &UdpSocket,
    inbox: &mut Inbox,
    mut each: impl FnMut(aio_loop::net::Received, &[u8]),
) {
    let count = socket.try_recv_batch(inbox).unwrap();
    assert_eq!(inbox.iter().len(), count);
    inbox
        .iter()
        .for_each(|(received, data)| each(received, data));
}

#[test]
fn a_batch_takes_no_more_than_there_is_room_for() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        for text in [&b"abc"[..], b"abcd", b"abcde"] {
            near.send(text).await.unwrap();
        }
        let mut inbox = Inbox::new(64, 4);
        inbox.divide(4, 2);
        far.registration().readable().await;
        let mut got = Vec::new();
        let mut note = |received: aio_loop::net::Received, data: &[u8]| {
            got.push((data.to_vec(), received.truncated));
        };
        while far.registration().readiness().readable {
            take_batch(&far, &mut inbox, &mut note);
        }
        let expected = [(&b"abc"[..], false), (b"abcd", false), (b"abcd", true)];
        assert_eq!(got, expected.map(|(data, cut)| (data.to_vec(), cut)));
    });
}

#[test]
fn a_batch_that_left_room_clears_the_readiness_and_a_full_one_does_not() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        for _ in 0..2 {
            near.send(b"x").await.unwrap();
        }
        far.registration().readable().await;
        let mut inbox = Inbox::new(64, 4);
        inbox.divide(4, 1);
        far.try_recv_batch(&mut inbox).unwrap();
        assert!(far.registration().readiness().readable);
        inbox.divide(4, 8);
        far.try_recv_batch(&mut inbox).unwrap();
        assert_eq!(
            far.registration().readiness().readable,
            !cfg!(target_os = "linux")
        );
        near.send(b"y").await.unwrap();
        assert_eq!(far.recv_from(&mut [0; 4]).await.unwrap().len, 1);
    });
}

#[test]
fn sixty_four_datagrams_are_a_batch_and_the_next_is_left() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        let one = Outgoing {
            data: b"x",
            to: None,
        };
        let most = if cfg!(target_os = "linux") { 64 } else { 1 };
        assert_eq!(near.try_send_batch(&[one; 64]).unwrap(), most);
        assert_eq!(near.try_send_batch(&[one; 65]).unwrap(), most);
        assert_eq!(near.try_send_batch(&[]).unwrap(), 0);
        far.registration().readable().await;
        let mut inbox = Inbox::new(65_536, 8);
        inbox.divide(8, 1000);
        assert_eq!(far.try_recv_batch(&mut inbox).unwrap(), most);
    });
}

#[test]
fn a_batch_with_a_datagram_that_is_too_large_ends_before_it() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        let large = vec![0; PAYLOAD_MAX + 1];
        let datagram = |data| Outgoing { data, to: None };
        let batch = [datagram(b"x"), datagram(&large), datagram(b"y")];
        assert_eq!(near.try_send_batch(&batch).unwrap(), 1);
        near.registration().writable().await;
        let error = near.try_send_batch(&batch[1..]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc_emsgsize()));
        assert_eq!(near.try_send_batch(&batch[2..]).unwrap(), 1);
        let mut buf = [0; 4];
        for expected in [b'x', b'y'] {
            far.recv_from(&mut buf).await.unwrap();
            assert_eq!(buf[0], expected);
        }
    });
}

#[test]
fn a_connected_socket_is_told_once_that_it_was_refused_and_loses_nothing() {
    run(async |handle| {
        let (near, near_addr) = bound(&handle);
        let (far, far_addr) = bound(&handle);
        far.send_to(b"early", near_addr).await.unwrap();
        near.connect(far_addr).unwrap();
        drop(far);
        near.send(b"x").await.unwrap();
        let mut buf = [0; 8];
        let error = near.recv_from(&mut buf).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(near.recv_from(&mut buf).await.unwrap().len, 5);
        let nothing = near.try_recv_from(&mut buf).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_socket_without_a_peer_hears_of_no_refusal() {
    run(async |handle| {
        let (near, near_addr) = bound(&handle);
        near.send_to(b"x", vacant(&handle)).await.unwrap();
        near.send_to(b"self", near_addr).await.unwrap();
        assert_eq!(near.recv_from(&mut [0; 8]).await.unwrap().len, 4);
    });
}

#[test]
fn a_connected_socket_takes_in_nothing_from_others_until_it_is_disconnected() {
    run(async |handle| {
        let (near, near_addr) = bound(&handle);
        let (far, far_addr) = bound(&handle);
        let (other, _) = bound(&handle);
        near.connect(far_addr).unwrap();
        assert_eq!(near.peer_addr().unwrap(), far_addr);
        other.send_to(b"other", near_addr).await.unwrap();
        far.send_to(b"far", near_addr).await.unwrap();
        assert_eq!(near.recv_from(&mut [0; 8]).await.unwrap().len, 3);
        near.disconnect().unwrap();
        let error = near.peer_addr().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        other.send_to(b"other", near_addr).await.unwrap();
        assert_eq!(near.recv_from(&mut [0; 8]).await.unwrap().len, 5);
    });
}

#[test]
fn a_socket_without_an_address_gets_one_when_it_is_assigned_or_sends() {
    run(async |handle| {
        let options = UdpOptions::default();
        let near = UdpSocket::new(&handle, Family::V4, &options).unwrap();
        assert_eq!(near.local_addr().unwrap().port(), 0);
        near.assign(loopback()).unwrap();
        let near_addr = near.local_addr().unwrap();
        assert_ne!(near_addr.port(), 0);
        let again = near.assign(loopback()).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::InvalidInput);
        let far = UdpSocket::new(&handle, Family::V4, &options).unwrap();
        far.send_to(b"x", near_addr).await.unwrap();
        let got = near.recv_from(&mut [0; 4]).await.unwrap();
        assert_eq!(got.from.port(), far.local_addr().unwrap().port());
    });
}

#[test]
fn an_address_is_taken_once_unless_all_who_ask_share_it() {
    run(async |handle| {
        let (_first, addr) = bound(&handle);
        let error = UdpSocket::bind(&handle, addr, &UdpOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let shared = UdpOptions {
            reuse_address: true,
            ..UdpOptions::default()
        };
        let first = UdpSocket::bind(&handle, loopback(), &shared).unwrap();
        let _second = UdpSocket::bind(&handle, first.local_addr().unwrap(), &shared).unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn broadcasting_is_denied_without_the_option() {
    run(async |handle| {
        // The broadcast address of the network of loopback: nothing leaves the machine.
        let (near, near_addr) = bound(&handle);
        let everyone = SocketAddr::new(Ipv4Addr::new(127, 255, 255, 255).into(), near_addr.port());
        let error = near.send_to(b"x", everyone).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(!near.broadcast().unwrap());
        near.set_broadcast(true).unwrap();
        near.send_to(b"x", everyone).await.unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_group_is_heard_by_those_who_joined_and_until_they_leave() {
    run(async |handle| {
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let shared = UdpOptions {
            reuse_address: true,
            ..UdpOptions::default()
        };
        let member = UdpSocket::bind(&handle, any, &shared).unwrap();
        let port = member.local_addr().unwrap().port();
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        let stranger = UdpSocket::bind(&handle, any, &shared).unwrap();
        let loopback = Interface::Address(Ipv4Addr::LOCALHOST);
        member.join(GROUP.into(), loopback).unwrap();
        let (sender, _) = bound(&handle);
        sender.set_multicast_interface(loopback).unwrap();
        let to = SocketAddr::new(GROUP.into(), port);
        sender.send_to(b"all", to).await.unwrap();
        assert_eq!(member.recv_from(&mut [0; 8]).await.unwrap().len, 3);
        stranger.send_to(b"end", stranger_addr(port)).await.unwrap();
        member.leave(GROUP.into(), loopback).unwrap();
        let again = member.leave(GROUP.into(), loopback).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AddrNotAvailable);
        // Of the two that share the port the later one gets what is sent to the machine.
        assert_eq!(&first_of(&stranger).await, b"end");
    });
}

fn stranger_addr(port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)
}

async fn first_of(socket: &UdpSocket) -> Vec<u8> {
    let mut buf = vec![0; 16];
    let got = socket.recv_from(&mut buf).await.unwrap();
    buf.truncate(got.len);
    buf
}

#[test]
fn options_come_back_as_they_were_set() {
    run(async |handle| {
        let (socket, _) = bound(&handle);
        socket.set_ttl(7).unwrap();
        assert_eq!(socket.ttl().unwrap(), 7);
        assert_eq!(socket.multicast_ttl().unwrap(), 1);
        socket.set_multicast_ttl(3).unwrap();
        assert_eq!(socket.multicast_ttl().unwrap(), 3);
        assert!(socket.multicast_loop().unwrap());
        socket.set_multicast_loop(false).unwrap();
        assert!(!socket.multicast_loop().unwrap());
        socket.set_recv_buffer_size(65_536).unwrap();
        assert!(socket.recv_buffer_size().unwrap() >= 65_536);
        socket.set_send_buffer_size(65_536).unwrap();
        assert!(socket.send_buffer_size().unwrap() >= 65_536);
    });
}

#[test]
fn a_wait_that_is_given_up_loses_no_datagram() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        let mut buf = [0; 8];
        {
            let mut early = std::pin::pin!(far.recv_from(&mut buf));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(early.as_mut().poll(&mut cx).is_pending());
            near.send(b"kept").await.unwrap();
        }
        assert_eq!(far.recv_from(&mut buf).await.unwrap().len, 4);
    });
}

#[test]
fn closing_ends_what_waits() {
    run(async |handle| {
        let (near, far) = pair(&handle);
        let near = std::sync::Arc::new(near);
        let waits = near.clone();
        let task = handle.spawn(async move {
            let error = waits.recv_from(&mut [0; 8]).await.unwrap_err();
            error.kind()
        });
        handle.sleep(std::time::Duration::ZERO).await;
        near.registration().close();
        assert_eq!(task.await, Ok(ErrorKind::NotConnected));
        let error = near.try_send(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        drop(far);
    });
}

#[test]
fn ipv6_speaks_to_itself() {
    run(async |handle| {
        let any: SocketAddr = "[::1]:0".parse().unwrap();
        let only = UdpOptions {
            v6_only: Some(true),
            ..UdpOptions::default()
        };
        let socket = UdpSocket::bind(&handle, any, &only).unwrap();
        let addr = socket.local_addr().unwrap();
        let batch = [at(addr, b"one"), at(addr, b"two")];
        send_all(&socket, &batch).await;
        socket.registration().readable().await;
        let mut inbox = Inbox::new(64, 8);
        take_batch(&socket, &mut inbox, |received, _| {
            assert_eq!(received.from, addr)
        });
        socket.set_ttl(9).unwrap();
        assert_eq!(socket.ttl().unwrap(), 9);
        assert_eq!(socket.multicast_ttl().unwrap(), 1);
        let group: IpAddr = "ff15::7103".parse().unwrap();
        let by_address = Interface::Address(Ipv4Addr::LOCALHOST);
        let error = socket.join(group, by_address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}
