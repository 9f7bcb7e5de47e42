//! TCP over loopback: accept, read, write, half-close, back-pressure, and cancellation at each
//! await.

use std::io::{self, ErrorKind, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aio_loop::net::{ListenOptions, TcpListener, TcpStream};
use aio_loop::testing::{socket_pair, virtual_loop};
use aio_loop::{Elapsed, Handle};

const SECOND: Duration = Duration::from_secs(1);

fn listen(handle: &Handle) -> (TcpListener, SocketAddr) {
    let any = "127.0.0.1:0".parse().unwrap();
    let listener = TcpListener::bind(handle, any, &ListenOptions::default()).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

async fn connected(handle: &Handle) -> (TcpStream, TcpStream) {
    let (listener, addr) = listen(handle);
    let near = TcpStream::connect(handle, addr).unwrap().await.unwrap();
    let (far, peer) = listener.accept().await.unwrap();
    assert_eq!(near.local_addr().unwrap(), peer);
    (near, far)
}

/// Writes until there is no room; returns how much fitted.
fn fill(stream: &TcpStream) -> usize {
    let chunk = [7; 65_536];
    let mut filled = 0;
    loop {
        match stream.try_write(&chunk) {
            Ok(written) => filled += written,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return filled;
            }
        }
    }
}

async fn read_exact(stream: &TcpStream, mut len: usize) {
    let mut buf = vec![0; 65_536];
    while len > 0 {
        let want = len.min(buf.len());
        let read = stream.read(&mut buf[..want]).await.unwrap();
        assert_ne!(read, 0);
        len -= read;
    }
}

#[test]
fn what_is_written_is_read_at_the_other_end() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (near, far) = connected(&handle).await;
        let mut buf = [0; 16];
        near.write_all(b"ping").await.unwrap();
        assert_eq!(far.read(&mut buf).await.unwrap(), 4);
        let pong = [IoSlice::new(b"po"), IoSlice::new(b"ng")];
        assert_eq!(far.try_write_vectored(&pong).unwrap(), 4);
        assert_eq!(near.read(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"pong");
        assert_eq!(near.peer_addr().unwrap(), far.local_addr().unwrap());
    });
}

#[test]
fn both_ends_send_small_writes_at_once() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (near, far) = connected(&handle).await;
        assert!(near.nodelay().unwrap());
        assert!(far.nodelay().unwrap());
    });
}

#[test]
fn a_read_is_not_probed_before_the_os_has_told_of_input() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    near.try_write(b"x").unwrap();
    let early = far.try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::WouldBlock);
    assert_eq!(event_loop.block_on(far.read(&mut [0; 8])).unwrap(), 1);
}

#[test]
fn a_short_read_clears_the_readiness_and_a_full_one_does_not() {
    let mut event_loop = virtual_loop().unwrap();
    let (near, far) = socket_pair(event_loop.handle()).unwrap();
    near.try_write(b"abc").unwrap();
    event_loop.block_on(far.registration().readable());
    assert_eq!(far.try_read(&mut [0; 2]).unwrap(), 2);
    assert!(far.registration().readiness().readable);
    assert_eq!(far.try_read(&mut [0; 2]).unwrap(), 1);
    assert!(!far.registration().readiness().readable);
}

#[test]
fn a_short_read_does_not_hide_the_end_that_follows_it() {
    let mut event_loop = virtual_loop().unwrap();
    let (near, far) = socket_pair(event_loop.handle()).unwrap();
    near.try_write(b"abc").unwrap();
    near.shutdown(Shutdown::Write).unwrap();
    event_loop.block_on(async {
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 3);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(far.registration().readiness().read_closed);
    });
}

