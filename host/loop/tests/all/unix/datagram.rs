//! Unix datagrams: bounds, names, full queues, and cancellation.

use std::io::ErrorKind;
use std::os::unix::net as native;

use aio_loop::Elapsed;
use aio_loop::net::unix::{UnixDatagram, UnixName};

use super::{EMSGSIZE, SECOND, bound_at, path_name, setup};

#[test]
fn a_sender_of_107_and_108_bytes_is_told_byte_for_byte() {
    let (mut event_loop, handle, dir) = setup();
    let receiver = dir.bind(&handle, "r").unwrap();
    for len in [107, 108] {
        let path = dir.path_of_len(len);
        let sender = native::UnixDatagram::from(bound_at(&path, rustix::net::SocketType::DGRAM));
        sender.send_to(b"x", dir.path("r")).unwrap();
        let received = event_loop.block_on(receiver.recv(&mut [0; 8])).unwrap();
        assert_eq!(received.from, path_name(&path));
    }
}

#[test]
fn datagrams_keep_their_bounds_and_an_empty_one_is_one() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixDatagram::pair(&handle).unwrap();
    event_loop.block_on(async {
        for datagram in [&b"one"[..], b"", b"three"] {
            near.send(datagram).await.unwrap();
        }
        let mut buf = [0; 8];
        for datagram in [&b"one"[..], b"", b"three"] {
            let received = far.recv(&mut buf).await.unwrap();
            assert_eq!(&buf[..received.len], datagram);
            assert!(!received.truncated);
            assert_eq!(received.from, UnixName::Unnamed);
        }
        let none = far.try_recv(&mut buf).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_datagram_that_finds_no_room_is_cut_and_that_is_told() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixDatagram::pair(&handle).unwrap();
    event_loop.block_on(async {
        let mut buf = [0; 4];
        for (len, truncated) in [(4, false), (5, true), (4, false)] {
            near.send(&b"12345"[..len]).await.unwrap();
            let received = far.recv(&mut buf).await.unwrap();
            assert_eq!((received.len, received.truncated), (4, truncated));
        }
        near.send(b"x").await.unwrap();
        let received = far.recv(&mut []).await.unwrap();
        assert_eq!((received.len, received.truncated), (0, true));
    });
}

#[test]
fn a_receiver_answers_to_the_name_it_was_told() {
    let (mut event_loop, handle, dir) = setup();
    let server = native::UnixDatagram::bind(dir.path("server")).unwrap();
    let client = dir.bind(&handle, "client").unwrap();
    event_loop.block_on(async {
        let target = dir.target("server").unwrap();
        client.send_to(b"ping", &target).await.unwrap();
        let (_, from) = server.recv_from(&mut [0; 8]).unwrap();
        server.send_to_addr(b"pong", &from).unwrap();
        let received = client.recv(&mut [0; 8]).await.unwrap();
        assert_eq!(received.len, 4);
        assert_eq!(received.from, path_name(&dir.path("server")));
    });
}

#[test]
fn a_connected_datagram_socket_has_one_peer() {
    let (mut event_loop, handle, dir) = setup();
    let server = dir.bind(&handle, "server").unwrap();
    let client = UnixDatagram::unbound(&handle).unwrap();
    event_loop.block_on(async {
        let error = client.send(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        client.connect(&dir.target("server").unwrap()).unwrap();
        client.send(b"ping").await.unwrap();
        let received = server.recv(&mut [0; 8]).await.unwrap();
        assert_eq!(received.from, UnixName::Unnamed);
        assert_eq!(client.peer_name().unwrap(), server.local_name().unwrap());
        drop(server);
        let error = client.send(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

/// Sends until there is no room; returns how many datagrams fitted.
fn fill(send: impl Fn() -> std::io::Result<()>) -> usize {
    for count in 0.. {
        if let Err(error) = send() {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            return count;
        }
    }
    unreachable!("some queue is full at last")
}

#[test]
fn a_full_queue_holds_the_connected_sender_back_and_wakes_it() {
    let (mut event_loop, handle, dir) = setup();
    let server = dir.bind(&handle, "server").unwrap();
    let client = UnixDatagram::unbound(&handle).unwrap();
    client.connect(&dir.target("server").unwrap()).unwrap();
    let queued = fill(|| client.try_send(b"x"));
    let timers = handle.timer_count();
    let sending = handle.spawn(async move { client.send(b"last").await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        assert!(!sending.is_finished());
        assert_eq!(handle.timer_count(), timers);
        for _ in 0..queued {
            server.recv(&mut [0; 8]).await.unwrap();
        }
        assert_eq!(server.recv(&mut [0; 8]).await.unwrap().len, 4);
        sending.await.unwrap().unwrap();
    });
}

#[test]
fn a_full_queue_of_a_target_is_waited_for() {
    let (mut event_loop, handle, dir) = setup();
    let server = dir.bind(&handle, "server").unwrap();
    let client = UnixDatagram::unbound(&handle).unwrap();
    let target = dir.target("server").unwrap();
    let queued = fill(|| client.try_send_to(b"x", &target));
    let sending = handle.spawn(async move { client.send_to(b"last", &target).await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        assert!(!sending.is_finished());
        for _ in 0..queued {
            server.recv(&mut [0; 8]).await.unwrap();
        }
        assert_eq!(server.recv(&mut [0; 8]).await.unwrap().len, 4);
        sending.await.unwrap().unwrap();
    });
}

#[test]
fn a_cancelled_send_has_sent_nothing() {
    let (mut event_loop, handle, dir) = setup();
    let server = dir.bind(&handle, "server").unwrap();
    let client = UnixDatagram::unbound(&handle).unwrap();
    let target = dir.target("server").unwrap();
    let queued = fill(|| client.try_send_to(b"x", &target));
    event_loop.block_on(async {
        let held = handle
            .timeout(SECOND, client.send_to(b"never", &target))
            .await;
        assert!(matches!(held, Err(Elapsed)));
        for _ in 0..queued {
            assert_eq!(server.recv(&mut [0; 8]).await.unwrap().len, 1);
        }
        handle.sleep(SECOND).await;
        let none = server.try_recv(&mut [0; 8]).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_cancelled_receive_has_received_nothing() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixDatagram::pair(&handle).unwrap();
    event_loop.block_on(async {
        let early = handle.timeout(SECOND, far.recv(&mut [0; 8])).await;
        assert!(matches!(early, Err(Elapsed)));
        near.send(b"x").await.unwrap();
        assert_eq!(far.recv(&mut [0; 8]).await.unwrap().len, 1);
    });
}

#[test]
fn a_datagram_that_no_buffer_takes_is_refused() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixDatagram::pair(&handle).unwrap();
    let huge = vec![0; 1 << 24];
    let error = event_loop.block_on(near.send(&huge)).unwrap_err();
    assert_eq!(error.raw_os_error(), EMSGSIZE);
    event_loop.block_on(near.send(b"x")).unwrap();
    assert_eq!(event_loop.block_on(far.recv(&mut [0; 8])).unwrap().len, 1);
}
