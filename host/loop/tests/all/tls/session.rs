//! Sessions over sockets: they behave like the stream that they run on, lose nothing, and end with
//! a reason whatever the peer does.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use aio_loop::net::TcpStream;
use aio_loop::testing::{socket_pair, virtual_loop};
use aio_loop::tls::{Alert, Engine, Error, Session};
use aio_loop::{Elapsed, Handle, Loop};

use super::authority::Authority;
use super::{Pair, options};

const SECOND: Duration = Duration::from_secs(1);

/// One side of a session, with the socket it runs on.
struct Side {
    session: Session,
    socket: TcpStream,
}

impl Side {
    fn new(engine: Engine, socket: TcpStream) -> Arc<Self> {
        let session = Session::new(engine);
        Arc::new(Self { session, socket })
    }

    async fn handshake(&self) -> io::Result<()> {
        self.session.handshake(&self.socket).await
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.session.try_read(&self.socket, buf)
    }

    async fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.session.read(&self.socket, buf).await
    }

    async fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.session.write(&self.socket, buf).await
    }

    async fn write_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let written = self.write(buf).await?;
            buf = &buf[written..];
        }
        self.session.flush(&self.socket).await
    }

    async fn close(&self) -> io::Result<()> {
        self.session.close_notify();
        self.session.flush(&self.socket).await
    }

    /// Writes until there is no room; returns how much was taken.
    fn fill(&self) -> usize {
        let chunk = [7; 65_536];
        let mut filled = 0;
        loop {
            match self.session.try_write(&self.socket, &chunk) {
                Ok(written) => filled += written,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    return filled;
                }
            }
        }
    }

    async fn read_exact(&self, mut len: usize) {
        let mut buf = vec![0; 65_536];
        while len > 0 {
            let want = len.min(buf.len());
            let read = self.read(&mut buf[..want]).await.unwrap();
            assert_ne!(read, 0);
            len -= read;
        }
    }
}

struct Scene {
    event_loop: Loop,
    handle: Handle,
    client: Arc<Side>,
    server: Arc<Side>,
}

impl Scene {
    fn new() -> Self {
        let event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let (near, far) = socket_pair(&handle).unwrap();
        near.set_nodelay(true).unwrap();
        let pair = Pair::new(options(&Authority::new()));
        Self {
            event_loop,
            handle,
            client: Side::new(pair.client, near),
            server: Side::new(pair.server, far),
        }
    }

    /// With the handshake behind.
    fn open() -> Self {
        let mut scene = Self::new();
        let server = scene.server.clone();
        let accepted = scene.handle.spawn(async move { server.handshake().await });
        scene.event_loop.block_on(async {
            scene.client.handshake().await.unwrap();
            accepted.await.unwrap().unwrap();
            // What a server of TLS 1.3 sends afterwards.
            scene.server.write_all(b"!").await.unwrap();
            scene.client.read_exact(1).await;
        });
        scene
    }

    /// One side of a session, and a socket that does what the test wants.
    fn against_a_socket(wants_server: bool) -> (Loop, Arc<Side>, TcpStream) {
        let event_loop = virtual_loop().unwrap();
        let (near, far) = socket_pair(event_loop.handle()).unwrap();
        let pair = Pair::new(options(&Authority::new()));
        let engine = if wants_server {
            pair.server
        } else {
            pair.client
        };
        (event_loop, Side::new(engine, near), far)
    }
}

fn tls_error(result: io::Result<impl std::fmt::Debug>) -> Error {
    Error::of(&result.unwrap_err()).unwrap().clone()
}

#[test]
fn what_is_written_is_read_at_the_other_end() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::open();
    event_loop.block_on(async {
        let mut buf = [0; 16];
        client.write_all(b"ping").await.unwrap();
        assert_eq!(server.read(&mut buf).await.unwrap(), 4);
        server.write_all(b"pong!").await.unwrap();
        assert_eq!(client.read(&mut buf).await.unwrap(), 5);
        assert_eq!(&buf[..5], b"pong!");
        assert_eq!(client.read(&mut []).await.unwrap(), 0);
        let negotiated = server.session.negotiated().unwrap();
        assert_eq!(negotiated.server_name.as_deref(), Some(super::NAME));
    });
}

