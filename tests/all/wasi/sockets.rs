//! `wasi:sockets` of 0.2 and 0.3 on our loop, as unmodified programs and real peers meet it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};

use crate::support::{Running, WATCHDOG, guest, run, wait_until};

/// Grants a server of the loopback.
const SERVE: &[&str] = &["--allow-listen=127.0.0.1:0"];

/// Echo servers of programs that know nothing of aio-host: `wstd` on 0.2, `wasip3` on 0.3.
const ECHO: [&str; 2] = ["echo-wstd", "echo_wasip3"];

fn serve(name: &str) -> (Running, SocketAddr) {
    serve_with(name, &[])
}

fn serve_with(name: &str, args: &[&str]) -> (Running, SocketAddr) {
    Running::serve(SERVE, &guest(name), args)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WATCHDOG)).unwrap();
    stream
}

/// Sends `data` and reads it back.
fn echoes(stream: &mut TcpStream, data: &[u8]) {
    stream.write_all(data).unwrap();
    let mut back = vec![0; data.len()];
    stream.read_exact(&mut back).unwrap();
    assert!(back == data);
}

#[test]
fn what_is_sent_to_an_unmodified_echo_server_comes_back_and_then_the_end() {
    for name in ECHO {
        let (_server, address) = serve(name);
        let mut streams: Vec<_> = (0..20).map(|_| connect(address)).collect();
        for round in 0..3_u8 {
            for stream in &mut streams {
                echoes(stream, &[round; 1024]);
            }
        }
        for stream in &mut streams {
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "{name}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_runs_while_a_guest_waits_for_a_socket_but_that_of_the_epochs() {
    for name in ECHO {
        // The first run compiles, on threads that stay; the second finds it done.
        drop(serve(name));
        let (server, address) = serve(name);
        echoes(&mut connect(address), b"awake");
        // A thread gives itself its name, a moment after it was started.
        let alone = || server.threads() == ["aio-host", "aio-host-epoch"];
        wait_until("only the thread of the epochs is there", alone);
    }
}

/// Grants talking to the loopback, and sockets bound there.
const LOOPBACK: &[&str] = &["--allow-net=127.0.0.1", "--allow-listen=127.0.0.1:0"];

/// The same, and binding to a port by its number.
const ANY_PORT: &[&str] = &["--allow-net=127.0.0.1", "--allow-listen=127.0.0.1:*"];

/// More than the system's buffers of both sides take.
const FAR_TOO_MUCH: usize = 256 << 20;

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// A peer that answers with what it gets, up to the end.
fn echo_once() -> String {
    let (listener, address) = listen();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = stream.try_clone().unwrap();
        std::io::copy(&mut stream, &mut all).unwrap();
    });
    address
}

fn passes(name: &str, args: &[&str]) {
    run(LOOPBACK, &guest(name), args).passes();
}

#[track_caller]
fn prints(flags: &[&str], name: &str, args: &[&str], text: &str) {
    let ran = run(flags, &guest(name), args);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), text), "{ran:?}");
}

#[test]
fn tcp_sockets_of_0_2_go_from_state_to_state() {
    run(ANY_PORT, &guest("wasi_p2_states"), &[]).passes();
}

#[test]
fn tcp_sockets_of_0_3_go_from_state_to_state() {
    run(ANY_PORT, &guest("wasi_p3_states"), &[]).passes();
}

#[test]
fn the_standard_library_serves_one_after_the_other() {
    let (_server, address) = serve_with("wasi_std", &["serve"]);
    for _ in 0..3 {
        let mut stream = connect(address);
        echoes(&mut stream, &[1; 100_000]);
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    }
}

#[test]
fn the_standard_library_talks_and_half_closes() {
    let talk = ["talk", &echo_once()];
    prints(LOOPBACK, "wasi_std", &talk, "true\n");
}

#[test]
fn the_standard_library_sends_datagrams() {
    prints(LOOPBACK, "wasi_std", &["udp"], "pong\n");
}

#[test]
fn datagrams_of_0_2_come_in_batches_and_from_the_peer_alone() {
    passes("wasi_p2_udp", &[]);
}

#[test]
fn datagrams_of_0_3_come_from_the_peer_alone() {
    passes("wasi_p3_udp", &[]);
}

