//! `aio:host/ring` as a guest sees it.

use super::support::{LOOPBACK, passes};

#[test]
fn connections_work_on_the_ring_alone_and_in_order() {
    passes(LOOPBACK, "ring_tcp", &[]);
}

#[test]
fn a_read_goes_on_once_a_turn_and_loses_no_byte() {
    passes(LOOPBACK, "ring_read_many", &[]);
}

/// Every wait turns the loop in place if it can; the benchmark has it done the other way.
#[test]
fn connections_work_too_when_the_loop_is_not_turned_in_place() {
    let flags = [LOOPBACK, &["--no-park-in-place"]].concat();
    passes(&flags, "ring_tcp", &[]);
    passes(&flags, "ring_watch", &[]);
}

#[test]
fn equal_deadlines_fire_in_the_order_they_were_submitted() {
    passes(&[], "ring_timers", &[]);
}

#[test]
fn tokens_are_unique_while_they_wait_and_cancelling_has_no_effect_on_others() {
    passes(LOOPBACK, "ring_tokens", &[]);
}

#[test]
fn a_connection_that_nobody_answers_can_be_cancelled() {
    passes(LOOPBACK, "ring_connect_cancel", &[]);
}

#[test]
fn quiet_operations_tell_failures_only() {
    passes(LOOPBACK, "ring_quiet", &[]);
}

#[test]
fn a_turn_in_bytes_does_what_others_do() {
    passes(LOOPBACK, "ring_packed", &[]);
}

#[test]
fn every_bound_holds_at_its_most_and_one_beyond() {
    passes(LOOPBACK, "ring_limits", &[]);
}

#[test]
fn watches_tell_readiness_in_every_turn() {
    passes(LOOPBACK, "ring_watch", &[]);
}

#[test]
fn both_doors_lead_to_the_same_object() {
    passes(LOOPBACK, "ring_doors", &[]);
}

#[test]
fn other_tasks_go_on_during_enter_async() {
    passes(LOOPBACK, "ring_async", &[]);
}

#[test]
fn hostile_numbers_are_codes() {
    passes(&["-A"], "ring_hostile", &[]);
}

#[test]
fn whatever_is_cancelled_at_whatever_state_nothing_is_lost() {
    passes(LOOPBACK, "ring_cancel", &[]);
}