#[test]
fn reading_and_writing_drive_the_handshake_too() {
    let Scene {
        mut event_loop,
        handle,
        client,
        server,
    } = Scene::new();
    let echo = handle.spawn(async move {
        let mut buf = [0; 16];
        let read = server.read(&mut buf).await?;
        server.write_all(&buf[..read]).await
    });
    event_loop.block_on(async {
        client.write_all(b"hello").await.unwrap();
        let mut buf = [0; 16];
        assert_eq!(client.read(&mut buf).await.unwrap(), 5);
        echo.await.unwrap().unwrap();
    });
}

#[test]
fn plaintext_that_was_not_asked_for_is_told_of() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::open();
    event_loop.block_on(async {
        client.write_all(b"abc").await.unwrap();
        assert_eq!(server.read(&mut [0; 2]).await.unwrap(), 2);
        assert!(!server.socket.registration().readiness().readable);
        assert!(server.session.is_readable());
        assert_eq!(server.read(&mut [0; 2]).await.unwrap(), 1);
        assert!(!server.session.is_readable());
        let nothing = server.try_read(&mut [0; 2]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_read_fills_its_buffer_from_many_records() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::open();
    event_loop.block_on(async {
        // Two records, in one packet of the loopback.
        client.write_all(&[7; 30_000]).await.unwrap();
        server.socket.registration().readable().await;
        assert_eq!(server.try_read(&mut [0; 40_000]).unwrap(), 30_000);
    });
}

#[test]
fn a_peer_that_does_not_read_holds_the_writer_back() {
    let Scene {
        mut event_loop,
        handle,
        client,
        server,
    } = Scene::open();
    let filled = client.fill();
    assert!(client.session.wants_write());
    event_loop.block_on(async {
        let held = handle.timeout(SECOND, client.write(b"x")).await;
        assert!(matches!(held, Err(Elapsed)));
        let flushing = client.clone();
        let flush = handle.spawn(async move { flushing.session.flush(&flushing.socket).await });
        server.read_exact(filled).await;
        flush.await.unwrap().unwrap();
        assert!(!client.session.wants_write());
        assert_eq!(client.write(b"x").await.unwrap(), 1);
    });
}

#[test]
fn megabytes_pass_in_order_both_ways() {
    const LEN: usize = 3 << 20;
    let Scene {
        mut event_loop,
        handle,
        client,
        server,
    } = Scene::open();
    let pattern = |at: usize| u8::try_from(at % 251).unwrap();
    let source = client.clone();
    let writer = handle.spawn(async move {
        let data: Vec<_> = (0..LEN).map(pattern).collect();
        source.write_all(&data).await
    });
    let echo = handle.spawn(async move {
        let mut buf = vec![0; 10_007];
        let mut echoed = 0;
        while echoed < LEN {
            let read = server.read(&mut buf).await?;
            server.write_all(&buf[..read]).await?;
            echoed += read;
        }
        io::Result::Ok(())
    });
    event_loop.block_on(async {
        let (mut buf, mut at) = (vec![0; 7_001], 0);
        while at < LEN {
            let read = client.read(&mut buf).await.unwrap();
            assert!(buf[..read].iter().zip(at..).all(|(b, i)| *b == pattern(i)));
            at += read;
        }
        writer.await.unwrap().unwrap();
        echo.await.unwrap().unwrap();
    });
}

#[test]
fn a_cancelled_read_or_write_loses_nothing() {
    let Scene {
        mut event_loop,
        handle,
        client,
        server,
    } = Scene::open();
    event_loop.block_on(async {
        let mut buf = [0; 8];
        let early = handle.timeout(SECOND, server.read(&mut buf)).await;
        assert!(matches!(early, Err(Elapsed)));
        let filled = client.fill();
        let held = handle.timeout(SECOND, client.write(b"never")).await;
        assert!(matches!(held, Err(Elapsed)));
        let closing = client.clone();
        let close = handle.spawn(async move { closing.close().await });
        server.read_exact(filled).await;
        assert_eq!(server.read(&mut buf).await.unwrap(), 0);
        close.await.unwrap().unwrap();
    });
}

#[test]
fn a_half_that_is_closed_leaves_the_other_open() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::open();
    event_loop.block_on(async {
        client.close().await.unwrap();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        let error = client.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        server.write_all(b"still").await.unwrap();
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 5);
        server.close().await.unwrap();
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn an_end_without_a_word_is_a_truncation() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::open();
    event_loop.block_on(async {
        client.write_all(b"some").await.unwrap();
        client.socket.shutdown(Shutdown::Write).unwrap();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 4);
        let end = server.read(&mut [0; 8]).await;
        assert_eq!(tls_error(end), Error::Truncated);
        assert!(server.session.is_readable());
    });
}

#[test]
fn keys_can_be_renewed_while_bytes_flow() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::open();
    event_loop.block_on(async {
        for _ in 0..3 {
            client.session.update_keys().unwrap();
            client.write_all(b"ping").await.unwrap();
            server.read_exact(4).await;
            server.write_all(b"pong").await.unwrap();
            client.read_exact(4).await;
        }
    });
}