#[test]
fn datagrams_are_granted_by_address_and_a_socket_of_no_address_needs_no_grant() {
    for name in ["wasi_p2_udp", "wasi_p3_udp"] {
        let flags = ["--allow-net=127.0.0.1:9"];
        let ran = run(&flags, &guest(name), &["127.0.0.1:10"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for said in [
            "send to 127.0.0.1:10: not granted; --allow-net=127.0.0.1:10 would allow it",
            "bind to 127.0.0.1:0: not granted; --allow-listen=127.0.0.1:0 would allow it",
        ] {
            assert_eq!(ran.stderr.matches(said).count(), 1, "{said}: {ran:?}");
        }
    }
}

#[test]
fn a_socket_at_a_granted_address_may_answer_whoever_sent_to_it() {
    let (server, address) = serve_with("wasi_std", &["answer"]);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(WATCHDOG)).unwrap();
    peer.send_to(b"question", address).unwrap();
    let mut buf = [0; 16];
    assert_eq!(peer.recv_from(&mut buf).unwrap(), (8, address));
    server.end().passes();
}

#[test]
fn streams_of_0_3_carry_bytes_both_ways_and_tell_their_end() {
    passes("wasi_p3_streams", &["talk", &echo_once()]);
}

#[test]
fn what_one_connection_receives_another_can_send_without_the_guest() {
    passes("wasi_p3_streams", &["piped"]);
}

#[test]
fn cancelled_calls_of_0_3_have_had_no_effect() {
    passes("wasi_p3_streams", &["cancel"]);
}

#[test]
fn a_peer_that_does_not_read_holds_a_guest_of_0_2_back_and_gets_all_in_the_end() {
    let (listener, address) = listen();
    let args = ["held-back", address.as_str()];
    let mut writer = Running::start(LOOPBACK, &guest("wasi_p2_streams"), &args);
    let (mut stream, _) = listener.accept().unwrap();
    let written: usize = writer.line().parse().unwrap();
    assert!(written > 0);
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), written + b"end".len());
    assert!(all.ends_with(b"xxend"));
    drop(stream);
    writer.end().passes();
}

#[test]
fn what_a_guest_of_0_2_has_written_is_sent_after_its_end() {
    let (listener, address) = listen();
    let args = ["leave", address.as_str()];
    let mut writer = Running::start(LOOPBACK, &guest("wasi_p2_streams"), &args);
    let (mut stream, _) = listener.accept().unwrap();
    let (mut other, _) = listener.accept().unwrap();
    let written: u64 = writer.line().parse().unwrap();
    assert_eq!(other.read(&mut [0]).unwrap(), 0, "the guest has ended");
    let read = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    assert_eq!(read, written);
    writer.end().passes();
}

#[test]
fn writing_more_than_was_permitted_is_a_trap() {
    let (_listener, address) = listen();
    let args = ["too-much", address.as_str()];
    run(LOOPBACK, &guest("wasi_p2_streams"), &args).fails(134, &["more was written than"]);
}

#[test]
fn a_peer_that_reads_late_gets_all_that_a_guest_of_0_3_sends() {
    let (listener, address) = listen();
    let args = ["send", address.as_str()];
    let mut writer = Running::start(LOOPBACK, &guest("wasi_p3_streams"), &args);
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(writer.line(), "sending");
    let read = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    assert_eq!(read, 64 << 20);
    assert_eq!(writer.line(), "0 left, ok");
    writer.end().passes();
}

#[test]
fn a_peer_that_goes_away_is_told_to_a_guest_of_0_3() {
    let (listener, address) = listen();
    let args = ["send", address.as_str()];
    let mut writer = Running::start(LOOPBACK, &guest("wasi_p3_streams"), &args);
    let (stream, _) = listener.accept().unwrap();
    assert_eq!(writer.line(), "sending");
    // Unread bytes make this a reset.
    wait_until("the guest sends", || stream.peek(&mut [0]).is_ok());
    drop(stream);
    let line = writer.line();
    assert!(!line.starts_with("0 left"), "{line}");
    assert!(
        line.ends_with("ConnectionReset") || line.ends_with("ConnectionBroken"),
        "{line}"
    );
}

/// Echoes nothing until it is read from: both directions fill up.
#[cfg(target_os = "linux")]
#[test]
fn a_fast_peer_is_held_back_by_an_echo_that_it_does_not_read() {
    for name in ECHO {
        let (server, address) = serve(name);
        let mut stream = connect(address);
        echoes(&mut stream, b"awake");
        let before = server.kibibytes("VmRSS");
        stream.set_nonblocking(true).unwrap();
        let mut sent = 0;
        let chunk = [0; 65_536];
        // The last room of the buffers may come late: stop when it stays away for a while.
        let mut refused = 0;
        while refused < 100 {
            match stream.write(&chunk) {
                Ok(count) => (sent, refused) = (sent + count, 0),
                Err(_) => {
                    refused += 1;
                    std::thread::yield_now();
                }
            }
            assert!(sent < FAR_TOO_MUCH, "{name} does not hold back");
        }
        let grown = server.kibibytes("VmRSS").saturating_sub(before);
        assert!(grown < 8 << 10, "{name} has grown by {grown} KiB");
        // Nothing is lost: all of it comes back.
        stream.set_nonblocking(false).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let back = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
        assert_eq!(back, sent as u64, "{name}");
    }
}

