//! `aio:host/udp` as a guest sees it, and as the peer of a guest does.

use std::net::UdpSocket;
use std::time::Duration;

use super::support::{LOOPBACK, Running, guest, passes, run};

/// A socket of the test; one that hears nothing fails it.
fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket
}

fn hears(socket: &UdpSocket) -> Vec<u8> {
    let mut buf = vec![0; 2000];
    let (length, _) = socket.recv_from(&mut buf).unwrap();
    buf.truncate(length);
    buf
}

#[test]
fn datagrams_are_whole_and_in_order_or_told_to_be_cut() {
    let ran = run(LOOPBACK, &guest("udp_talk"), &[]);
    let refused = "bind to 192.0.2.1:0: not granted; --allow-listen=192.0.2.1:0 would allow it";
    ran.fails(0, &[refused]);
}

#[test]
fn datagrams_work_on_the_ring_alone() {
    let ran = run(LOOPBACK, &guest("udp_ring"), &[]);
    let refused = "send to 192.0.2.1:9: not granted; --allow-net=192.0.2.1:9 would allow it";
    ran.fails(0, &[refused]);
}

#[test]
fn addresses_are_shared_by_those_who_ask() {
    passes(&["-A"], "udp_options", &["shared"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_group_is_heard_by_its_members() {
    let flags = [
        "--allow-listen=0.0.0.0:0,127.0.0.1:0",
        "--allow-net=127.0.0.0/8,239.255.71.3",
    ];
    passes(&flags, "udp_options", &["group"]);
}

#[cfg(target_os = "linux")]
#[test]
fn ipv6_has_the_same_options() {
    passes(&["-A"], "udp_options", &["ipv6"]);
}

#[test]
fn sockets_count_as_handles() {
    let flags = [LOOPBACK, &["--max-handles", "2"]].concat();
    passes(&flags, "udp_granted", &["quota"]);
}

#[test]
fn nothing_is_granted_by_default_and_the_flags_are_named() {
    let ran = run(&[], &guest("udp_granted"), &["nothing"]);
    let flags = [
        "bind to 127.0.0.1:0: not granted; --allow-listen=127.0.0.1:0 would allow it",
        "connect to 127.0.0.1:9: not granted; --allow-net=127.0.0.1:9 would allow it",
    ];
    ran.fails(0, &flags);
}

#[test]
fn options_are_told_and_bounded_and_a_group_needs_its_flag() {
    let ran = run(LOOPBACK, &guest("udp_options"), &["options"]);
    ran.fails(0, &["join 239.1.2.3:", "--allow-net=239.1.2.3:"]);
}

#[test]
fn a_bound_socket_answers_whom_it_has_heard_and_nobody_else() {
    let flags = ["--allow-listen=127.0.0.1:0"];
    let (server, address) = Running::serve(&flags, &guest("udp_granted"), &["answers"]);
    let peer = socket();
    peer.send_to(b"hello", address).unwrap();
    assert_eq!(hears(&peer), b"plain");
    assert_eq!(hears(&peer), b"ring");
    server.end().fails(0, &["send to 127.0.0.1:"]);
}

#[test]
fn a_deny_beats_having_heard_somebody() {
    let policy = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&policy, "[deny]\nnet = [\"127.0.0.1\"]\n").unwrap();
    let file = policy.path().to_str().unwrap();
    let flags = ["--allow-listen=127.0.0.1:0", "--policy", file];
    let (server, address) = Running::serve(&flags, &guest("udp_granted"), &["answers"]);
    socket().send_to(b"hello", address).unwrap();
    server
        .end()
        .fails(1, &["denied by the policy's rule `deny net 127.0.0.1`"]);
}

#[test]
fn a_socket_that_was_not_bound_sees_only_whom_it_may_send_to() {
    let (peer, stranger) = (socket(), socket());
    let address = peer.local_addr().unwrap().to_string();
    let flags = [format!("--allow-net={address}")];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let client = Running::start(&flags, &guest("udp_granted"), &["unbound", &address]);
    for expected in [&b"hello"[..], b"again"] {
        let mut buf = [0; 100];
        let (length, from) = peer.recv_from(&mut buf).unwrap();
        assert_eq!(&buf[..length], expected);
        stranger.send_to(b"stranger", from).unwrap();
        peer.send_to(b"peer", from).unwrap();
    }
    client.end().passes();
}

#[test]
fn the_example_echoes_what_comes_together() {
    let flags = ["--allow-listen=127.0.0.1:0"];
    let (_server, address) = Running::serve(&flags, &guest("udp_ping_pong"), &["127.0.0.1:0"]);
    let peers = [socket(), socket()];
    for round in 0_u8..40 {
        for peer in &peers {
            peer.send_to(&[round; 1024], address).unwrap();
        }
    }
    for peer in &peers {
        for round in 0..40 {
            assert_eq!(hears(peer), [round; 1024]);
        }
        peer.send_to(b"", address).unwrap();
        assert_eq!(hears(peer), b"");
    }
}