#[test]
fn garbage_instead_of_a_handshake_is_told_and_answered() {
    let (mut event_loop, server, peer) = Scene::against_a_socket(true);
    event_loop.block_on(async {
        peer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert_eq!(tls_error(server.handshake().await), Error::NotTls);
        let mut alert = [0; 16];
        assert_eq!(peer.read(&mut alert).await.unwrap(), 7);
        assert_eq!(alert[0], 21);
        assert_eq!(tls_error(server.read(&mut [0; 8]).await), Error::NotTls);
        assert_eq!(tls_error(server.write(b"x").await), Error::NotTls);
    });
}

#[test]
fn a_close_during_the_handshake_is_a_truncation() {
    for wants_server in [false, true] {
        let (mut event_loop, side, peer) = Scene::against_a_socket(wants_server);
        event_loop.block_on(async {
            peer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(tls_error(side.handshake().await), Error::Truncated);
        });
    }
}

#[test]
fn a_reset_during_the_handshake_is_a_reset() {
    let (mut event_loop, client, peer) = Scene::against_a_socket(false);
    event_loop.block_on(async {
        client.session.try_handshake(&client.socket).unwrap_err();
        peer.set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        let error = client.handshake().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_handshake_without_end_can_be_given_up() {
    let (mut event_loop, server, peer) = Scene::against_a_socket(true);
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let drip = async {
            for byte in [22, 3, 1, 1] {
                peer.write_all(&[byte]).await.unwrap();
                handle.sleep(SECOND).await;
            }
        };
        let given_up = handle.timeout(SECOND * 3, server.handshake());
        let (given_up, ()) = join(given_up, drip).await;
        assert!(matches!(given_up, Err(Elapsed)));
    });
}

/// Polls both to their ends.
async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
    let (mut left, mut right) = (None, None);
    std::future::poll_fn(|cx| {
        if left.is_none() {
            left = poll(a.as_mut().poll(cx));
        }
        if right.is_none() {
            right = poll(b.as_mut().poll(cx));
        }
        match (left.is_some(), right.is_some()) {
            (true, true) => std::task::Poll::Ready(()),
            _ => std::task::Poll::Pending,
        }
    })
    .await;
    (left.unwrap(), right.unwrap())
}

fn poll<T>(poll: std::task::Poll<T>) -> Option<T> {
    match poll {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn the_reason_of_a_peer_comes_before_the_news_of_its_going() {
    let Scene {
        mut event_loop,
        client,
        server,
        ..
    } = Scene::new();
    let mut options = options(&Authority::new());
    options.0.roots = Authority::new().roots();
    let stranger = Pair::new(options).client;
    event_loop.block_on(async {
        let stranger = Session::new(stranger);
        let (client, server) = join(stranger.handshake(&client.socket), server.handshake()).await;
        assert_eq!(tls_error(client), Error::UnknownIssuer);
        assert_eq!(tls_error(server), Error::Alert(Alert::UnknownCA));
    });
}

#[test]
fn a_peer_that_is_gone_is_told_to_the_writer_and_what_it_sent_is_read() {
    let Scene {
        mut event_loop,
        handle,
        client,
        server,
    } = Scene::open();
    client.fill();
    event_loop.block_on(async {
        // Unread bytes at the other end make its going a reset.
        drop(server);
        let error = client.write(b"x").await.unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
        let again = client.write(b"x").await.unwrap_err();
        assert_eq!(again.kind(), error.kind());
        assert!(!client.session.wants_write());
        let read = handle.timeout(SECOND, client.read(&mut [0; 8])).await;
        assert!(read.unwrap().is_err());
    });
}

#[test]
fn closing_the_stream_ends_what_waits() {
    let Scene {
        mut event_loop,
        handle,
        client,
        server: _server,
    } = Scene::open();
    let reader = client.clone();
    let reads = handle.spawn(async move { reader.read(&mut [0; 8]).await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        client.socket.registration().close();
        let error = reads.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        let error = client.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}
