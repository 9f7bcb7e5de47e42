//! Wakes from other threads: none is lost, whatever the loop is doing.

use std::future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use aio_loop::{Loop, Port};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn no_wake_of_many_threads_is_lost() {
    const THREADS: usize = 4;
    const WAKES: usize = 20_000;
    let mut event_loop = Loop::new().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let waiting: Arc<Mutex<Option<Waker>>> = Arc::default();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (count, waiting) = (count.clone(), waiting.clone());
            thread::spawn(move || {
                for _ in 0..WAKES {
                    count.fetch_add(1, Ordering::SeqCst);
                    let waker = waiting.lock().unwrap().take();
                    waker.into_iter().for_each(Waker::wake);
                }
            })
        })
        .collect();
    let task = event_loop.handle().spawn(future::poll_fn(move |cx| {
        *waiting.lock().unwrap() = Some(cx.waker().clone());
        match count.load(Ordering::SeqCst) {
            count if count == THREADS * WAKES => Poll::Ready(count),
            _ => Poll::Pending,
        }
    }));
    assert_eq!(event_loop.block_on(task), Ok(THREADS * WAKES));
    threads.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn a_callback_from_another_thread_wakes_a_parked_loop_each_time() {
    const ROUNDS: usize = 5_000;
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    let port = Port::new();
    let theirs = port.clone();
    let caller = thread::spawn(move || {
        let (tell, told) = mpsc::channel();
        for _ in 0..ROUNDS {
            let tell = tell.clone();
            handle.call_soon(move || tell.send(()).unwrap());
            told.recv().unwrap();
        }
        theirs.post(1);
    });
    event_loop.block_on(future::poll_fn(|cx| port.poll_ready(cx)));
    caller.join().unwrap();
}

#[test]
fn an_earlier_timer_from_another_thread_shortens_the_wait() {
    let mut event_loop = Loop::new().unwrap();
    let handle = event_loop.handle().clone();
    let _late = handle.post_at(handle.now() + HOUR, &Port::new(), 0);
    let port = Port::new();
    let theirs = port.clone();
    let (ask, asked) = mpsc::channel();
    let setter = thread::spawn(move || {
        let mut timers = Vec::new();
        for key in asked {
            timers.push(handle.post_at(handle.now(), &theirs, key));
        }
    });
    event_loop.block_on(async {
        let mut keys = Vec::new();
        // Enough rounds that some find the loop asleep.
        for key in 0..5_000 {
            ask.send(key).unwrap();
            future::poll_fn(|cx| port.poll_ready(cx)).await;
            port.drain(&mut keys);
            assert_eq!(keys.pop(), Some(key));
        }
        drop(ask);
    });
    setter.join().unwrap();
}

#[test]
fn a_port_is_posted_to_from_another_thread() {
    let mut event_loop = Loop::new().unwrap();
    let port = Port::new();
    let theirs = port.clone();
    let poster = thread::spawn(move || (0..1000).for_each(|key| theirs.post(key)));
    let keys = event_loop.block_on(async {
        let mut keys = Vec::new();
        while keys.len() < 1000 {
            future::poll_fn(|cx| port.poll_ready(cx)).await;
            port.drain(&mut keys);
        }
        keys
    });
    assert!(keys.into_iter().eq(0..1000));
    poster.join().unwrap();
}
