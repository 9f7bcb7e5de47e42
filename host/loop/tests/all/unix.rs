//! Unix sockets: streams and datagrams by file, abstract name and pair; names byte for byte; full
//! queues; and cancellation at each await.

mod datagram;

use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net as native;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aio_loop::net::Transfer;
use aio_loop::net::unix::{
    ABSTRACT_NAME_MAX, FILE_NAME_MAX, UnixDatagram, UnixListener, UnixName, UnixStream, UnixTarget,
};
use aio_loop::testing::virtual_loop;
use aio_loop::{Elapsed, Handle, Loop};
use rustix::net::SocketAddrUnix;

const SECOND: Duration = Duration::from_secs(1);
const EINVAL: Option<i32> = Some(22);
const ENAMETOOLONG: Option<i32> = Some(36);
const ELOOP: Option<i32> = Some(40);
const EMSGSIZE: Option<i32> = Some(90);

/// A directory of the test's own, opened.
struct Dir {
    folder: tempfile::TempDir,
    file: File,
}

impl Dir {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = File::open(folder.path()).unwrap();
        Self { folder, file }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn listen(&self, handle: &Handle, name: &str) -> std::io::Result<UnixListener> {
        UnixListener::bind_at(handle, self.file.as_fd(), name.as_bytes(), 16)
    }

    fn bind(&self, handle: &Handle, name: &str) -> std::io::Result<UnixDatagram> {
        UnixDatagram::bind_at(handle, self.file.as_fd(), name.as_bytes())
    }

    fn target(&self, name: &str) -> std::io::Result<UnixTarget> {
        UnixTarget::open_at(&self.file, name.as_bytes())
    }

    /// A path of this directory that is `len` bytes long.
    fn path_of_len(&self, len: usize) -> PathBuf {
        let used = self.folder.path().as_os_str().len() + 1;
        self.path(&"n".repeat(len - used))
    }
}

fn setup() -> (Loop, Handle, Dir) {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    (event_loop, handle, Dir::new())
}

/// An abstract name that no other process has.
fn abstract_name(test: &str) -> Vec<u8> {
    format!("aio-loop-{}-{test}", std::process::id()).into_bytes()
}

fn path_name(path: &std::path::Path) -> UnixName {
    UnixName::Path(path.as_os_str().as_bytes().to_vec())
}

#[test]
fn what_is_written_is_read_at_the_other_end() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    event_loop.block_on(async {
        let connect = UnixStream::connect(&handle, dir.target("s").unwrap());
        let near = connect.unwrap().await.unwrap();
        let far = listener.accept().await.unwrap();
        let mut buf = [0; 16];
        near.write_all(b"ping").await.unwrap();
        assert_eq!(far.read(&mut buf).await.unwrap(), 4);
        let pong = [IoSlice::new(b"po"), IoSlice::new(b"ng")];
        assert_eq!(far.try_write_vectored(&pong).unwrap(), 4);
        assert_eq!(near.read(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"pong");
    });
}

#[test]
fn a_native_peer_connects_to_the_file() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    let _peer = native::UnixStream::connect(dir.path("s")).unwrap();
    let stream = event_loop.block_on(listener.accept()).unwrap();
    assert_eq!(stream.peer_name().unwrap(), UnixName::Unnamed);
    assert_eq!(stream.local_name().unwrap(), listener.local_name().unwrap());
}

#[test]
fn a_native_listener_is_connected_to() {
    let (mut event_loop, handle, dir) = setup();
    let path = dir.path("s");
    let listener = native::UnixListener::bind(&path).unwrap();
    let connect = UnixStream::connect(&handle, dir.target("s").unwrap()).unwrap();
    let stream = event_loop.block_on(connect).unwrap();
    assert_eq!(stream.peer_name().unwrap(), path_name(&path));
    assert_eq!(stream.local_name().unwrap(), UnixName::Unnamed);
    assert!(listener.accept().is_ok());
}

