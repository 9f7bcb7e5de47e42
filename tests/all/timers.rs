//! `aio:host/timers` as a guest sees it.

use super::support::passes;

#[test]
fn the_clock_starts_near_0_and_never_goes_back() {
    passes(&[], "timers_now", &[]);
}

#[test]
fn sleeps_end_in_order_never_early_and_at_their_bounds() {
    passes(&[], "timers_sleep", &[]);
}

#[test]
fn a_deadline_that_has_passed_is_done_at_once() {
    passes(&[], "timers_sleep_until", &[]);
}

#[test]
fn an_interval_counts_the_ticks_that_were_missed() {
    passes(&[], "timers_interval", &[]);
}