#[test]
fn a_half_that_is_closed_leaves_the_other_open() {
    let mut event_loop = virtual_loop().unwrap();
    let (near, far) = socket_pair(event_loop.handle()).unwrap();
    near.shutdown(Shutdown::Write).unwrap();
    event_loop.block_on(async {
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        far.write_all(b"still").await.unwrap();
        assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 5);
        let error = near.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn an_empty_buffer_is_neither_the_end_nor_a_wait() {
    let mut event_loop = virtual_loop().unwrap();
    let (near, far) = socket_pair(event_loop.handle()).unwrap();
    near.try_write(b"x").unwrap();
    event_loop.block_on(async {
        far.registration().readable().await;
        assert_eq!(far.read(&mut []).await.unwrap(), 0);
        assert!(!far.registration().readiness().read_closed);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
        far.write_all(&[]).await.unwrap();
    });
}

#[test]
fn a_reset_is_told_to_reader_and_writer() {
    let mut event_loop = virtual_loop().unwrap();
    let (near, far) = socket_pair(event_loop.handle()).unwrap();
    near.set_linger(Some(Duration::ZERO)).unwrap();
    drop(near);
    event_loop.block_on(async {
        let error = far.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let error = far.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_peer_that_does_not_read_holds_the_writer_back() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    let filled = fill(&near);
    assert!(!near.registration().readiness().writable);
    event_loop.block_on(async {
        let held = handle.timeout(SECOND, near.write(b"x")).await;
        assert!(matches!(held, Err(Elapsed)));
        read_exact(&far, filled).await;
        assert_eq!(near.write(b"x").await.unwrap(), 1);
    });
}

#[test]
fn many_megabytes_pass_in_order_through_small_buffers() {
    const LEN: usize = 8 << 20;
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    let pattern = |at: usize| u8::try_from(at % 251).unwrap();
    let writer = handle.spawn(async move {
        let data: Vec<_> = (0..LEN).map(pattern).collect();
        near.write_all(&data).await
    });
    event_loop.block_on(async {
        let (mut buf, mut at) = (vec![0; 10_007], 0);
        loop {
            let read = far.read(&mut buf).await.unwrap();
            if read == 0 {
                break;
            }
            assert!(buf[..read].iter().zip(at..).all(|(b, i)| *b == pattern(i)));
            at += read;
        }
        assert_eq!(at, LEN);
        writer.await.unwrap().unwrap();
    });
}

#[test]
fn a_cancelled_accept_loses_no_connection() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (listener, addr) = listen(&handle);
    event_loop.block_on(async {
        let early = handle.timeout(SECOND, listener.accept()).await;
        assert!(matches!(early, Err(Elapsed)));
        let _near = TcpStream::connect(&handle, addr).unwrap().await.unwrap();
        assert!(listener.accept().await.is_ok());
    });
}

#[test]
fn a_cancelled_read_has_read_nothing() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    event_loop.block_on(async {
        let mut buf = [0; 8];
        let early = handle.timeout(SECOND, far.read(&mut buf)).await;
        assert!(matches!(early, Err(Elapsed)));
        near.write_all(b"hello").await.unwrap();
        assert_eq!(far.read(&mut buf).await.unwrap(), 5);
        assert_eq!(&buf[..5], b"hello");
    });
}

#[test]
fn a_cancelled_write_has_written_nothing() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    let filled = fill(&near);
    event_loop.block_on(async {
        let held = handle.timeout(SECOND, near.write(b"never")).await;
        assert!(matches!(held, Err(Elapsed)));
        near.shutdown(Shutdown::Write).unwrap();
        read_exact(&far, filled).await;
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn a_cancelled_connect_closes_its_socket() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (listener, addr) = listen(&handle);
    event_loop.block_on(async {
        drop(TcpStream::connect(&handle, addr).unwrap());
        let (far, _) = listener.accept().await.unwrap();
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn nobody_listening_is_a_refusal() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (listener, addr) = listen(&handle);
    drop(listener);
    let refused = event_loop.block_on(async { TcpStream::connect(&handle, addr)?.await });
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_port_in_use_is_told() {
    let event_loop = virtual_loop().unwrap();
    let (_listener, addr) = listen(event_loop.handle());
    let second = TcpListener::bind(event_loop.handle(), addr, &ListenOptions::default());
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[cfg(unix)]
#[test]
fn a_port_may_be_shared_by_those_who_agree() {
    let event_loop = virtual_loop().unwrap();
    let options = ListenOptions {
        reuse_port: true,
        ..ListenOptions::default()
    };
    let any = "127.0.0.1:0".parse().unwrap();
    let first = TcpListener::bind(event_loop.handle(), any, &options).unwrap();
    let addr = first.local_addr().unwrap();
    assert!(TcpListener::bind(event_loop.handle(), addr, &options).is_ok());
}

#[test]
fn one_event_is_enough_for_all_connections_that_wait() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (listener, addr) = listen(&handle);
    let _clients = [(); 3].map(|()| std::net::TcpStream::connect(addr).unwrap());
    event_loop.block_on(async {
        for _ in 0..3 {
            listener.accept().await.unwrap();
        }
        assert!(listener.registration().readiness().readable);
        let none = listener.try_accept().unwrap_err();
        assert_eq!(none.kind(), ErrorKind::WouldBlock);
        assert!(!listener.registration().readiness().readable);
    });
}

#[test]
fn closing_ends_pending_operations_and_all_that_follow() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, _far) = socket_pair(&handle).unwrap();
    fill(&near);
    let near = Arc::new(near);
    let (reader, writer) = (near.clone(), near.clone());
    let reads = handle.spawn(async move { reader.read(&mut [0; 8]).await });
    let writes = handle.spawn(async move { writer.write(b"x").await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        near.registration().close();
        let kind = |result: io::Result<usize>| result.unwrap_err().kind();
        assert_eq!(kind(reads.await.unwrap()), ErrorKind::NotConnected);
        assert_eq!(kind(writes.await.unwrap()), ErrorKind::NotConnected);
        assert_eq!(kind(near.try_read(&mut [0; 8])), ErrorKind::NotConnected);
        assert_eq!(kind(near.try_write(b"x")), ErrorKind::NotConnected);
    });
}

#[test]
fn several_who_wait_for_one_source_are_all_woken() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    let far = Arc::new(far);
    let waits = [(); 3].map(|()| {
        let far = far.clone();
        handle.spawn(async move { far.registration().readable().await })
    });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        near.write_all(b"x").await.unwrap();
        for wait in waits {
            wait.await.unwrap();
        }
    });
}

#[test]
fn a_source_in_the_slot_of_a_dropped_one_gets_only_its_own_events() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        for _ in 0..100 {
            let (near, far) = socket_pair(&handle).unwrap();
            near.try_write(b"x").unwrap();
            drop(far);
            let (_near, fresh) = socket_pair(&handle).unwrap();
            handle.sleep(Duration::ZERO).await;
            assert!(!fresh.registration().readiness().readable);
        }
    });
}

