//! Several addresses as one listener, and listeners that others opened.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::time::Duration;

use aio_loop::net::{ListenOptions, TcpListener, TcpListeners};
use aio_loop::testing::virtual_loop;
use aio_loop::{Elapsed, Handle};

fn addrs(list: &[&str]) -> Vec<SocketAddr> {
    list.iter().map(|addr| addr.parse().unwrap()).collect()
}

fn listen(handle: &Handle, list: &[&str]) -> TcpListeners {
    TcpListeners::bind(handle, &addrs(list), &ListenOptions::default()).unwrap()
}

#[test]
fn all_that_ask_for_any_port_share_one() {
    let event_loop = virtual_loop().unwrap();
    let listeners = listen(
        event_loop.handle(),
        &["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"],
    );
    let local = listeners.local_addrs().unwrap();
    assert!(local[0].port() != 0 && local[0].is_ipv4() && local[1].is_ipv6());
    assert!(local.iter().all(|addr| addr.port() == local[0].port()));
}

#[test]
fn both_families_may_listen_everywhere_on_one_port() {
    let mut event_loop = virtual_loop().unwrap();
    let listeners = listen(event_loop.handle(), &["0.0.0.0:0", "[::]:0"]);
    let port = listeners.local_addrs().unwrap()[0].port();
    let _clients = ["127.0.0.1", "::1"].map(|ip| StdStream::connect((ip, port)).unwrap());
    event_loop.block_on(async {
        let peers = [listeners.accept().await, listeners.accept().await];
        let families = peers.map(|peer| peer.unwrap().1.is_ipv4());
        assert!(families.contains(&true) && families.contains(&false));
    });
}

#[test]
fn one_socket_may_take_both_families() {
    let mut event_loop = virtual_loop().unwrap();
    let options = ListenOptions {
        v6_only: Some(false),
        ..ListenOptions::default()
    };
    let any = addrs(&["[::]:0"]);
    let listeners = TcpListeners::bind(event_loop.handle(), &any, &options).unwrap();
    let port = listeners.local_addrs().unwrap()[0].port();
    let _clients = ["127.0.0.1", "::1"].map(|ip| StdStream::connect((ip, port)).unwrap());
    event_loop.block_on(async {
        listeners.accept().await.unwrap();
        listeners.accept().await.unwrap();
    });
}

#[test]
fn a_busy_address_starves_no_other() {
    let mut event_loop = virtual_loop().unwrap();
    let listeners = listen(event_loop.handle(), &["127.0.0.1:0", "127.0.0.2:0"]);
    let [busy, calm] = *listeners.local_addrs().unwrap() else {
        panic!("two addresses");
    };
    let _many = [(); 8].map(|()| StdStream::connect(busy).unwrap());
    let _one = StdStream::connect(calm).unwrap();
    event_loop.block_on(async {
        let first = listeners.accept().await.unwrap().0;
        let second = listeners.accept().await.unwrap().0;
        let local = [first, second].map(|stream| stream.local_addr().unwrap());
        assert!(local.contains(&calm));
    });
}

#[test]
fn a_cancelled_accept_loses_no_connection() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let listeners = listen(&handle, &["127.0.0.1:0", "[::1]:0"]);
    let local = listeners.local_addrs().unwrap();
    event_loop.block_on(async {
        let early = handle.timeout(Duration::from_secs(1), listeners.accept());
        assert!(matches!(early.await, Err(Elapsed)));
        let _client = StdStream::connect(local[1]).unwrap();
        assert!(listeners.accept().await.is_ok());
    });
}

#[test]
fn one_address_in_use_leaves_none_open() {
    let event_loop = virtual_loop().unwrap();
    let taken = StdListener::bind("127.0.0.2:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let both = ["127.0.0.1", "127.0.0.2"].map(|ip| SocketAddr::new(ip.parse().unwrap(), port));
    let options = ListenOptions::default();
    let refused = TcpListeners::bind(event_loop.handle(), &both, &options).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AddrInUse);
    assert!(StdListener::bind(both[0]).is_ok());
}

#[test]
fn no_address_is_an_error() {
    let event_loop = virtual_loop().unwrap();
    let none = TcpListeners::bind(event_loop.handle(), &[], &ListenOptions::default());
    assert_eq!(none.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_listener_of_others_is_taken_over_with_what_waits_there() {
    let mut event_loop = virtual_loop().unwrap();
    let passed = StdListener::bind("127.0.0.1:0").unwrap();
    let _client = StdStream::connect(passed.local_addr().unwrap()).unwrap();
    let listener = TcpListener::from_std(event_loop.handle(), passed).unwrap();
    let (stream, _) = event_loop.block_on(listener.accept()).unwrap();
    assert!(stream.nodelay().unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_socket_that_does_not_listen_is_no_listener() {
    let event_loop = virtual_loop().unwrap();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let refused = TcpListener::from_std(event_loop.handle(), socket.into());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_that_was_passed_is_a_listener_or_an_error() {
    use std::os::fd::AsRawFd;
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let copy = TcpListener::passed(listener.as_raw_fd()).unwrap();
    assert_eq!(copy.local_addr().unwrap(), listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let unix = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let refused = TcpListener::passed(unix.as_raw_fd()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    let file = tempfile::tempfile().unwrap();
    assert!(TcpListener::passed(file.as_raw_fd()).is_err());
    for closed in [i32::MAX, -1, i32::MIN] {
        let error = TcpListener::passed(closed).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(9), "EBADF");
    }
}