#[test]
fn an_abstract_name_is_listened_at_and_leaves_no_file() {
    let (mut event_loop, handle, _dir) = setup();
    let name = abstract_name("listen");
    let listener = UnixListener::bind_abstract(&handle, &name, 16).unwrap();
    let target = UnixTarget::abstract_name(&name).unwrap();
    event_loop.block_on(async {
        let near = UnixStream::connect(&handle, target).unwrap().await.unwrap();
        let far = listener.accept().await.unwrap();
        near.write_all(b"x").await.unwrap();
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
        assert_eq!(near.peer_name().unwrap(), UnixName::Abstract(name.clone()));
    });
    let second = UnixListener::bind_abstract(&handle, &name, 16);
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn an_abstract_name_may_have_any_bytes_and_107_of_them() {
    let (mut event_loop, handle, _dir) = setup();
    let mut longest = abstract_name("longest\0/\u{ff}");
    longest.resize(ABSTRACT_NAME_MAX, 0);
    let receiver = UnixDatagram::bind_abstract(&handle, &longest).unwrap();
    let name = UnixName::Abstract(longest.clone());
    assert_eq!(receiver.local_name().unwrap(), name);
    let target = UnixTarget::abstract_name(&longest).unwrap();
    event_loop
        .block_on(receiver.send_to(b"self", &target))
        .unwrap();
    let received = event_loop.block_on(receiver.recv(&mut [0; 8])).unwrap();
    assert_eq!(received.from, name);
    longest.push(b'x');
    for (name, errno) in [(&longest[..], ENAMETOOLONG), (b"", EINVAL)] {
        let error = UnixTarget::abstract_name(name).unwrap_err();
        assert_eq!(error.raw_os_error(), errno);
        let error = UnixListener::bind_abstract(&handle, name, 16).unwrap_err();
        assert_eq!(error.raw_os_error(), errno);
        let error = UnixDatagram::bind_abstract(&handle, name).unwrap_err();
        assert_eq!(error.raw_os_error(), errno);
    }
}

#[test]
fn the_file_goes_with_its_socket() {
    let (_event_loop, handle, dir) = setup();
    drop(dir.listen(&handle, "s").unwrap());
    assert!(!dir.path("s").exists());
    drop(dir.bind(&handle, "d").unwrap());
    assert!(!dir.path("d").exists());
}

#[test]
fn a_file_that_took_the_place_stays() {
    let (_event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    std::fs::remove_file(dir.path("s")).unwrap();
    std::fs::write(dir.path("s"), "precious").unwrap();
    drop(listener);
    assert_eq!(std::fs::read(dir.path("s")).unwrap(), b"precious");
}

#[test]
fn a_name_in_use_is_told_be_it_a_dangling_link() {
    let (_event_loop, handle, dir) = setup();
    std::fs::write(dir.path("file"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path("link")).unwrap();
    let _listener = dir.listen(&handle, "s").unwrap();
    for name in ["file", "link", "s"] {
        let error = dir.listen(&handle, name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{name}");
        let error = dir.bind(&handle, name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{name}");
    }
    assert!(!dir.path("nowhere").exists());
}

#[test]
fn what_is_no_name_of_a_file_is_refused() {
    let (_event_loop, handle, dir) = setup();
    for name in ["", ".", "..", "/", "a/b", "../x", "s/", "a\0b"] {
        let error = dir.listen(&handle, name).unwrap_err();
        assert_eq!(error.raw_os_error(), EINVAL, "{name:?}");
        let error = dir.bind(&handle, name).unwrap_err();
        assert_eq!(error.raw_os_error(), EINVAL, "{name:?}");
        let error = dir.target(name).unwrap_err();
        assert_eq!(error.raw_os_error(), EINVAL, "{name:?}");
    }
}

#[test]
fn a_file_name_has_80_bytes_at_most_to_be_bound_and_255_to_be_connected_to() {
    let (mut event_loop, handle, dir) = setup();
    let longest = "n".repeat(FILE_NAME_MAX);
    let _listener = dir.listen(&handle, &longest).unwrap();
    let error = dir.listen(&handle, &format!("{longest}n")).unwrap_err();
    assert_eq!(error.raw_os_error(), ENAMETOOLONG);
    let longer = "n".repeat(255);
    std::fs::rename(dir.path(&longest), dir.path(&longer)).unwrap();
    let connect = UnixStream::connect(&handle, dir.target(&longer).unwrap()).unwrap();
    event_loop.block_on(connect).unwrap();
    let error = dir.target(&"n".repeat(256)).unwrap_err();
    assert_eq!(error.raw_os_error(), ENAMETOOLONG);
}

#[test]
fn a_link_to_a_socket_is_not_followed() {
    let (_event_loop, handle, dir) = setup();
    let _listener = dir.listen(&handle, "s").unwrap();
    std::os::unix::fs::symlink("s", dir.path("link")).unwrap();
    let error = dir.target("link").unwrap_err();
    assert_eq!(error.raw_os_error(), ELOOP);
}

#[test]
fn what_is_no_socket_refuses() {
    let (_event_loop, _handle, dir) = setup();
    std::fs::write(dir.path("file"), "").unwrap();
    std::fs::create_dir(dir.path("folder")).unwrap();
    for name in ["file", "folder"] {
        let error = dir.target(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{name}");
    }
    let error = dir.target("missing").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn the_socket_that_was_opened_is_connected_to_whatever_takes_its_place() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    let target = dir.target("s").unwrap();
    std::fs::rename(dir.path("s"), dir.path("moved")).unwrap();
    let _other = native::UnixListener::bind(dir.path("s")).unwrap();
    event_loop.block_on(async {
        UnixStream::connect(&handle, target).unwrap().await.unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn nobody_listening_is_a_refusal() {
    let (mut event_loop, handle, dir) = setup();
    drop(native::UnixListener::bind(dir.path("s")).unwrap());
    let connect = UnixStream::connect(&handle, dir.target("s").unwrap()).unwrap();
    let error = event_loop.block_on(connect).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let target = UnixTarget::abstract_name(&abstract_name("nobody")).unwrap();
    let connect = UnixStream::connect(&handle, target).unwrap();
    let error = event_loop.block_on(connect).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// Connects until the backlog is full.
fn fill_backlog(handle: &Handle, dir: &Dir, name: &str) -> Vec<UnixStream> {
    let mut streams = Vec::new();
    loop {
        let mut connect = UnixStream::connect(handle, dir.target(name).unwrap()).unwrap();
        match connect.try_finish() {
            Ok(stream) => streams.push(stream),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return streams;
            }
        }
    }
}

#[test]
fn a_full_backlog_is_waited_for() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    let _waiting = fill_backlog(&handle, &dir, "s");
    let connect = UnixStream::connect(&handle, dir.target("s").unwrap()).unwrap();
    let connecting = handle.spawn(connect);
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        assert!(!connecting.is_finished());
        listener.accept().await.unwrap();
        connecting.await.unwrap().unwrap();
    });
}

#[test]
fn waiting_for_the_backlog_is_no_busy_loop() {
    let (mut event_loop, handle, dir) = setup();
    let _listener = dir.listen(&handle, "s").unwrap();
    let _waiting = fill_backlog(&handle, &dir, "s");
    let mut connect = UnixStream::connect(&handle, dir.target("s").unwrap()).unwrap();
    let mut polls = 0;
    let counted = poll_fn(|cx| {
        polls += 1;
        Pin::new(&mut connect).poll(cx)
    });
    let held = event_loop.block_on(handle.timeout(SECOND, counted));
    assert!(matches!(held, Err(Elapsed)));
    // After 1, 2, 4 ... 32 and then every 64 ms.
    assert!((20..=22).contains(&polls), "{polls}");
}

#[test]
fn a_cancelled_connect_leaves_nothing_in_the_backlog() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    let waiting = fill_backlog(&handle, &dir, "s").len();
    event_loop.block_on(async {
        let connect = UnixStream::connect(&handle, dir.target("s").unwrap()).unwrap();
        let held = handle.timeout(SECOND, connect).await;
        assert!(matches!(held, Err(Elapsed)));
        for _ in 0..waiting {
            listener.accept().await.unwrap();
        }
        handle.sleep(SECOND).await;
        let error = listener.try_accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_cancelled_accept_loses_no_connection() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    event_loop.block_on(async {
        let early = handle.timeout(SECOND, listener.accept()).await;
        assert!(matches!(early, Err(Elapsed)));
        let _peer = native::UnixStream::connect(dir.path("s")).unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn one_event_is_enough_for_all_connections_that_wait() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    let _clients = [(); 3].map(|()| native::UnixStream::connect(dir.path("s")).unwrap());
    event_loop.block_on(async {
        for _ in 0..3 {
            listener.accept().await.unwrap();
        }
        let none = listener.try_accept().unwrap_err();
        assert_eq!(none.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn closing_the_listener_ends_its_waits() {
    let (mut event_loop, handle, dir) = setup();
    let listener = Arc::new(dir.listen(&handle, "s").unwrap());
    let accepting = listener.clone();
    let accepting = handle.spawn(async move { accepting.accept().await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        listener.registration().close();
        let error = accepting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}

/// A socket with the path `path`, which may have 108 bytes and no NUL behind them.
fn bound_at(path: &std::path::Path, kind: rustix::net::SocketType) -> std::os::fd::OwnedFd {
    let socket = rustix::net::socket(rustix::net::AddressFamily::UNIX, kind, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    socket
}

#[test]
fn a_peers_name_of_107_and_108_bytes_is_told_byte_for_byte() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    for len in [107, 108] {
        let path = dir.path_of_len(len);
        let peer = bound_at(&path, rustix::net::SocketType::STREAM);
        let server = SocketAddrUnix::new(dir.path("s")).unwrap();
        rustix::net::connect(&peer, &server).unwrap();
        let stream = event_loop.block_on(listener.accept()).unwrap();
        assert_eq!(stream.peer_name().unwrap(), path_name(&path));
    }
}

#[test]
fn the_peer_of_a_pair_is_this_process() {
    let (_event_loop, handle, _dir) = setup();
    let (near, _far) = UnixStream::pair(&handle).unwrap();
    let peer = near.peer_credentials().unwrap();
    assert_eq!(peer.process, Some(std::process::id()));
    assert_eq!(peer.user, rustix::process::getuid().as_raw());
    assert_eq!(peer.group, rustix::process::getgid().as_raw());
    let (near, _far) = UnixDatagram::pair(&handle).unwrap();
    assert_eq!(near.peer_credentials().unwrap(), peer);
}

#[test]
fn the_peer_of_a_listener_is_who_connected() {
    let (mut event_loop, handle, dir) = setup();
    let listener = dir.listen(&handle, "s").unwrap();
    let _peer = native::UnixStream::connect(dir.path("s")).unwrap();
    let stream = event_loop.block_on(listener.accept()).unwrap();
    let peer = stream.peer_credentials().unwrap();
    assert_eq!(peer.process, Some(std::process::id()));
}

#[test]
fn a_half_that_is_closed_leaves_the_other_open() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixStream::pair(&handle).unwrap();
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
fn a_peer_that_goes_away_is_told_to_reader_and_writer() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixStream::pair(&handle).unwrap();
    drop(near);
    event_loop.block_on(async {
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        let error = far.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
    let (near, far) = UnixStream::pair(&handle).unwrap();
    far.try_write(b"never read").unwrap();
    drop(near);
    let error = event_loop.block_on(far.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_peer_that_does_not_read_holds_the_writer_back() {
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixStream::pair(&handle).unwrap();
    let mut filled = 0;
    while let Ok(written) = near.try_write(&[7; 65_536]) {
        filled += written;
    }
    event_loop.block_on(async {
        let held = handle.timeout(SECOND, near.write(b"x")).await;
        assert!(matches!(held, Err(Elapsed)));
        let mut buf = vec![0; 65_536];
        while filled > 0 {
            filled -= far.read(&mut buf).await.unwrap();
        }
        assert_eq!(near.write(b"x").await.unwrap(), 1);
    });
}

#[test]
fn many_megabytes_pass_in_order_through_small_buffers() {
    const LEN: usize = 8 << 20;
    let (mut event_loop, handle, _dir) = setup();
    let (near, far) = UnixStream::pair(&handle).unwrap();
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
fn a_cancelled_transfer_between_unix_streams_loses_no_byte() {
    const LEN: usize = 4 << 20;
    let (mut event_loop, handle, _dir) = setup();
    let (sender, source) = UnixStream::pair(&handle).unwrap();
    let (sink, receiver) = UnixStream::pair(&handle).unwrap();
    let (source, sink) = (Arc::new(source), Arc::new(sink));
    let pattern = |at: usize| u8::try_from(at % 251).unwrap();
    let sending = handle.spawn(async move {
        let data: Vec<_> = (0..LEN).map(pattern).collect();
        sender.write_all(&data).await
    });
    event_loop.block_on(async {
        // Nobody reads, so that the sink is full in the end.
        let first = Transfer::new(Arc::clone(&source), Arc::clone(&sink), None);
        let held = handle.timeout(SECOND, first).await;
        assert!(matches!(held, Err(Elapsed)));
        let rest = handle.spawn(Transfer::new(source, Arc::clone(&sink), None));
        let (mut buf, mut at) = (vec![0; 65_536], 0);
        while at < LEN {
            let read = receiver.read(&mut buf).await.unwrap();
            assert!(buf[..read].iter().zip(at..).all(|(b, i)| *b == pattern(i)));
            at += read;
        }
        sending.await.unwrap().unwrap();
        rest.await.unwrap().unwrap();
    });
}
