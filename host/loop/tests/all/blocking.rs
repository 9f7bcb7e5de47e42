//! Helper threads: bounds at the maximum and one past it, forgetting, panics.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use aio_loop::testing::{virtual_loop, virtual_loop_with};
use aio_loop::{Handle, Limits, QueueFull};

use crate::drop_probe;

fn limits(threads_max: usize, queue_max: usize) -> Limits {
    let mut limits = Limits::default();
    limits.threads_max = threads_max;
    limits.queue_max = queue_max;
    limits
}

/// Keeps one helper thread busy until the sender is dropped; returns once the thread is.
fn occupy(handle: &Handle) -> (mpsc::Sender<()>, aio_loop::Blocking<()>) {
    let (begun, begins) = mpsc::channel();
    let (gate, opens) = mpsc::channel::<()>();
    let call = handle.spawn_blocking(move || {
        begun.send(()).unwrap();
        assert!(opens.recv().is_err());
    });
    begins.recv().unwrap();
    (gate, call.unwrap())
}

#[test]
fn one_call_more_than_may_wait_is_refused() {
    let mut event_loop = virtual_loop_with(limits(2, 3)).unwrap();
    let handle = event_loop.handle().clone();
    let (first, second) = (occupy(&handle), occupy(&handle));
    let waiting: Vec<_> = (0..3)
        .map(|n| handle.spawn_blocking(move || n).unwrap())
        .collect();
    assert_eq!(handle.spawn_blocking(|| 9).unwrap_err(), QueueFull);
    drop((first.0, second.0));
    event_loop.block_on(async {
        for (n, call) in waiting.into_iter().enumerate() {
            assert_eq!(call.await, n);
        }
    });
    assert!(handle.spawn_blocking(|| ()).is_ok());
}

#[test]
fn no_queue_at_all_still_serves_as_many_calls_as_threads() {
    let event_loop = virtual_loop_with(limits(1, 0)).unwrap();
    let handle = event_loop.handle();
    let _busy = occupy(handle);
    assert_eq!(handle.spawn_blocking(|| ()).unwrap_err(), QueueFull);
}

#[test]
fn as_many_threads_as_allowed_work_at_once_and_not_one_more() {
    const THREADS: usize = 3;
    let mut event_loop = virtual_loop_with(limits(THREADS, 100)).unwrap();
    let handle = event_loop.handle().clone();
    let (working, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Each group of three passes only together.
    let barrier = Arc::new(Barrier::new(THREADS));
    let calls: Vec<_> = (0..THREADS * 10)
        .map(|_| {
            let (working, most, barrier) = (working.clone(), most.clone(), barrier.clone());
            let work = move || {
                most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                barrier.wait();
                working.fetch_sub(1, Ordering::SeqCst);
                barrier.wait();
            };
            handle.spawn_blocking(work).unwrap()
        })
        .collect();
    event_loop.block_on(async {
        for call in calls {
            call.await;
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), THREADS);
}

#[test]
fn a_call_that_is_forgotten_before_it_began_is_never_made_and_frees_its_place() {
    let mut event_loop = virtual_loop_with(limits(1, 1)).unwrap();
    let handle = event_loop.handle().clone();
    let (gate, busy) = occupy(&handle);
    let (probe, dropped) = drop_probe();
    let forgotten = handle.spawn_blocking(move || drop(probe)).unwrap();
    assert_eq!(handle.spawn_blocking(|| 0).unwrap_err(), QueueFull);
    drop(forgotten);
    assert!(dropped());
    let next = handle.spawn_blocking(|| 1).unwrap();
    drop(gate);
    event_loop.block_on(busy);
    assert_eq!(event_loop.block_on(next), 1);
}

#[test]
fn the_panic_of_a_call_is_raised_in_who_awaits_it_and_the_thread_lives() {
    let mut event_loop = virtual_loop_with(limits(1, 1)).unwrap();
    let call = event_loop.handle().spawn_blocking(|| panic!("on purpose"));
    let call = call.unwrap();
    let raised = panic::catch_unwind(AssertUnwindSafe(|| event_loop.block_on(call)));
    assert_eq!(raised.unwrap_err().downcast_ref(), Some(&"on purpose"));
    let next = event_loop.handle().spawn_blocking(|| 1).unwrap();
    assert_eq!(event_loop.block_on(next), 1);
}

#[test]
fn virtual_time_stands_still_while_a_helper_thread_is_at_work() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    for _ in 0..200 {
        let call = handle.spawn_blocking(|| ()).unwrap();
        let limited = handle.timeout(Duration::from_nanos(1), call);
        assert_eq!(event_loop.block_on(limited), Ok(()));
    }
}

#[test]
fn virtual_time_goes_on_when_a_forgotten_call_has_ended() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (gate, call) = occupy(&handle);
    drop(call);
    let begun = handle.now();
    handle.call_soon(move || drop(gate));
    event_loop.block_on(handle.sleep(Duration::from_secs(60)));
    assert_eq!(handle.now() - begun, Duration::from_secs(60));
}

#[test]
fn an_idle_thread_ends_and_a_later_call_starts_another() {
    let mut limits = limits(1, 1);
    limits.thread_idle = Duration::ZERO;
    let mut event_loop = virtual_loop_with(limits).unwrap();
    for n in 0..50 {
        let call = event_loop.handle().spawn_blocking(move || n).unwrap();
        assert_eq!(event_loop.block_on(call), n);
    }
}

#[test]
fn a_call_given_to_a_loop_that_is_gone_is_dropped() {
    let handle = virtual_loop().unwrap().handle().clone();
    let (probe, dropped) = drop_probe();
    let call = handle.spawn_blocking(move || drop(probe));
    assert!(dropped());
    assert!(call.is_ok());
}
