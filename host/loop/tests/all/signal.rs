//! Signals as sources of loops. Tests that share a process share its signals: each has numbers of
//! its own, or a process of its own.

mod alone;

use std::future::{self, Future};
use std::io::{self, Read};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use aio_loop::signal::{Arrival, Signals, signals, unclaimed};
use aio_loop::testing::virtual_loop;
use aio_loop::{Loop, Port};
use signal_hook::consts::{
    SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGKILL, SIGSEGV, SIGSTOP, SIGURG, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::low_level::raise;

/// The first of the real-time signals, of which the OS keeps each.
const REAL_TIME: i32 = 34;

fn own(number: i32, count: u32) -> Arrival {
    Arrival {
        number,
        count,
        sender: Some(std::process::id()),
    }
}

#[track_caller]
fn nothing_of(signals: &Signals) {
    let nothing = signals.try_next().unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn arrivals_are_told_by_number_with_their_count_and_sender() {
    let mut event_loop = virtual_loop().unwrap();
    let signals = signals(event_loop.handle(), &[SIGUSR2, SIGUSR1, SIGUSR2]).unwrap();
    nothing_of(&signals);
    for number in [SIGUSR2, SIGUSR1, SIGUSR2] {
        raise(number).unwrap();
    }
    event_loop.block_on(async {
        assert_eq!(signals.next().await.unwrap(), own(SIGUSR1, 1));
        let polled = future::poll_fn(|cx| signals.poll_next(cx)).await;
        assert_eq!(polled.unwrap(), own(SIGUSR2, 2));
    });
    nothing_of(&signals);
}

#[test]
fn another_process_is_told_as_the_sender() {
    let mut event_loop = virtual_loop().unwrap();
    let number = REAL_TIME + 1;
    let signals = signals(event_loop.handle(), &[number]).unwrap();
    let script = format!("kill -{number} {}", std::process::id());
    let mut sender = Command::new("/bin/sh")
        .args(["-c", &script])
        .spawn()
        .unwrap();
    let arrival = event_loop.block_on(signals.next()).unwrap();
    assert_eq!((arrival.number, arrival.count), (number, 1));
    assert_eq!(arrival.sender, Some(sender.id()));
    assert!(sender.wait().unwrap().success());
}

#[test]
fn a_child_that_ended_is_told_without_a_sender() {
    let mut event_loop = virtual_loop().unwrap();
    let signals = signals(event_loop.handle(), &[SIGCHLD]).unwrap();
    let mut child = Command::new("/bin/true").spawn().unwrap();
    let arrival = event_loop.block_on(signals.next()).unwrap();
    assert_eq!(arrival.number, SIGCHLD);
    assert_eq!(arrival.sender, None);
    child.wait().unwrap();
}

#[test]
fn what_no_program_can_wait_for_is_no_unknown_number() {
    let event_loop = virtual_loop().unwrap();
    let kind = |set: &[i32]| signals(event_loop.handle(), set).unwrap_err().kind();
    for number in [SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL] {
        assert_eq!(kind(&[SIGUSR1, number]), io::ErrorKind::InvalidInput);
    }
    for number in [-1, 0, 32, 33, 65, i32::MAX] {
        assert_eq!(kind(&[SIGUSR1, number]), io::ErrorKind::NotFound);
    }
    assert_eq!(kind(&[]), io::ErrorKind::InvalidInput);
    drop(signals(event_loop.handle(), &[34, 64]).unwrap());
}

#[test]
fn every_listener_of_every_loop_is_told_of_each_arrival() {
    let number = REAL_TIME + 2;
    let mut event_loop = virtual_loop().unwrap();
    let here = [0; 2].map(|_| signals(event_loop.handle(), &[number]).unwrap());
    let (listening, listens) = mpsc::channel();
    let threads = [0; 2].map(|_| {
        let listening = listening.clone();
        thread::spawn(move || {
            let mut event_loop = Loop::new().unwrap();
            let signals = signals(event_loop.handle(), &[number]).unwrap();
            listening.send(()).unwrap();
            event_loop.block_on(count_to(&signals, 3))
        })
    });
    threads.iter().for_each(|_| listens.recv().unwrap());
    (0..3).for_each(|_| raise(number).unwrap());
    for signals in &here {
        assert_eq!(event_loop.block_on(count_to(signals, 3)), 3);
    }
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 3);
    }
}

/// Waits until `count` have arrived; tells how many it were.
async fn count_to(signals: &Signals, count: u32) -> u32 {
    let mut counted = 0;
    while counted < count {
        counted += signals.next().await.unwrap().count;
    }
    counted
}

