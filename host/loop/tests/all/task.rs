//! Tasks: spawned, awaited, aborted, and gone with their loop.

use std::future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aio_loop::testing::{socket_pair, virtual_loop};
use aio_loop::{Aborted, Task};

use crate::{Trace, drop_probe};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_task_hands_its_output_to_who_awaits_it() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let sleeper = handle.clone();
    let task = handle.spawn(async move {
        sleeper.sleep(SECOND).await;
        42
    });
    assert!(!task.is_finished());
    assert_eq!(event_loop.block_on(task), Ok(42));
}

#[test]
fn dropping_a_task_aborts_it_at_once() {
    let event_loop = virtual_loop().unwrap();
    let (probe, dropped) = drop_probe();
    let task = event_loop.handle().spawn(async move {
        let _probe = probe;
        future::pending::<()>().await;
    });
    assert!(!dropped());
    drop(task);
    assert!(dropped());
}

#[test]
fn aborting_drops_the_future_and_its_timer() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let sleeper = handle.clone();
    let task = handle.spawn(async move { sleeper.sleep(SECOND).await });
    event_loop.block_on(handle.sleep(Duration::ZERO));
    assert_eq!(handle.timer_count(), 1);
    task.abort();
    assert_eq!(handle.timer_count(), 0);
    assert!(task.is_finished());
    task.abort();
    assert_eq!(event_loop.block_on(task), Err(Aborted));
}

#[test]
fn aborting_a_finished_task_keeps_its_output() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let task = handle.spawn(async { 1 });
    event_loop.block_on(handle.sleep(Duration::ZERO));
    task.abort();
    assert_eq!(event_loop.block_on(task), Ok(1));
}

#[test]
fn a_task_that_aborts_itself_ends_at_its_next_await() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let own: Arc<Mutex<Option<Task<()>>>> = Arc::default();
    let (theirs, slot, sleeper) = (trace.clone(), own.clone(), handle.clone());
    let task = handle.spawn(async move {
        slot.lock().unwrap().as_ref().unwrap().abort();
        theirs.note("still running");
        sleeper.sleep(SECOND).await;
        theirs.note("never");
    });
    *own.lock().unwrap() = Some(task);
    event_loop.block_on(handle.sleep(SECOND * 2));
    assert_eq!(trace.taken(), ["still running"]);
    let task = own.lock().unwrap().take().unwrap();
    assert_eq!(event_loop.block_on(task), Err(Aborted));
}

#[test]
fn a_detached_task_runs_on() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let trace = Trace::default();
    let (theirs, sleeper) = (trace.clone(), handle.clone());
    handle
        .spawn(async move {
            sleeper.sleep(SECOND).await;
            theirs.note("done");
        })
        .detach();
    event_loop.block_on(handle.sleep(SECOND * 2));
    assert_eq!(trace.taken(), ["done"]);
}

#[test]
fn the_panic_of_a_task_is_raised_in_who_awaits_it_and_the_loop_lives() {
    let mut event_loop = virtual_loop().unwrap();
    let task = event_loop.handle().spawn(async { panic!("on purpose") });
    let raised = panic::catch_unwind(AssertUnwindSafe(|| event_loop.block_on(task)));
    let panic = raised.unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    let next = event_loop.handle().spawn(async { 1 });
    assert_eq!(event_loop.block_on(next), Ok(1));
}

#[test]
fn the_panic_of_a_detached_task_leaves_its_neighbours_alone() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    handle.spawn(async { panic!("on purpose") }).detach();
    let neighbour = handle.spawn(async { 1 });
    assert_eq!(event_loop.block_on(neighbour), Ok(1));
}

#[test]
fn a_panic_of_the_root_leaves_the_loop_usable() {
    let mut event_loop = virtual_loop().unwrap();
    let root = async { panic!("on purpose") };
    let raised = panic::catch_unwind(AssertUnwindSafe(|| event_loop.block_on(root)));
    assert!(raised.is_err());
    let handle = event_loop.handle().clone();
    event_loop.block_on(handle.sleep(SECOND));
}

#[test]
fn dropping_the_loop_drops_tasks_that_wait_on_their_own_sources() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, _far) = socket_pair(&handle).unwrap();
    let (probe, dropped) = drop_probe();
    handle
        .spawn(async move {
            let _probe = probe;
            // The waker is kept by the stream that the task itself owns: a circle.
            near.read(&mut [0; 8]).await.unwrap();
        })
        .detach();
    event_loop.block_on(handle.sleep(SECOND));
    assert!(!dropped());
    drop(event_loop);
    assert!(dropped());
}

#[test]
fn a_task_on_a_loop_that_is_gone_is_aborted() {
    let handle = virtual_loop().unwrap().handle().clone();
    let (probe, dropped) = drop_probe();
    let task = handle.spawn(async move { drop(probe) });
    assert!(dropped());
    let mut other = virtual_loop().unwrap();
    assert_eq!(other.block_on(task), Err(Aborted));
}

#[test]
fn a_callback_on_a_loop_that_is_gone_is_dropped() {
    let handle = virtual_loop().unwrap().handle().clone();
    let (probe, dropped) = drop_probe();
    let call = handle.call_soon(move || drop(probe));
    drop(call);
    assert!(dropped());
}

#[test]
fn tasks_rest_between_two_runs_of_the_loop() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let sleeper = handle.clone();
    let task = handle.spawn(async move {
        sleeper.sleep(SECOND * 2).await;
        1
    });
    event_loop.block_on(handle.sleep(SECOND));
    assert!(!task.is_finished());
    assert_eq!(event_loop.block_on(task), Ok(1));
}

#[test]
fn a_task_that_wakes_itself_does_not_starve_the_others() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let _busy = handle.spawn(future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        std::task::Poll::<()>::Pending
    }));
    let other = handle.spawn(async { 1 });
    assert_eq!(event_loop.block_on(other), Ok(1));
}
