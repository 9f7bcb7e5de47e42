//! Happy eyeballs over real sockets: who answers is connected to, and nothing of the others
//! remains. The schedule itself is tested where it is written.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aio_loop::net::happy_eyeballs::EyeballsOptions;
use aio_loop::net::{ConnectAny, ConnectOptions, TcpStream};
use aio_loop::testing::virtual_loop;

fn listen(addr: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(addr).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

fn refuses(addr: &str) -> SocketAddr {
    listen(addr).1
}

fn connect(addrs: &[SocketAddr], options: &EyeballsOptions) -> std::io::Result<TcpStream> {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(ConnectAny::new(&handle, addrs.iter().copied(), options))
}

#[test]
fn a_family_that_refuses_gives_way_to_the_other() {
    let refused = refuses("127.0.0.1:0");
    let (_listener, addr) = listen("[::1]:0");
    let stream = connect(&[refused, addr], &EyeballsOptions::default()).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), addr);
    assert!(stream.nodelay().unwrap());
}

#[test]
fn all_that_refuse_are_one_refusal() {
    let refused = [refuses("127.0.0.1:0"), refuses("[::1]:0")];
    let error = connect(&refused, &EyeballsOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_local_address_excludes_the_other_family() {
    let (_v4, addr) = listen("127.0.0.1:0");
    let (_v6, other) = listen("[::1]:0");
    let options = EyeballsOptions {
        connect: ConnectOptions {
            local: Some("127.0.0.2:0".parse().unwrap()),
            ..ConnectOptions::default()
        },
        ..EyeballsOptions::default()
    };
    let stream = connect(&[other, addr], &options).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), addr);
    assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.2");
    let error = connect(&[other], &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn dropping_the_race_closes_what_was_begun() {
    let event_loop = virtual_loop().unwrap();
    let (listener, addr) = listen("127.0.0.1:0");
    let options = EyeballsOptions::default();
    let mut cx = Context::from_waker(Waker::noop());
    {
        let race = pin!(ConnectAny::new(event_loop.handle(), [addr], &options));
        assert!(matches!(race.poll(&mut cx), Poll::Pending));
    }
    let (mut accepted, _) = listener.accept().unwrap();
    assert_eq!(std::io::Read::read(&mut accepted, &mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_race_that_was_never_polled_has_opened_nothing() {
    let event_loop = virtual_loop().unwrap();
    let (listener, addr) = listen("127.0.0.1:0");
    drop(ConnectAny::new(
        event_loop.handle(),
        [addr],
        &EyeballsOptions::default(),
    ));
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
