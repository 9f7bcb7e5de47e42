//! Limits of what a guest may hold, each at its most and one beyond.

use super::support::{LOOPBACK, guest, passes, run};

#[test]
fn a_million_handles_are_refused_by_the_quota() {
    let flags = [LOOPBACK, &["--max-handles=50"]].concat();
    passes(&flags, "limits_handles", &["50"]);
}

#[test]
fn sockets_are_limited_however_they_are_opened() {
    for max in [5, 8] {
        let quota = format!("--max-sockets={max}");
        let flags = ["--allow-net=127.0.0.0/8", "--allow-listen=*:0", &quota];
        passes(&flags, "limits_sockets", &[&max.to_string()]);
    }
}

#[test]
fn operations_and_bytes_that_wait_are_limited() {
    let flags = [LOOPBACK, &["--max-operations=3", "--max-buffered=64KiB"]].concat();
    passes(&flags, "limits_waiting", &["3", "65536"]);
    let flags = [LOOPBACK, &["--max-operations=1", "--max-buffered=100"]].concat();
    passes(&flags, "limits_waiting", &["1", "100"]);
}

#[test]
fn memory_grows_to_its_limit_and_not_by_a_page_more() {
    passes(&["--max-memory=16MiB"], "limits_memory", &["256"]);
    passes(&["--max-memory=8388608"], "limits_memory", &["128"]);
}

/// The limit is rounded down to what memory grows by.
#[test]
fn a_part_of_a_page_is_no_page() {
    passes(&["--max-memory=16842751"], "limits_memory", &["256"]);
}

#[test]
fn a_guest_that_starts_beyond_its_limit_does_not_start() {
    let ran = run(&["--max-memory=64KiB"], &guest("timers_now"), &[]);
    assert!(!matches!(ran.code, Some(0 | 1)), "{ran:?}");
    assert!(ran.stderr.contains("memory"), "{ran:?}");
}

#[test]
fn a_guest_that_waits_ends_with_its_time() {
    for name in ["lifecycle_wait", "lifecycle_ring"] {
        let ran = run(&["--timeout=100ms"], &guest(name), &[]);
        ran.fails(134, &["timed out after 100ms"]);
        assert_eq!(ran.stdout, "waiting\n");
    }
}
