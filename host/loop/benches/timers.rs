//! What the loop's own work costs: timers at 10^2 to 10^6 pending ones, callbacks, wakes and turns.
//! Prints nanoseconds per operation, the best of several rounds; measures no socket.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use std::future;
use std::hint::black_box;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use aio_loop::testing::virtual_loop;
use aio_loop::{Handle, InPlace, Loop, Port, TimerHandle};

/// Operations measured in each round, whatever is pending.
const OPERATIONS: u32 = 100_000;
const ROUNDS: usize = 5;

fn main() {
    println!("{:<34}{:>12}", "operation", "ns");
    for exponent in 2..=6 {
        timers(10_usize.pow(exponent));
    }
    call_soon();
    wake_to_poll();
    sleep_zero();
    turn_in_place();
    port();
}

fn report(name: &str, operations: u32, mut round: impl FnMut() -> Duration) {
    let best = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    let nanos = best.as_nanos() as f64 / f64::from(operations);
    println!("{name:<34}{nanos:>12.1}");
}

/// Spreads deadlines over an hour, in no order.
fn deadline(now: Instant, n: usize) -> Instant {
    let scattered = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
    now + Duration::from_secs(1) + Duration::from_nanos(scattered * 3)
}

fn pending(handle: &Handle, count: usize) -> Vec<TimerHandle> {
    let now = handle.now();
    (0..count)
        .map(|n| handle.call_at(deadline(now, n), Waker::noop().clone()))
        .collect()
}

fn timers(count: usize) {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle();
    let background = pending(handle, count);
    let now = handle.now();
    // The queue grows by a tenth at most while it is measured, or by 100.
    let batch = (count / 10).clamp(100, 10_000);
    let batches = OPERATIONS as usize / batch;
    let operations = u32::try_from(batch * batches).unwrap();
    let mut cancelling = Duration::MAX;
    report(
        &format!("timer insert, {count} pending"),
        operations,
        || {
            let (mut inserted, mut cancelled) = (Duration::ZERO, Duration::ZERO);
            let mut handles = Vec::with_capacity(batch);
            for _ in 0..batches {
                let begun = Instant::now();
                handles.extend((0..batch).map(|n| {
                    let deadline = deadline(now, n * 7 + count);
                    handle.call_at(deadline, Waker::noop().clone())
                }));
                inserted += begun.elapsed();
                let begun = Instant::now();
                handles.clear();
                cancelled += begun.elapsed();
            }
            cancelling = cancelling.min(cancelled);
            inserted
        },
    );
    report(
        &format!("timer cancel, {count} pending"),
        operations,
        || cancelling,
    );
    drop(background);
    expire(count);
}

/// Expires all pending timers, which are due in one turn.
fn expire(count: usize) {
    let operations = u32::try_from(count).unwrap();
    report(
        &format!("timer expire, {count} pending"),
        operations,
        || {
            let mut event_loop = virtual_loop().unwrap();
            let handle = event_loop.handle().clone();
            let port = Port::new();
            let due = handle.now() + Duration::from_secs(1);
            let timers: Vec<_> = (0..count)
                .map(|n| handle.post_at(due, &port, n as u64))
                .collect();
            let expired = event_loop.block_on(async {
                let begun = Instant::now();
                assert_eq!(handle.turn_in_place().unwrap(), InPlace::Turned);
                begun.elapsed()
            });
            assert!(!port.is_empty());
            drop(timers);
            expired
        },
    );
}

fn call_soon() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    report("call_soon and run", OPERATIONS, || {
        let begun = Instant::now();
        for n in 0..OPERATIONS {
            handle.call_soon(move || {
                black_box(n);
            });
        }
        event_loop.block_on(async {});
        begun.elapsed()
    });
}

/// Wakes many tasks in one turn, so that the poll of the OS does not count.
fn wake_to_poll() {
    const TASKS: u32 = 1000;
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    let rounds = OPERATIONS / TASKS;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            handle.spawn(future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            }))
        })
        .collect();
    report("wake to poll, of a task", rounds * TASKS, || {
        let begun = Instant::now();
        event_loop.block_on(async {
            for _ in 0..rounds {
                handle.sleep(Duration::ZERO).await;
            }
        });
        begun.elapsed()
    });
    drop(tasks);
}

fn sleep_zero() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    report("turn, by sleep of zero", OPERATIONS, || {
        let begun = Instant::now();
        event_loop.block_on(async {
            for _ in 0..OPERATIONS {
                handle.sleep(Duration::ZERO).await;
            }
        });
        begun.elapsed()
    });
}

fn turn_in_place() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    let port = Port::new();
    report("turn in place, one timer due", OPERATIONS, || {
        let begun = Instant::now();
        event_loop.block_on(async {
            for key in 0..u64::from(OPERATIONS) {
                let timer = handle.post_at(begun, &port, key);
                assert_eq!(handle.turn_in_place().unwrap(), InPlace::Turned);
                drop(timer);
            }
        });
        begun.elapsed()
    });
}

fn port() {
    let port = Port::new();
    let mut keys = Vec::new();
    report("post and drain", OPERATIONS, || {
        let begun = Instant::now();
        for key in 0..u64::from(OPERATIONS) {
            port.post(key);
        }
        port.drain(&mut keys);
        black_box(&mut keys).clear();
        begun.elapsed()
    });
}
