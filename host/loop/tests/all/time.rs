//! Timers and the futures on them, under virtual time.

use std::future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aio_loop::testing::virtual_loop;
use aio_loop::{Elapsed, TimerHandle};

const SECOND: Duration = Duration::from_secs(1);

/// A waker that owns a timer: dropping it drops the timer.
#[derive(Default)]
struct Owner(Mutex<Option<TimerHandle>>);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn dropping_a_waker_that_owns_a_timer_of_the_same_loop_does_not_deadlock() {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle();
    let deadline = handle.now() + SECOND;
    let owner = Arc::new(Owner::default());
    let inner = handle.call_at(deadline, Waker::noop().clone());
    *owner.0.lock().unwrap() = Some(inner);
    let outer = handle.call_at(deadline, Waker::from(owner));
    assert_eq!(handle.timer_count(), 2);
    drop(outer);
    assert_eq!(handle.timer_count(), 0);
}

#[test]
fn a_timer_that_fires_may_drop_the_one_after_it() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let deadline = handle.now() + SECOND;
    let owner = Arc::new(Owner::default());
    let _outer = handle.call_at(deadline, Waker::from(owner.clone()));
    let port = aio_loop::Port::new();
    *owner.0.lock().unwrap() = Some(handle.post_at(deadline, &port, 1));
    // The queue holds the last reference to the waker, which dies as it fires.
    drop(owner);
    event_loop.block_on(handle.sleep(SECOND * 2));
    assert!(port.is_empty(), "a cancelled timer fired");
}

#[test]
fn dropping_the_loop_drops_what_its_timers_own() {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let owner = Arc::new(Owner::default());
    let weak = Arc::downgrade(&owner);
    *owner.0.lock().unwrap() = Some(handle.call_at(handle.now(), Waker::noop().clone()));
    let outer = handle.call_at(handle.now(), Waker::from(owner));
    drop(event_loop);
    assert!(weak.upgrade().is_none());
    assert_eq!(handle.timer_count(), 0);
    assert!(!outer.is_pending());
}

#[test]
fn a_sleep_that_is_dropped_leaves_no_timer() {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle();
    {
        let mut sleep = pin!(handle.sleep(SECOND));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(handle.timer_count(), 1);
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(handle.timer_count(), 1);
    }
    assert_eq!(handle.timer_count(), 0);
}

#[test]
fn sleep_of_zero_is_not_cut_short_by_a_second_poll_in_the_same_turn() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let mut sleep = handle.sleep(Duration::ZERO);
        future::poll_fn(|cx| {
            assert!(pin!(&mut sleep).poll(cx).is_pending());
            assert!(pin!(&mut sleep).poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        sleep.await;
    });
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_once() {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(
        pin!(handle.sleep_until(handle.now()))
            .poll(&mut cx)
            .is_ready()
    );
}

#[test]
fn a_sleep_moved_to_another_task_wakes_that_one() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let mut sleep = handle.sleep(SECOND);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(&mut sleep).poll(&mut cx).is_pending());
    let begun = handle.now();
    event_loop.block_on(sleep);
    assert_eq!(handle.now() - begun, SECOND);
}

#[test]
fn a_delay_past_the_end_of_time_never_ends() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let outcome = event_loop.block_on(handle.timeout(SECOND, handle.sleep(Duration::MAX)));
    assert_eq!(outcome, Err(Elapsed));
    let mut endless = handle.interval(Duration::MAX);
    let outcome = event_loop.block_on(handle.timeout(SECOND, endless.tick()));
    assert_eq!(outcome, Err(Elapsed));
}

#[test]
fn a_timeout_drops_its_timer_when_the_future_is_done() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let limited = handle.timeout(SECOND * 2, handle.sleep(SECOND));
        assert_eq!(limited.await, Ok(()));
        assert_eq!(handle.timer_count(), 0);
    });
}

#[test]
fn an_output_that_is_there_beats_a_timeout_of_zero() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let output = event_loop.block_on(handle.timeout(Duration::ZERO, async { 1 }));
    assert_eq!(output, Ok(1));
}

#[test]
fn an_interval_ticks_after_one_period_and_does_not_drift() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let begun = handle.now();
    event_loop.block_on(async {
        let mut interval = handle.interval(SECOND);
        assert_eq!(interval.tick().await, begun + SECOND);
        handle.sleep(SECOND / 2).await;
        assert_eq!(interval.tick().await, begun + SECOND * 2);
        assert_eq!(handle.now(), begun + SECOND * 2);
    });
}

#[test]
fn missed_ticks_come_at_once() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let begun = handle.now();
    event_loop.block_on(async {
        let mut interval = handle.interval(SECOND);
        handle.sleep(SECOND * 3).await;
        for missed in 1..=3 {
            assert_eq!(interval.tick().await, begun + SECOND * missed);
            assert_eq!(handle.now(), begun + SECOND * 3);
        }
        assert_eq!(interval.tick().await, begun + SECOND * 4);
        assert_eq!(handle.now(), begun + SECOND * 4);
    });
}

#[test]
fn an_interval_of_zero_ticks_once_a_turn() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let begun = handle.now();
    let mut interval = handle.interval(Duration::ZERO);
    let ticks = handle.spawn(async move {
        for _ in 0..3 {
            assert_eq!(interval.tick().await, begun);
        }
    });
    event_loop.block_on(async {
        for _ in 0..3 {
            assert!(!ticks.is_finished());
            handle.sleep(Duration::ZERO).await;
        }
        ticks.await.unwrap();
    });
}

#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let begun = handle.now();
    event_loop.block_on(async {
        let mut interval = handle.interval(SECOND);
        let early = handle.timeout(SECOND / 2, interval.tick()).await;
        assert_eq!(early, Err(Elapsed));
        assert_eq!(interval.tick().await, begun + SECOND);
    });
}

#[test]
#[should_panic(expected = "nothing can ever wake this loop")]
fn a_virtual_loop_that_nothing_can_wake_panics() {
    virtual_loop().unwrap().block_on(future::pending::<()>());
}
