//! Turning the loop in place.

use std::future;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aio_loop::testing::{socket_pair, virtual_loop};
use aio_loop::{InPlace, Loop, Port};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn outside_of_block_on_the_loop_is_busy() {
    let event_loop = Loop::new().unwrap();
    assert_eq!(event_loop.handle().turn_in_place().unwrap(), InPlace::Busy);
}

#[test]
fn on_another_thread_the_loop_is_busy() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let turned = thread::spawn(move || handle.turn_in_place().unwrap());
        assert_eq!(turned.join().unwrap(), InPlace::Busy);
    });
}

#[test]
fn within_another_loop_this_one_is_busy() {
    let mut outer = Loop::new().unwrap();
    let handle = outer.handle().clone();
    outer.block_on(async {
        let mut inner = Loop::new().unwrap();
        let turned = inner.block_on(async { handle.turn_in_place().unwrap() });
        assert_eq!(turned, InPlace::Busy);
    });
}

#[test]
fn the_loop_is_busy_while_anything_is_runnable() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        assert!(handle.is_idle());
        let call = handle.call_soon(|| {});
        assert!(!handle.is_idle());
        assert_eq!(handle.turn_in_place().unwrap(), InPlace::Busy);
        drop(call);
    });
}

#[test]
fn the_loop_is_busy_while_a_neighbour_of_the_same_turn_has_yet_to_run() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let port = Port::new();
    let door = handle.clone();
    let first = handle.spawn(async move { door.turn_in_place().unwrap() });
    let _timer = handle.post_at(handle.now(), &port, 1);
    let neighbour = handle.spawn(async {});
    event_loop.block_on(async {
        assert_eq!(first.await, Ok(InPlace::Busy));
        neighbour.await.unwrap();
    });
}

#[test]
fn the_loop_is_busy_once_the_root_was_woken() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        assert_eq!(handle.turn_in_place().unwrap(), InPlace::Busy);
        Poll::Ready(())
    }));
}

#[test]
fn timers_fire_in_place() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let begun = handle.now();
    event_loop.block_on(async {
        let port = Port::new();
        let _timer = handle.post_at(begun + HOUR, &port, 7);
        while port.is_empty() {
            assert_eq!(handle.turn_in_place().unwrap(), InPlace::Turned);
        }
        assert_eq!(handle.now(), begun + HOUR);
    });
}

#[test]
fn events_are_dispatched_in_place() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (near, far) = socket_pair(&handle).unwrap();
        let port = Port::new();
        far.registration().attach(&port, 7);
        near.try_write(b"x").unwrap();
        while port.is_empty() {
            assert_eq!(handle.turn_in_place().unwrap(), InPlace::Turned);
        }
        assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 1);
    });
}

#[test]
fn a_look_in_place_waits_for_nothing_and_moves_no_time() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        let (begun, port) = (handle.now(), Port::new());
        let _later = handle.post_at(begun + HOUR, &port, 2);
        let _due = handle.post_at(begun, &port, 1);
        assert_eq!(handle.poll_in_place().unwrap(), InPlace::Turned);
        assert_eq!(handle.now(), begun);
        let mut keys = Vec::new();
        port.drain(&mut keys);
        assert_eq!(keys, [1]);
        assert_eq!(handle.poll_in_place().unwrap(), InPlace::Turned);
        assert!(port.is_empty());
    });
}

#[test]
fn a_wake_from_another_thread_ends_the_turn() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    event_loop.block_on(async {
        for _ in 0..1000 {
            let door = handle.clone();
            let waker = thread::spawn(move || drop(door.call_soon(|| {})));
            while handle.turn_in_place().unwrap() == InPlace::Turned {}
            waker.join().unwrap();
            handle.sleep(Duration::ZERO).await;
        }
    });
}

#[test]
fn tasks_woken_in_place_run_when_the_thread_is_given_back() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let sleeper = handle.clone();
    let task = handle.spawn(async move { sleeper.sleep(HOUR).await });
    event_loop.block_on(async {
        handle.sleep(Duration::ZERO).await;
        while handle.turn_in_place().unwrap() == InPlace::Turned {}
        assert!(!task.is_finished());
        assert_eq!(task.await, Ok(()));
    });
}

#[test]
fn a_poll_tells_how_often_its_future_was_woken_for_it() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    assert_eq!(handle.wakes_of_this_poll(), None);
    let mut told = Vec::new();
    event_loop.block_on(future::poll_fn(|cx| {
        told.push(handle.wakes_of_this_poll());
        for _ in 0..told.len() {
            cx.waker().wake_by_ref();
        }
        if told.len() == 3 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    assert_eq!(told, [Some(1), Some(1), Some(2)]);
    let task = handle.spawn({
        let handle = handle.clone();
        async move { handle.wakes_of_this_poll() }
    });
    assert_eq!(event_loop.block_on(task).unwrap(), None);
}
