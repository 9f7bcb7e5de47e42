//! What a signal does when nobody listens, and during the poll: each in a process of its own, which
//! is this very program with one test to run.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;

use aio_loop::Loop;
use aio_loop::signal::{signals, unclaimed};
use aio_loop::testing::virtual_loop;
use signal_hook::consts::{SIGHUP, SIGPIPE, SIGTERM, SIGUSR1};
use signal_hook::low_level::raise;

/// Runs one of the ignored tests below. One test thread is the main thread, which is where the OS
/// delivers a signal of the process.
fn alone(test: &str) -> Output {
    let test = format!("signal::alone::{test}");
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--ignored", "--test-threads=1"])
        .output()
        .unwrap()
}

#[track_caller]
fn passes(test: &str) {
    let output = alone(test);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
fn a_signal_during_the_poll_is_a_turn_without_events() {
    passes("signals_during_the_poll");
}

#[test]
fn after_the_last_listener_a_signal_ends_the_process_again() {
    for (test, number) in [
        ("left_by_all", SIGTERM),
        ("left_twice", SIGHUP),
        ("left_real_time", 40),
    ] {
        let ended = alone(test);
        assert_eq!(ended.status.signal(), Some(number), "{ended:?}");
    }
}

#[test]
fn after_the_last_listener_an_ignored_signal_is_ignored_again() {
    passes("left_ignored");
}

#[test]
fn a_handler_from_before_is_called_meanwhile_and_after() {
    passes("left_to_a_handler");
}

#[test]
#[ignore = "run by a test above"]
fn signals_during_the_poll() {
    let mut event_loop = Loop::new().unwrap();
    let signals = signals(event_loop.handle(), &[SIGUSR1]).unwrap();
    let (next, nexts) = mpsc::channel::<()>();
    let sender = thread::spawn(move || {
        while nexts.recv().is_ok() {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::USR1).unwrap();
        }
    });
    event_loop.block_on(async {
        for _ in 0..2_000 {
            next.send(()).unwrap();
            let arrival = signals.next().await.unwrap();
            assert_eq!((arrival.number, arrival.count), (SIGUSR1, 1));
        }
        drop(next);
    });
    sender.join().unwrap();
}

/// Ends by the signal, after two listeners that did not.
fn leave(number: i32) {
    let event_loop = virtual_loop().unwrap();
    let first = signals(event_loop.handle(), &[number]).unwrap();
    let second = unclaimed(event_loop.handle(), &[number]).unwrap();
    raise(number).unwrap();
    assert_eq!(first.try_next().unwrap().count, 1);
    drop(first);
    raise(number).unwrap();
    assert_eq!(second.try_next().unwrap().count, 1);
    second.close();
}

#[test]
#[ignore = "run by a test above"]
fn left_by_all() {
    leave(SIGTERM);
    raise(SIGTERM).unwrap();
}

#[test]
#[ignore = "run by a test above"]
fn left_twice() {
    leave(SIGHUP);
    leave(SIGHUP);
    raise(SIGHUP).unwrap();
}

#[test]
#[ignore = "run by a test above"]
fn left_real_time() {
    leave(40);
    raise(40).unwrap();
}

/// The standard library ignores this one from the start.
#[test]
#[ignore = "run by a test above"]
fn left_ignored() {
    raise(SIGPIPE).unwrap();
    leave(SIGPIPE);
    raise(SIGPIPE).unwrap();
}

#[test]
#[ignore = "run by a test above"]
fn left_to_a_handler() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let called = Arc::new(AtomicUsize::new(0));
    signal_hook::flag::register_usize(SIGUSR1, Arc::clone(&called), 7).unwrap();
    leave(SIGUSR1);
    assert_eq!(called.swap(0, Ordering::SeqCst), 7);
    raise(SIGUSR1).unwrap();
    assert_eq!(called.load(Ordering::SeqCst), 7);
}
