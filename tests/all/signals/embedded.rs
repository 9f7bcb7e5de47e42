//! Guests of one host, in this very process: each test has real-time signals of its own.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;

use aio_host::aio_loop::signal::{signals, unclaimed};
use aio_host::{Captured, Controller, Guest, Host};

use super::super::embedding::{both, host, start, text, within_a_minute};
use super::super::support::wait_until;
use super::shell;

/// Waits until the guest has printed what is not told yet, and tells it.
fn printed(captured: &Captured) -> String {
    let mut all = String::new();
    wait_until("the guest prints", || {
        all.push_str(&text(captured));
        all.ends_with('\n')
    });
    all
}

fn told(host: &mut Host, how: &str, numbers: [&str; 2]) -> (Guest, Captured, Controller) {
    let (guest, captured) = start(host, "signals_told", &[how, numbers[0], numbers[1]]);
    let controller = guest.controller();
    (guest, captured, controller)
}

#[test]
fn two_guests_are_told_of_one_signal() {
    within_a_minute(|| {
        let mut host = host();
        let (mut one, one_said, _) = told(&mut host, "call", ["50", "51"]);
        let (mut other, other_said, _) = told(&mut host, "ring", ["50", "51"]);
        let sender = thread::spawn(move || {
            let said = [one_said, other_said];
            said.iter()
                .for_each(|said| assert_eq!(printed(said), "listening\n"));
            for number in [50, 51] {
                let sent = shell(&format!("echo $$; kill -{number} $1"), std::process::id());
                let sender = String::from_utf8(sent.stdout).unwrap();
                let expected = format!("1 of {number} from {sender}");
                said.iter()
                    .for_each(|said| assert_eq!(printed(said), expected));
            }
        });
        let (one, other) = host.block_on(both(one.run(), other.run(), || ()));
        assert_eq!((one.unwrap(), other.unwrap()), (0, 0));
        sender.join().unwrap();
    });
}

#[test]
fn a_signal_is_injected_into_one_of_two_guests() {
    within_a_minute(|| {
        for how in ["call", "ring", "aside", "watch"] {
            let mut host = host();
            let (mut one, one_said, one_control) = told(&mut host, how, ["52", "53"]);
            let (mut other, other_said, other_control) = told(&mut host, how, ["52", "53"]);
            assert!(!one_control.signal(52), "it does not listen yet");
            let ended = one_control.clone();
            let embedder = thread::spawn(move || {
                assert_eq!(printed(&one_said), "listening\n");
                assert_eq!(printed(&other_said), "listening\n");
                for number in [0, 15, 54, 65, u32::MAX] {
                    assert!(!one_control.signal(number), "nobody listens for {number}");
                }
                assert!(one_control.signal(52));
                assert_eq!(printed(&one_said), "1 of 52 from nobody\n");
                assert!(one_control.signal(53) && other_control.signal(53));
                assert_eq!(printed(&one_said), "1 of 53 from nobody\n");
                assert_eq!(printed(&other_said), "1 of 53 from nobody\n");
            });
            let (one, other) = host.block_on(both(one.run(), other.run(), || ()));
            assert_eq!((one.unwrap(), other.unwrap()), (0, 0));
            embedder.join().unwrap();
            assert!(!ended.signal(53), "it has ended");
        }
    });
}

#[test]
fn the_subscriptions_of_a_guest_end_with_its_run() {
    within_a_minute(|| {
        for killed in [false, true] {
            let mut host = host();
            let left = unclaimed(host.handle(), &[54]).unwrap();
            let (mut guest, said, controller) = told(&mut host, "call", ["54", "55"]);
            let embedder = thread::spawn(move || {
                assert_eq!(printed(&said), "listening\n");
                shell("kill -54 $1", std::process::id());
                assert!(printed(&said).starts_with("1 of 54 from "));
                match killed {
                    true => controller.kill(),
                    false => assert!(controller.signal(55)),
                }
            });
            assert_eq!(host.block_on(guest.run()).is_err(), killed);
            embedder.join().unwrap();
            assert!(left.try_next().is_err(), "the guest has taken it");
            shell("kill -54 $1", std::process::id());
            assert_eq!(host.block_on(left.next()).unwrap().number, 54);
        }
    });
}

#[test]
fn the_subscriptions_of_a_guest_end_when_it_is_dropped() {
    within_a_minute(|| {
        let mut host = host();
        let left = unclaimed(host.handle(), &[56]).unwrap();
        let (mut guest, said, _) = told(&mut host, "call", ["56", "57"]);
        let handle = host.handle().clone();
        let mut said_so = handle.spawn_blocking(move || printed(&said)).unwrap();
        host.block_on(async {
            let mut run = pin!(guest.run());
            poll_fn(|cx| match run.as_mut().poll(cx) {
                Poll::Ready(ended) => panic!("{ended:?}"),
                Poll::Pending => Pin::new(&mut said_so).poll(cx),
            })
            .await;
        });
        let witness = signals(host.handle(), &[56]).unwrap();
        shell("kill -56 $1", std::process::id());
        host.block_on(witness.next()).unwrap();
        drop(witness);
        assert!(left.try_next().is_err(), "the guest listens");
        drop(guest);
        shell("kill -56 $1", std::process::id());
        assert_eq!(host.block_on(left.next()).unwrap().count, 1);
    });
}
