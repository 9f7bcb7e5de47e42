//! `aio:host/signals`: real signals, sent by this process or a shell, as a guest sees them.

mod embedded;

use std::process::{Command, Output};

use rustix::process::Signal;

use super::support::{LOOPBACK, Running, guest, passes, run};

/// Sends signals by the words of a shell; `$1` is the process they are for.
#[track_caller]
fn shell(script: &str, process: u32) -> Output {
    let id = process.to_string();
    let words = ["-c", script, "sh", &id];
    let ran = Command::new("/bin/sh").args(words).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    ran
}

/// A guest that listens, and has said so.
#[track_caller]
fn listening(flags: &[&str], name: &str, args: &[&str]) -> Running {
    let mut running = Running::start(flags, &guest(name), args);
    assert_eq!(running.line(), "listening");
    running
}

#[test]
fn signals_are_told_with_their_senders_whichever_way_a_guest_waits() {
    let numbers = ["1", "10", "28", "17", "15"];
    for how in ["call", "ring", "aside", "watch"] {
        let flags = ["--allow-signal=HUP,USR1,WINCH,CHLD,TERM"];
        let mut told = listening(&flags, "signals_told", &[&[how], &numbers[..]].concat());
        let sent = [
            Signal::HUP,
            Signal::USR1,
            Signal::WINCH,
            Signal::CHILD,
            Signal::TERM,
        ];
        for signal in sent {
            told.signal(signal);
            let expected = format!("1 of {} from {}", signal.as_raw(), std::process::id());
            assert_eq!(told.line(), expected, "by {how}");
        }
        told.end().passes();
    }
}

#[test]
fn another_process_is_the_sender() {
    let mut told = listening(
        &["--allow-signal=34,64"],
        "signals_told",
        &["call", "34", "64"],
    );
    for number in [34, 64] {
        let shell = shell(&format!("echo $$; kill -{number} $1"), told.id);
        let sender = String::from_utf8(shell.stdout).unwrap();
        assert_eq!(told.line(), format!("1 of {number} from {}", sender.trim()));
    }
    told.end().passes();
}

#[test]
fn what_is_no_set_of_signals_is_a_code() {
    let ran = run(&["-A"], &guest("signals_refused"), &[]);
    ran.passes();
    assert_eq!(ran.stdout, "Ok(Done)\n");
}

#[test]
fn a_guest_listens_for_what_it_was_granted() {
    let granted = run(&["--allow-signal=USR1"], &guest("signals_denied"), &[]);
    granted.fails(
        0,
        &["listen for signal USR2: not granted; --allow-signal=USR2 would"],
    );
    let nothing = run(&[], &guest("signals_denied"), &[]);
    nothing.fails(
        1,
        &["listen for signal USR1: not granted; --allow-signal=USR1 would"],
    );
}

#[test]
fn a_subscription_counts_as_a_handle() {
    let flags = ["--allow-signal=USR1", "--max-handles=3"];
    passes(&flags, "signals_denied", &["3"]);
}

#[test]
fn a_guest_has_sixty_four_subscriptions_at_a_time() {
    passes(&["--allow-signal=USR1"], "signals_denied", &["64"]);
}

#[test]
fn cancelled_waits_have_taken_nothing_and_others_keep_their_order() {
    let flags = ["--allow-signal=USR1,USR2"];
    let mut cancels = Running::start(&flags, &guest("signals_cancel"), &[]);
    for expected in ["USR1", "USR2", "USR2", "USR1"] {
        assert_eq!(cancels.line(), expected);
        cancels.signal(match expected {
            "USR1" => Signal::USR1,
            _ => Signal::USR2,
        });
    }
    cancels.end().passes();
}

#[test]
fn none_of_two_thousand_signals_is_lost_under_load() {
    let flags = [LOOPBACK, &["--allow-signal=40"]].concat();
    let counts = listening(&flags, "signals_load", &["40", "2000"]);
    shell(
        "i=0; while [ $i -lt 2000 ]; do kill -40 $1; i=$((i+1)); done",
        counts.id,
    );
    counts.end().passes();
}

#[test]
fn a_signal_that_nobody_listens_for_any_more_ends_the_host_as_it_would_any_process() {
    for how in ["drop", "close"] {
        let flags = ["--allow-signal=USR1,WINCH"];
        let mut leaves = listening(&flags, "signals_left", &[how, "10", "28"]);
        leaves.signal(Signal::USR1);
        assert_eq!(leaves.line(), "took 10");
        assert_eq!(leaves.line(), "left");
        // This one is ignored again.
        leaves.signal(Signal::WINCH);
        leaves.signal(Signal::USR1);
        let ran = leaves.end();
        assert_eq!((ran.code, ran.ended_by), (None, Some(10)), "{ran:?}");
    }
}

#[test]
fn a_guest_that_listens_for_it_is_not_stopped_by_a_signal() {
    let flags = ["--allow-signal=INT,TERM", "--grace=0s"];
    let mut takes = listening(&flags, "signals_left", &["never", "2", "15"]);
    for signal in [Signal::TERM, Signal::INT, Signal::TERM, Signal::TERM] {
        takes.signal(signal);
        assert_eq!(takes.line(), format!("took {}", signal.as_raw()));
    }
}

#[test]
fn a_guest_that_listens_no_more_is_asked_to_stop_as_any() {
    let flags = ["--allow-signal=INT,TERM", "--grace=1h"];
    for (how, signal) in [("drop", Signal::TERM), ("close", Signal::INT)] {
        let mut leaves = listening(&flags, "signals_left", &[how, "2", "15"]);
        leaves.signal(signal);
        assert_eq!(leaves.line(), format!("took {}", signal.as_raw()));
        assert_eq!(leaves.line(), "left");
        leaves.signal(signal);
        assert_eq!(leaves.line(), "asked to stop");
        let ran = leaves.end();
        ran.fails(0, &["aio-host: stopping, again to kill\n"]);
    }
}

#[test]
fn a_signal_that_a_guest_leaves_to_the_host_asks_and_kills() {
    let flags = ["--allow-signal=INT", "--grace=1h"];
    let mut takes = listening(&flags, "signals_left", &["never", "2"]);
    takes.signal(Signal::TERM);
    assert_eq!(takes.line(), "asked to stop");
    takes.signal(Signal::INT);
    assert_eq!(takes.line(), "took 2");
    takes.signal(Signal::TERM);
    let ran = takes.end();
    ran.fails(143, &["stopping, again to kill\n", "killed\n"]);
}

#[test]
fn the_end_of_the_grace_period_kills_a_guest_that_listens_too() {
    let flags = ["--allow-signal=INT", "--grace=0s"];
    let takes = listening(&flags, "signals_left", &["never", "2"]);
    takes.signal(Signal::TERM);
    takes
        .end()
        .fails(143, &["stopping, again to kill\n", "killed\n"]);
}
