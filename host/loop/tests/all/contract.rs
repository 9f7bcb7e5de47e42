//! asyncio's contract, row by row, under virtual time.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use aio_loop::testing::virtual_loop;

use crate::{Trace, drop_probe};

/// Notes the very moment of a wake, which a task would see only in the next phase.
struct Noting(Trace, &'static str);

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.0.note(self.1);
    }
}

fn noting(trace: &Trace, what: &'static str) -> Waker {
    Waker::from(Arc::new(Noting(trace.clone(), what)))
}

#[test]
fn callbacks_run_first_in_first_out() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    for name in ["a", "b", "c"] {
        let trace = trace.clone();
        handle.call_soon(move || trace.note(name));
    }
    event_loop.block_on(async {});
    assert_eq!(trace.taken(), ["a", "b", "c"]);
}

#[test]
fn what_is_scheduled_during_a_turn_runs_in_the_next() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let (theirs, door) = (trace.clone(), handle.clone());
    handle.call_soon(move || {
        theirs.note("first");
        let (later, timer) = (theirs.clone(), noting(&theirs, "timer"));
        door.call_soon(move || later.note("next turn"));
        // Due at once: it fires between the turns.
        std::mem::forget(door.call_at(door.now(), timer));
    });
    let same = trace.clone();
    handle.call_soon(move || same.note("same turn"));
    event_loop.block_on(handle.sleep(Duration::from_secs(1)));
    assert_eq!(trace.taken(), ["first", "same turn", "timer", "next turn"]);
}

#[test]
fn equal_deadlines_fire_in_order_of_registration() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let deadline = handle.now() + Duration::from_secs(1);
    let timers: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| handle.call_at(deadline, noting(&trace, name)))
        .into();
    event_loop.block_on(handle.sleep(Duration::from_secs(2)));
    assert_eq!(trace.taken(), ["a", "b", "c", "d"]);
    assert!(timers.iter().all(|timer| !timer.is_pending()));
}

#[test]
fn earlier_deadlines_fire_first_whatever_the_order_of_registration() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let now = handle.now();
    let _late = handle.call_at(now + Duration::from_nanos(2), noting(&trace, "late"));
    let _early = handle.call_at(now + Duration::from_nanos(1), noting(&trace, "early"));
    event_loop.block_on(handle.sleep(Duration::from_secs(1)));
    assert_eq!(trace.taken(), ["early", "late"]);
}

#[test]
fn no_timer_fires_early_in_virtual_time() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        for nanos in [1, 999, 999_999, 1_000_001, 86_400_000_000_001] {
            let deadline = handle.now() + Duration::from_nanos(nanos);
            handle.sleep_until(deadline).await;
            assert_eq!(handle.now(), deadline);
        }
    });
}

#[test]
fn no_timer_fires_early_on_the_clock_of_the_system() {
    let mut event_loop = aio_loop::Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        for nanos in (1..2_000_000).step_by(130_003) {
            let deadline = handle.now() + Duration::from_nanos(nanos);
            handle.sleep(Duration::from_nanos(nanos)).await;
            assert!(handle.now() >= deadline);
        }
    });
}

#[test]
fn sleep_of_zero_costs_one_turn() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let begun = handle.now();
    let tasks = [("a1", "a2", "a3"), ("b1", "b2", "b3")].map(|(one, two, three)| {
        let (handle, trace) = (handle.clone(), trace.clone());
        event_loop.handle().spawn(async move {
            trace.note(one);
            handle.sleep(Duration::ZERO).await;
            trace.note(two);
            handle.sleep(Duration::ZERO).await;
            trace.note(three);
        })
    });
    event_loop.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(trace.taken(), ["a1", "b1", "a2", "b2", "a3", "b3"]);
    assert_eq!(handle.now(), begun);
}

#[test]
fn a_cancelled_callback_never_runs_and_is_dropped_at_once() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let (probe, dropped) = drop_probe();
    let theirs = trace.clone();
    let call = handle.call_soon(move || {
        let _probe = probe;
        theirs.note("ran");
    });
    assert!(!call.is_cancelled());
    call.cancel();
    assert!(dropped());
    call.cancel();
    assert!(call.is_cancelled());
    event_loop.block_on(handle.sleep(Duration::ZERO));
    assert!(trace.taken().is_empty());
}

#[test]
fn cancelling_a_callback_that_ran_is_harmless() {
    let mut event_loop = virtual_loop().unwrap();
    let call = event_loop.handle().call_soon(|| {});
    event_loop.block_on(async {});
    call.cancel();
    assert!(!call.is_cancelled());
}

#[test]
fn dropping_a_call_handle_does_not_cancel() {
    let mut event_loop = virtual_loop().unwrap();
    let trace = Trace::default();
    let theirs = trace.clone();
    drop(event_loop.handle().call_soon(move || theirs.note("ran")));
    event_loop.block_on(async {});
    assert_eq!(trace.taken(), ["ran"]);
}

#[test]
fn a_cancelled_timer_leaves_the_queue_at_once_and_never_fires() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let deadline = handle.now() + Duration::from_secs(1);
    let kept = handle.call_at(deadline, noting(&trace, "kept"));
    let cancelled = handle.call_at(deadline, noting(&trace, "cancelled"));
    assert_eq!(handle.timer_count(), 2);
    drop(cancelled);
    assert_eq!(handle.timer_count(), 1);
    event_loop.block_on(handle.sleep(Duration::from_secs(2)));
    assert_eq!(trace.taken(), ["kept"]);
    assert_eq!(handle.timer_count(), 0);
    drop(kept);
}

#[test]
fn a_failing_callback_ends_neither_the_loop_nor_its_neighbours() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    handle.call_soon(|| panic!("on purpose"));
    let theirs = trace.clone();
    handle.call_soon(move || theirs.note("neighbour"));
    event_loop.block_on(handle.sleep(Duration::ZERO));
    assert_eq!(trace.taken(), ["neighbour"]);
}
