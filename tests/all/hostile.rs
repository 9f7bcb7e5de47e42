//! Guests that break the rules: each ends by itself or by the host's will, with its reason told.

use super::support::{guest, run};

#[test]
fn a_panic_is_a_trap_whose_backtrace_has_names() {
    let ran = run(&[], &guest("hostile_panic"), &[]);
    ran.fails(134, &["a panic on purpose", "the_culprit", "hostile_panic"]);
}

#[test]
fn a_stack_that_is_used_up_is_a_trap() {
    run(&[], &guest("hostile_panic"), &["recursion"]).fails(134, &["trap", "the_bottomless"]);
}

#[test]
fn an_unreachable_instruction_is_a_trap() {
    run(&[], &guest("hostile_panic"), &["unreachable"]).fails(134, &["unreachable"]);
}

#[test]
fn an_endless_loop_ends_with_its_time() {
    for how in ["silent", "calls"] {
        let ran = run(&["--timeout=200ms"], &guest("hostile_spin"), &[how]);
        ran.fails(134, &["timed out after 200ms", "--timeout"]);
        assert_eq!(ran.stdout, "spinning\n");
    }
}

#[test]
fn an_endless_loop_ends_with_its_fuel() {
    for how in ["silent", "calls"] {
        let ran = run(&["--fuel=50000000"], &guest("hostile_spin"), &[how]);
        ran.fails(134, &["fuel", "50000000"]);
    }
}

#[test]
fn what_is_not_granted_is_a_code_and_told_once() {
    let ran = run(&[], &guest("access_denied"), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (refused, times) in [
        ("--allow-net=127.0.0.1:9", 1),
        ("--allow-listen=127.0.0.1:0", 1),
        ("--allow-net=localhost ", 1),
    ] {
        assert_eq!(
            ran.stderr.matches(refused).count(),
            times,
            "{refused} in {}",
            ran.stderr
        );
    }
    // What a guest names does not reach the terminal as it is.
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    assert!(ran.stderr.contains("red.invalid"), "{:?}", ran.stderr);
}