#[test]
fn a_reset_ends_one_connection_and_no_other() {
    for name in ECHO {
        let (_server, address) = serve(name);
        let mut stays = connect(address);
        for _ in 0..10 {
            let mut goes = connect(address);
            echoes(&mut goes, b"x");
            let linger = Some(std::time::Duration::ZERO);
            socket2::SockRef::from(&goes).set_linger(linger).unwrap();
            drop(goes);
            echoes(&mut stays, b"still here");
        }
    }
}

#[test]
fn a_thousand_connections_are_served_at_a_time() {
    let (_server, address) = serve("echo_wasip3");
    let mut streams: Vec<_> = (0..1000).map(|_| connect(address)).collect();
    for round in 0..2 {
        for stream in &mut streams {
            stream.write_all(&[round; 16]).unwrap();
        }
        for stream in &mut streams {
            let mut back = [0; 16];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(back, [round; 16]);
        }
    }
}

/// Two of four connections are served until they leave; the others have waited, unharmed.
fn two_at_a_time(address: SocketAddr) {
    let mut streams: Vec<_> = (0..4).map(|_| connect(address)).collect();
    let mut waiting = streams.split_off(2);
    for stream in &mut streams {
        echoes(stream, b"served");
    }
    for stream in &mut waiting {
        stream.write_all(b"waits").unwrap();
        stream.set_nonblocking(true).unwrap();
        assert!(stream.read(&mut [0; 8]).is_err());
        stream.set_nonblocking(false).unwrap();
    }
    drop(streams);
    for stream in &mut waiting {
        let mut back = [0; 5];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"waits");
    }
}

#[test]
fn connections_beyond_the_quota_wait_for_a_place() {
    let mut flags = SERVE.to_vec();
    flags.push("--max-handles=3"); // the listener, and two
    let (_server, address) = Running::serve(&flags, &guest("echo_wasip3"), &[]);
    two_at_a_time(address);
}

#[cfg(target_os = "linux")]
#[test]
fn connections_beyond_the_descriptors_of_the_process_wait_for_one() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    // The first run compiles, with files that are open for a while; the second finds it done.
    drop(serve("echo_wasip3"));
    let (server, address) = serve("echo_wasip3");
    let mut first = connect(address);
    echoes(&mut first, b"awake");
    // Beside that of the first, which makes room for another.
    let room = u64::try_from(server.descriptors()).unwrap() + 1;
    drop(first);
    let limit = Rlimit {
        current: Some(room),
        maximum: Some(room),
    };
    let id = Pid::from_raw(i32::try_from(server.id).unwrap());
    prlimit(id, Resource::Nofile, limit).unwrap();
    two_at_a_time(address);
}

#[test]
fn names_are_looked_up_when_granted() {
    let localhost = ["--allow-net=localhost"];
    let ran = run(&localhost, &guest("wasi_std"), &["lookup", "localhost"]);
    assert!(
        ran.stdout.contains("127.0.0.1") || ran.stdout.contains("::1"),
        "{ran:?}"
    );
    let numbers = ["lookup", "127.0.0.1", "lookup", "[::1]", "lookup", ""];
    let flags = ["--allow-net=127.0.0.1,[::1]"];
    let ran = run(&flags, &guest("wasi_p3_access"), &numbers);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "lookup 127.0.0.1: [IpAddress::Ipv4((127, 0, 0, 1))]",
            "lookup [::1]: [IpAddress::Ipv6((0, 0, 0, 0, 0, 0, 0, 1))]",
            "lookup : ErrorCode::AccessDenied",
        ]
    );
}

#[test]
fn what_is_not_granted_is_denied_and_the_denial_names_the_flag() {
    let (_listener, address) = listen();
    let words = [
        "lookup",
        "nowhere.example",
        "connect",
        &address,
        "listen",
        "127.0.0.1:0",
    ];
    let ran = run(&[], &guest("wasi_p3_access"), &words);
    assert_eq!(
        ran.stdout.matches(": ErrorCode::AccessDenied\n").count(),
        3,
        "{ran:?}"
    );
    let connect = format!("--allow-net={address}");
    for flag in [
        "--allow-net=nowhere.example",
        &connect,
        "--allow-listen=127.0.0.1:0",
    ] {
        assert_eq!(ran.stderr.matches(flag).count(), 1, "{flag}: {ran:?}");
    }
    let flags = [&*connect, "--allow-listen=127.0.0.1:0"];
    let words = ["connect", &address, "listen", "127.0.0.1:0"];
    let granted = run(&flags, &guest("wasi_p3_access"), &words);
    assert_eq!(granted.stdout.matches(": ok\n").count(), 2, "{granted:?}");
    // A denied name never reaches a resolver, so this one cannot be an answer of it.
    let ran = run(&[], &guest("wasi_std"), &["lookup", "nowhere.example"]);
    assert!(
        ran.stderr.contains("--allow-net=nowhere.example"),
        "{ran:?}"
    );
}
