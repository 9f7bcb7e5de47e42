//! From the start of the process to its end: signals, exit codes, and what is left behind.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use rustix::process::Signal;

use super::support::{LOOPBACK, Running, guest, passes, run, wait_until};

#[test]
fn exit_codes_are_the_guests_own() {
    let ran = |how| run(&[], &guest("lifecycle_exit"), &[how]);
    ran("ok").passes();
    ran("error").fails(1, &["the guest's own words"]);
    let exited = ran("exit");
    assert_eq!((exited.code, exited.stderr.as_str()), (Some(1), ""));
    assert_eq!(exited.stdout, "ends\n");
}

#[test]
fn every_wait_ends_once_when_the_guest_is_asked_to_stop() {
    let mut waiting = Running::start(&["--grace=1h"], &guest("lifecycle_wait"), &[]);
    assert_eq!(waiting.line(), "waiting");
    waiting.signal(Signal::TERM);
    let ran = waiting.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["asked to stop", "cleaned up", "the task is told too"]
    );
}

#[test]
fn a_guest_that_computes_when_it_is_asked_to_stop_hears_of_it_when_it_waits() {
    let mut busy = Running::start(&["--grace=1h"], &guest("lifecycle_busy"), &[]);
    assert_eq!(busy.line(), "computing");
    busy.signal(Signal::TERM);
    let ran = busy.end();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "cleaned up\n"),
        "{ran:?}"
    );
}

#[test]
fn the_ring_tells_once_that_the_guest_is_asked_to_stop() {
    for how in ["blocking", "async"] {
        let mut waiting = Running::start(&["--grace=1h"], &guest("lifecycle_ring"), &[how]);
        assert_eq!(waiting.line(), "waiting");
        waiting.signal(Signal::INT);
        let ran = waiting.end();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "cleaned up\n"),
            "{ran:?}"
        );
    }
}

#[test]
fn the_second_signal_kills_who_does_not_stop() {
    for how in ["stubborn", "spin"] {
        let mut waiting = Running::start(&["--grace=1h"], &guest("lifecycle_wait"), &[how]);
        assert_eq!(waiting.line(), "waiting");
        waiting.signal(Signal::INT);
        wait_until("the guest is asked to stop", || {
            waiting.line() == "asked to stop"
        });
        waiting.signal(Signal::INT);
        waiting.end().fails(130, &["killed"]);
    }
}

#[test]
fn the_end_of_the_grace_period_kills_who_does_not_stop() {
    for how in ["stubborn", "spin"] {
        let mut waiting = Running::start(&["--grace=50ms"], &guest("lifecycle_wait"), &[how]);
        assert_eq!(waiting.line(), "waiting");
        waiting.signal(Signal::TERM);
        waiting.end().fails(143, &["killed"]);
    }
}

#[test]
fn a_guest_may_end_with_everything_open() {
    passes(LOOPBACK, "lifecycle_leaves", &[]);
}

/// Writes to the server and reads it back.
fn round_trip(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"there and back").unwrap();
    let mut back = [0; 14];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"there and back");
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_connections_leave_no_descriptor_behind() {
    for (name, how) in [
        ("echo_async", ""),
        ("echo_ring", ""),
        ("echo_ring", "async"),
    ] {
        let (server, address) = Running::serve(LOOPBACK, &guest(name), &["127.0.0.1:0", how]);
        round_trip(address);
        wait_until("the first connection is closed", || {
            server.descriptors() < 40
        });
        let idle = || server.descriptors();
        let mut before = usize::MAX;
        // The server closes its end after the peer has.
        wait_until("the number of descriptors settles", || {
            let now = idle();
            let settled = now == before;
            before = now;
            settled
        });
        for _ in 0..10 {
            let open: Vec<_> = (0..100)
                .map(|_| TcpStream::connect(address).unwrap())
                .collect();
            for mut stream in &open {
                stream.write_all(b"x").unwrap();
            }
            for mut stream in &open {
                stream.read_exact(&mut [0]).unwrap();
            }
            assert!(server.descriptors() >= 100, "the connections are open");
        }
        wait_until("all descriptors are closed again", || {
            server.descriptors() <= before
        });
        server.signal(Signal::TERM);
        assert_eq!(server.end().code, Some(0));
    }
}

/// One thread runs the loop, one counts epochs, and helpers are named: no runtime of others.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_of_another_runtime_exists_while_a_guest_waits() {
    // Compiled before, so that no compiler's thread is there either.
    round_trip(Running::serve(LOOPBACK, &guest("echo_async"), &["127.0.0.1:0"]).1);
    for name in ["echo_async", "echo_ring"] {
        let (server, address) = Running::serve(LOOPBACK, &guest(name), &["127.0.0.1:0"]);
        round_trip(address);
        let threads = server.threads();
        let ours = |name: &&String| name.starts_with("aio-host") || name.starts_with("aio-loop");
        assert_eq!(
            threads.iter().filter(ours).count(),
            threads.len(),
            "{threads:?}"
        );
        assert!(threads.len() <= 2, "{threads:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_host_has_no_children() {
    let (server, address) = Running::serve(LOOPBACK, &guest("echo_async"), &["127.0.0.1:0"]);
    round_trip(address);
    let children = format!("/proc/{0}/task/{0}/children", server.id);
    assert_eq!(std::fs::read_to_string(children).unwrap_or_default(), "");
}
