//! The examples, run as a newcomer would, with the test as the peer.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use rustix::process::Signal;

use super::support::{LOOPBACK, Running, guest, in_repository, run};

#[test]
fn hello_says_hello() {
    let ran = run(&[], &in_repository("examples/hello/hello.wat"), &[]);
    ran.passes();
    assert_eq!(ran.stdout, "hello from a component written by hand\n");
}

#[test]
fn two_sleeps_end_in_the_order_of_their_deadlines() {
    let ran = run(&[], &in_repository("examples/sleeps/sleeps.wat"), &[]);
    ran.passes();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let expected = [
        "both sleeps have begun",
        "slept 20 ms",
        "slept 60 ms",
        "both sleeps are done",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_rust_program_of_wasi_0_2_prints() {
    let ran = run(&[], &guest("println-p2"), &["you"]);
    ran.passes();
    assert_eq!(ran.stdout, "hello, you, from WASI 0.2\n");
}

/// Each way to serve echo.
const SERVERS: [(&str, &str); 3] = [
    ("echo_async", ""),
    ("echo_ring", ""),
    ("echo_ring", "async"),
];

fn serve((name, how): (&str, &str)) -> (Running, SocketAddr) {
    Running::serve(LOOPBACK, &guest(name), &["127.0.0.1:0", how])
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

#[test]
fn echo_sends_back_what_comes_in() {
    for server in SERVERS {
        let (_server, address) = serve(server);
        let mut stream = TcpStream::connect(address).unwrap();
        for length in [1, 2, 1024, 65_536, 65_537, 1, 200_000] {
            let sent = pattern(length);
            let mut writer = stream.try_clone().unwrap();
            let mut back = vec![0; length];
            thread::scope(|scope| {
                scope.spawn(|| writer.write_all(&sent).unwrap());
                stream.read_exact(&mut back).unwrap();
            });
            assert!(back == sent, "{length} bytes by {server:?}");
        }
    }
}

#[test]
fn echo_sends_all_back_before_it_closes() {
    const LENGTH: usize = 5 << 20;
    for server in SERVERS {
        let (_server, address) = serve(server);
        let mut stream = TcpStream::connect(address).unwrap();
        let mut writer = stream.try_clone().unwrap();
        let writing = thread::spawn(move || {
            writer.write_all(&pattern(LENGTH)).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        writing.join().unwrap();
        assert!(
            back == pattern(LENGTH),
            "{} bytes by {server:?}",
            back.len()
        );
    }
}

#[test]
fn echo_serves_many_at_a_time() {
    for server in SERVERS {
        let (_server, address) = serve(server);
        let mut streams: Vec<_> = (0..200)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        for round in 0..5_u32 {
            for (index, stream) in (0..200_u32).zip(&mut streams) {
                stream
                    .write_all(&(round * 1000 + index).to_le_bytes())
                    .unwrap();
            }
            for (index, stream) in (0..200_u32).zip(&mut streams).rev() {
                let mut back = [0; 4];
                stream.read_exact(&mut back).unwrap();
                assert_eq!(u32::from_le_bytes(back), round * 1000 + index);
            }
        }
    }
}

/// A peer that does not read is not read from either; others are served meanwhile.
#[test]
fn echo_holds_back_a_peer_that_does_not_read() {
    for server in SERVERS {
        let (_server, address) = serve(server);
        let mut deaf = TcpStream::connect(address).unwrap();
        deaf.set_write_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let mut written = 0;
        let error = loop {
            match deaf.write(&pattern(65_536)) {
                Ok(count) => written += count,
                Err(error) => break error,
            }
            assert!(written < 256 << 20, "{written} bytes by {server:?}");
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        let mut other = TcpStream::connect(address).unwrap();
        other.write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
        // What was taken comes back in full.
        deaf.shutdown(Shutdown::Write).unwrap();
        let mut back = Vec::new();
        deaf.read_to_end(&mut back).unwrap();
        assert_eq!(back.len(), written, "by {server:?}");
    }
}

#[test]
fn echo_survives_peers_that_vanish() {
    for server in SERVERS {
        let (_server, address) = serve(server);
        for _ in 0..50 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&pattern(10_000)).unwrap();
            // Bytes that nobody reads make the system reset the connection.
            let linger = Some(Duration::ZERO);
            socket2::SockRef::from(&stream).set_linger(linger).unwrap();
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"alive").unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"alive");
    }
}

#[test]
fn echo_says_what_is_wrong_with_its_address() {
    for name in ["echo_async", "echo_ring"] {
        run(&[], &guest(name), &[]).fails(1, &["usage"]);
        run(&[], &guest(name), &["nonsense"]).fails(1, &["nonsense"]);
        let ran = run(&[], &guest(name), &["127.0.0.1:0"]);
        ran.fails(1, &["access-denied", "--allow-listen=127.0.0.1:0"]);
    }
}

#[test]
#[cfg(unix)]
fn a_pipeline_passes_on_what_each_program_writes() {
    let flags = [
        "--allow-run=printf",
        "--allow-run=sort",
        "--allow-run=uniq -c",
    ];
    let words = "printf %s\\n pear apple pear | sort | uniq -c";
    let words: Vec<_> = words.split(' ').collect();
    let ran = run(&flags, &guest("pipeline"), &words);
    ran.passes();
    assert_eq!(ran.stdout, "      1 apple\n      2 pear\n");
    run(&flags, &guest("pipeline"), &["sort", "|"]).fails(1, &["usage"]);
    let ran = run(&flags, &guest("pipeline"), &["sort", "|", "uniq", "-d"]);
    ran.fails(1, &["access-denied", "--allow-run="]);
}

/// The writer would write for ever: it ends when nobody is left who reads.
#[test]
#[cfg(unix)]
fn a_pipeline_ends_with_its_last_program() {
    let flags = ["--allow-run=yes", "--allow-run=head"];
    let words = ["yes", "again", "|", "head", "-n", "2"];
    let ran = run(&flags, &guest("pipeline"), &words);
    ran.passes();
    assert_eq!(ran.stdout, "again\nagain\n");
}

#[test]
#[cfg(unix)]
fn a_supervisor_restarts_what_ends_and_stops_all_in_order() {
    let flags = ["--allow-run=sh", "--allow-run=sleep", "--allow-signal=TERM"];
    let words = [
        "sleep", "1000", "--", "sh", "-c", "exit 3", "--", "sleep", "1001",
    ];
    let mut supervisor = Running::start(&flags, &guest("supervisor"), &words);
    let mut told = Vec::new();
    while told
        .last()
        .is_none_or(|line| line != "2 (sh): again in 400 ms")
    {
        told.push(supervisor.line());
        assert!(told.len() < 20, "{told:?}");
    }
    let expected = [
        "1 (sleep): started",
        "2 (sh): started",
        "3 (sleep): started",
        "2 (sh): ended with code 3",
        "2 (sh): again in 100 ms",
        "2 (sh): started",
        "2 (sh): ended with code 3",
        "2 (sh): again in 200 ms",
        "2 (sh): started",
        "2 (sh): ended with code 3",
        "2 (sh): again in 400 ms",
    ];
    assert_eq!(told, expected);
    supervisor.signal(Signal::TERM);
    let ran = supervisor.end();
    ran.passes();
    // The second one may have been started again meanwhile.
    let lines = ran.stdout.lines();
    let told: Vec<_> = lines.filter(|line| !line.starts_with("2 ")).collect();
    let expected = [
        "3 (sleep): ended with signal 15",
        "1 (sleep): ended with signal 15",
        "all are stopped",
    ];
    assert_eq!(told, expected);
}

#[test]
#[cfg(unix)]
fn a_supervisor_tries_again_what_cannot_be_started() {
    let flags = ["--allow-run=*", "--allow-signal=TERM"];
    let mut supervisor = Running::start(&flags, &guest("supervisor"), &["/no/such/program"]);
    for delay in [100, 200] {
        let told = [supervisor.line(), supervisor.line()];
        let expected = [
            "1 (/no/such/program): not started: not-found".to_owned(),
            format!("1 (/no/such/program): again in {delay} ms"),
        ];
        assert_eq!(told, expected);
    }
    // Nobody listens for Ctrl-C: the host asks the guest to stop.
    supervisor.signal(Signal::INT);
    let ran = supervisor.end();
    ran.fails(0, &["stopping"]);
    assert!(ran.stdout.ends_with("all are stopped\n"), "{ran:?}");
}

#[test]
#[cfg(unix)]
fn a_supervisor_kills_what_does_not_stop() {
    let flags = ["--allow-run=sh", "--allow-signal=TERM"];
    let deaf = ["sh", "-c", "trap '' TERM; echo deaf; exec sleep 1000"];
    let mut supervisor = Running::start(&flags, &guest("supervisor"), &deaf);
    let told = [supervisor.line(), supervisor.line()];
    assert!(told.contains(&"deaf".to_owned()), "{told:?}");
    supervisor.signal(Signal::TERM);
    let ran = supervisor.end();
    ran.passes();
    let told: Vec<_> = ran.stdout.lines().collect();
    let expected = [
        "1 (sh): killed",
        "1 (sh): ended with signal 9",
        "all are stopped",
    ];
    assert!(told.ends_with(&expected), "{told:?}");
}

#[test]
#[cfg(unix)]
fn a_supervisor_says_what_it_lacks() {
    run(&[], &guest("supervisor"), &[]).fails(1, &["usage"]);
    let ran = run(&[], &guest("supervisor"), &["sleep", "1"]);
    ran.fails(1, &["access-denied", "--allow-run=sleep"]);
    let ran = run(
        &["--allow-run=sleep"],
        &guest("supervisor"),
        &["sleep", "1"],
    );
    ran.fails(1, &["access-denied", "--allow-signal=TERM"]);
}

/// The figures are the benchmark's business; that there are some is ours.
#[test]
fn what_a_call_costs_is_measured() {
    let ran = run(&[], &guest("call_costs"), &[]);
    ran.passes();
    let costs: Vec<_> = ran.stdout.lines().filter_map(cost).collect();
    assert_eq!(costs.len(), ran.stdout.lines().count(), "{}", ran.stdout);
    assert_eq!(costs.len(), 5, "{}", ran.stdout);
}

#[test]
fn what_the_benchmark_loads_sends_receives_and_tells_how_late_a_timer_was() {
    let serve = |mode| {
        let (server, address) =
            Running::serve(LOOPBACK, &guest("bench_server"), &["127.0.0.1:0", mode]);
        (server, TcpStream::connect(address).unwrap())
    };
    let (_server, mut stream) = serve("send");
    stream.read_exact(&mut vec![1; 5 << 20]).unwrap();
    let (_server, mut stream) = serve("receive");
    stream.write_all(&vec![1; 20 << 20]).unwrap();
    let (server, mut stream) = serve("timer");
    for _ in 0..500 {
        stream.write_all(b"echo").unwrap();
        let mut back = [0; 4];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"echo");
    }
    drop(stream);
    server.signal(Signal::INT);
    let ran = server.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.lines().all(|line| line.starts_with("late ")));
}

/// A name and a number of nanoseconds.
fn cost(line: &str) -> Option<(&str, f64)> {
    let (name, nanoseconds) = line.split_once(' ')?;
    let nanoseconds = nanoseconds.parse().ok()?;
    (nanoseconds > 0.0).then_some((name, nanoseconds))
}

/// Half of the benchmark is this guest, which nobody runs between two releases.
#[cfg(unix)]
#[test]
fn the_guest_that_measures_children_comes_to_a_rate() {
    let flags = ["--allow-run=/bin/true", "--allow-run=/bin/cat"];
    for how in [&["spawn", "2", "0.05"][..], &["cat", "0.05"]] {
        let ran = run(&flags, &guest("bench_children"), how);
        ran.passes();
        let rate = ran.stdout.strip_prefix("ready\nrate ");
        assert!(rate.is_some_and(|rate| rate != "0\n"), "{ran:?}");
    }
}
