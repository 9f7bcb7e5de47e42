//! `aio:host/tcp` as a guest sees it, and as the peer of a guest does.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::support::{LOOPBACK, Running, guest, passes};

#[test]
fn a_guest_talks_to_itself() {
    passes(LOOPBACK, "tcp_talk", &[]);
}

#[test]
fn options_and_addresses_are_told_and_bounded() {
    passes(LOOPBACK, "tcp_options", &[]);
}

#[test]
fn listeners_have_backlogs_ports_and_addresses() {
    passes(&["-A"], "tcp_listen", &[]);
}

#[test]
fn connections_that_cannot_be_are_codes() {
    passes(&["-A"], "tcp_connect", &[]);
}

#[test]
fn a_connection_is_a_stream_of_bytes() {
    passes(LOOPBACK, "tcp_streams", &[]);
}

#[test]
fn stale_and_forged_handles_are_never_another_object() {
    passes(LOOPBACK, "tcp_handles", &[]);
}

#[test]
fn cancelled_calls_have_had_no_effect() {
    passes(LOOPBACK, "tcp_cancel", &[]);
}

#[test]
fn writing_to_a_closed_peer_is_a_code() {
    passes(LOOPBACK, "tcp_closed_peer", &[]);
}

#[test]
fn a_guest_that_does_not_read_holds_its_peer_back() {
    held_back("handle");
}

#[test]
fn a_guest_that_does_not_read_its_stream_holds_its_peer_back() {
    held_back("stream");
}

/// More than the system's buffers of both sides take.
const FAR_TOO_MUCH: usize = 256 << 20;

#[track_caller]
fn held_back(how: &str) {
    let (server, address) = Running::serve(LOOPBACK, &guest("tcp_held_back"), &[how]);
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let piece = vec![0; 65_536];
    let mut written = 0;
    let error = loop {
        match peer.write(&piece) {
            Ok(count) => written += count,
            Err(error) => break error,
        }
        assert!(
            written < FAR_TOO_MUCH,
            "{written} bytes went to a guest that does not read"
        );
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    #[cfg(target_os = "linux")]
    assert!(
        server.kibibytes("VmHWM") < 200 << 10,
        "the host keeps nothing"
    );
    let _release = TcpStream::connect(address).unwrap();
    server.end().passes();
}
