//! `aio:host/tcp` as a guest sees it, and as the peer of a guest does.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::support::{LOOPBACK, Running, guest, passes, run};

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
fn a_connection_may_come_from_an_address_of_ones_own() {
    passes(
        &["--allow-net=127.0.0.1", "--allow-listen=*:*"],
        "tcp_connect_with",
        &["granted"],
    );
}

#[test]
fn connecting_from_an_address_is_granted_as_binding_is() {
    let ran = run(LOOPBACK, &guest("tcp_connect_with"), &["denied"]);
    ran.fails(0, &["bind to 127.0.0.2:0", "--allow-listen=127.0.0.2:0"]);
}

#[test]
fn a_name_is_connected_to_where_it_answers() {
    passes(
        &[LOOPBACK, &["--allow-net=*.invalid"]].concat(),
        "tcp_names",
        &["granted"],
    );
}

#[test]
fn each_address_of_a_name_is_judged() {
    let flags = ["--allow-net=localhost:1", "--allow-listen=127.0.0.1:0"];
    let ran = run(&flags, &guest("tcp_names"), &["denied"]);
    ran.fails(0, &["refused: connect to "]);
}

#[test]
fn a_listener_has_several_addresses() {
    passes(
        &[
            "--allow-net=127.0.0.0/8",
            "--allow-listen=127.0.0.1:0,127.0.0.2:0",
        ],
        "tcp_listen_many",
        &[],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_listener_that_was_passed_is_taken_over_by_its_name() {
    use std::os::fd::AsRawFd;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).unwrap();
    let flag = format!("--listen-fd=http={}", listener.as_raw_fd());
    let guest = Running::start(&[&flag], &guest("tcp_inherited"), &[]);
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut said = String::new();
    peer.read_to_string(&mut said).unwrap();
    assert_eq!(said, "inherited");
    let refused = ["take over listener https: not granted; --listen-fd=https=FD"];
    guest.end().fails(0, &refused);
}

#[cfg(target_os = "linux")]
#[test]
fn a_guest_without_descriptors_is_told_so_now_and_then_and_recovers() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let (server, address) = Running::serve(LOOPBACK, &guest("limits_descriptors"), &[]);
    let limit = Rlimit {
        current: Some(server.descriptors() as u64 + 8),
        maximum: Some(1024),
    };
    let process = Pid::from_raw(server.id.cast_signed());
    prlimit(process, Resource::Nofile, limit).unwrap();
    let peers: Vec<_> = (0..30)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    server.end().passes();
    drop(peers);
}

#[test]
fn a_guest_that_does_not_take_what_its_ring_reads_holds_its_peer_back() {
    held_back("ring");
}

#[test]
fn a_transfer_to_a_peer_that_does_not_read_holds_the_sender_back() {
    held_back("transfer");
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