#[test]
fn no_arrival_is_lost_however_many_threads_send() {
    let number = REAL_TIME + 3;
    let mut event_loop = Loop::new().unwrap();
    let signals = signals(event_loop.handle(), &[number]).unwrap();
    let senders =
        [0; 4].map(|_| thread::spawn(move || (0..5_000).for_each(|_| raise(number).unwrap())));
    assert_eq!(event_loop.block_on(count_to(&signals, 20_000)), 20_000);
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
    nothing_of(&signals);
}

#[test]
fn a_wait_that_is_given_up_has_taken_nothing() {
    let number = REAL_TIME + 4;
    let event_loop = virtual_loop().unwrap();
    let signals = signals(event_loop.handle(), &[number]).unwrap();
    {
        let mut wait = pin!(signals.next());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        raise(number).unwrap();
    }
    assert_eq!(signals.try_next().unwrap(), own(number, 1));
}

#[test]
fn a_signal_is_injected_into_one_listener_alone() {
    let number = REAL_TIME + 5;
    let mut event_loop = virtual_loop().unwrap();
    let [one, other] = [0; 2].map(|_| signals(event_loop.handle(), &[number]).unwrap());
    let one = Arc::new(one);
    let from_afar = Arc::clone(&one);
    let injected = thread::spawn(move || [number, number, 65].map(|n| from_afar.inject(n)));
    assert_eq!(injected.join().unwrap(), [true, true, false]);
    let arrival = event_loop.block_on(one.next()).unwrap();
    assert_eq!((arrival.count, arrival.sender), (2, None));
    nothing_of(&other);
}

#[test]
fn a_closed_listener_ends_its_waits_and_takes_no_more() {
    let number = REAL_TIME + 6;
    let mut event_loop = virtual_loop().unwrap();
    let signals = signals(event_loop.handle(), &[number]).unwrap();
    // Somebody goes on listening, or the signal would end the process.
    let other = unclaimed(event_loop.handle(), &[number]).unwrap();
    let closed = event_loop.block_on(async {
        let mut wait = pin!(signals.next());
        let first = future::poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx).is_ready()));
        assert!(!first.await);
        signals.close();
        wait.await
    });
    assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::NotConnected);
    raise(number).unwrap();
    assert!(!signals.inject(number));
    assert!(signals.try_next().is_err() && signals.readiness().closed);
    assert_eq!(other.try_next().unwrap(), own(number, 1));
    signals.close();
}

#[test]
fn what_nobody_takes_is_left_to_those_who_take_that() {
    let number = REAL_TIME + 7;
    let event_loop = virtual_loop().unwrap();
    let left = unclaimed(event_loop.handle(), &[number]).unwrap();
    let mut takers = vec![signals(event_loop.handle(), &[number]).unwrap()];
    takers.push(signals(event_loop.handle(), &[number]).unwrap());
    while let Some(taker) = takers.pop() {
        taker.inject(number);
        raise(number).unwrap();
        assert_eq!(taker.try_next().unwrap().sender, Some(std::process::id()));
        nothing_of(&left);
    }
    raise(number).unwrap();
    assert_eq!(left.try_next().unwrap(), own(number, 1));
}

#[test]
fn arrivals_are_readiness_until_they_are_taken() {
    let number = REAL_TIME + 8;
    let mut event_loop = virtual_loop().unwrap();
    let signals = signals(event_loop.handle(), &[number]).unwrap();
    let port = Port::new();
    signals.registration().attach(&port, 7);
    for _ in 0..3 {
        assert!(!signals.readiness().readable && !signals.readiness().writable);
        raise(number).unwrap();
        event_loop.block_on(future::poll_fn(|cx| port.poll_ready(cx)));
        assert!(signals.readiness().readable);
        assert_eq!(signals.try_next().unwrap(), own(number, 1));
        port.drain(&mut Vec::new());
    }
}

#[test]
fn signals_that_do_nothing_by_themselves_are_told_too() {
    let event_loop = virtual_loop().unwrap();
    let set = [SIGWINCH, SIGURG];
    let signals = signals(event_loop.handle(), &set).unwrap();
    for number in set {
        raise(number).unwrap();
        assert_eq!(signals.try_next().unwrap(), own(number, 1));
    }
}

#[test]
fn nobody_inherits_the_descriptor() {
    let event_loop = virtual_loop().unwrap();
    let _signals = signals(event_loop.handle(), &[SIGWINCH]).unwrap();
    let mut child = Command::new("/bin/ls")
        .args(["-l", "/proc/self/fd"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut open = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut open)
        .unwrap();
    child.wait().unwrap();
    assert!(open.contains("pipe") && !open.contains("eventfd"), "{open}");
}