#[test]
fn options_are_kept() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (near, _far) = connected(&handle).await;
        near.set_nodelay(false).unwrap();
        assert!(!near.nodelay().unwrap());
        near.set_linger(Some(SECOND)).unwrap();
        assert_eq!(near.linger().unwrap(), Some(SECOND));
        assert!(near.take_error().unwrap().is_none());
    });
}

/// Says whether the OS is asked for the writability of `stream`, by what it tells of our epolls.
#[cfg(target_os = "linux")]
fn is_asked_for_writability(stream: &TcpStream) -> bool {
    use std::os::fd::{AsFd, AsRawFd};
    let fd = stream.as_fd().as_raw_fd();
    let mut masks = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fdinfo").unwrap().flatten() {
        // A descriptor of another test may be gone by now.
        let info = std::fs::read_to_string(entry.path()).unwrap_or_default();
        for line in info.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            if let ["tfd:", number, "events:", mask, ..] = words[..]
                && number.parse() == Ok(fd)
            {
                masks.push(u32::from_str_radix(mask, 16).unwrap());
            }
        }
    }
    assert!(!masks.is_empty());
    masks.iter().any(|mask| mask & 4 != 0)
}

#[cfg(target_os = "linux")]
#[test]
fn writability_is_asked_for_after_a_short_write_only_and_no_longer_than_of_use() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, far) = socket_pair(&handle).unwrap();
    near.try_write(b"x").unwrap();
    assert!(!is_asked_for_writability(&near));
    let filled = fill(&near);
    assert!(is_asked_for_writability(&near));
    event_loop.block_on(async {
        read_exact(&far, filled + 1).await;
        near.write_all(b"x").await.unwrap();
        // An answer brings an event that tells of writability once more: that is one too many.
        far.write_all(b"y").await.unwrap();
        near.read(&mut [0; 8]).await.unwrap();
        near.write_all(b"x").await.unwrap();
    });
    assert!(!is_asked_for_writability(&near));
}
