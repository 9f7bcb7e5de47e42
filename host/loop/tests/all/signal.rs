//! Signals as a source of the loop.

use std::io;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use aio_loop::signal::signals;
use aio_loop::testing::virtual_loop;
use signal_hook::consts::{SIGKILL, SIGSEGV, SIGUSR1, SIGUSR2};
use signal_hook::low_level::raise;

#[test]
fn signals_arrive_by_number_and_each_counts() {
    let mut event_loop = virtual_loop().unwrap();
    let caught = signals(event_loop.handle(), &[SIGUSR1, SIGUSR2]).unwrap();
    raise(SIGUSR1).unwrap();
    raise(SIGUSR1).unwrap();
    raise(SIGUSR2).unwrap();
    event_loop.block_on(async {
        assert_eq!(caught.recv().await, SIGUSR1);
        assert_eq!(caught.recv().await, SIGUSR1);
        assert_eq!(caught.recv().await, SIGUSR2);
    });
}

#[test]
fn a_signal_that_no_program_may_catch_is_refused() {
    let event_loop = virtual_loop().unwrap();
    for number in [SIGKILL, SIGSEGV] {
        let refused = signals(event_loop.handle(), &[number]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
    assert!(signals(event_loop.handle(), &[-1]).is_err());
}

#[test]
fn a_signal_during_the_poll_is_a_turn_without_events() {
    // One test thread is the main thread, which is where the OS delivers a signal of the process.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "signal::child", "--ignored", "--test-threads=1"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "the other half of the test above"]
fn child() {
    let mut event_loop = aio_loop::Loop::new().unwrap();
    let caught = signals(event_loop.handle(), &[SIGUSR1]).unwrap();
    let (next, nexts) = mpsc::channel::<()>();
    let sender = thread::spawn(move || {
        while nexts.recv().is_ok() {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)
                .unwrap();
        }
    });
    event_loop.block_on(async {
        for _ in 0..2_000 {
            next.send(()).unwrap();
            assert_eq!(caught.recv().await, SIGUSR1);
        }
        drop(next);
    });
    sender.join().unwrap();
}
