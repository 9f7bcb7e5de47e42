//! The library as an embedder uses it: many guests on one loop, ended from outside.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aio_host::{Captured, Error, Guest, GuestOptions, Host, Output, Policy, Stdio};

use super::support::{cache, guest, wait_until};

/// Fails a test that hangs: its thread is left behind, and ends with the process.
#[track_caller]
pub(crate) fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let test = thread::spawn(test);
    wait_until("the test ends", || test.is_finished());
    if let Err(panic) = test.join() {
        resume_unwind(panic);
    }
}

pub(crate) fn host() -> Host {
    Host::builder().cache(Some(cache())).build().unwrap()
}

/// A guest that may do anything, and what it prints.
pub(crate) fn start(host: &mut Host, name: &str, args: &[&str]) -> (Guest, Captured) {
    let program = host.load(guest(name)).unwrap();
    let printed = Captured::new(1 << 16);
    let mut options = GuestOptions::new(Policy::allow_all());
    options.args = [&[name], args]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    options.stdio = Stdio::Streams {
        stdin: Default::default(),
        stdout: Output::Captured(printed.clone()),
        stderr: Output::Null,
    };
    let instantiation = host.instantiate(&program, options);
    (host.block_on(instantiation).unwrap(), printed)
}

pub(crate) fn text(printed: &Captured) -> String {
    String::from_utf8(printed.take()).unwrap()
}

/// Runs both until `first` is done; then `stop` is called, and `second` is awaited.
pub(crate) async fn both<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
    stop: impl FnOnce(),
) -> (A, B) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut a, mut b, mut stop) = (None, None, Some(stop));
    poll_fn(move |cx| {
        if b.is_none()
            && let Poll::Ready(value) = second.as_mut().poll(cx)
        {
            b = Some(value);
        }
        if a.is_none()
            && let Poll::Ready(value) = first.as_mut().poll(cx)
        {
            a = Some(value);
            stop.take().unwrap()();
        }
        match (a.take(), b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (one, other) => {
                (a, b) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

pub(crate) fn killed(ended: &Result<u8, Error>) -> bool {
    matches!(ended, Err(Error::Killed { .. }))
}

#[test]
fn timers_of_a_guest_fire_while_another_spins() {
    within_a_minute(|| {
        let mut host = host();
        let (mut ticks, printed) = start(&mut host, "lifecycle_ticks", &[]);
        let (mut spin, spinning) = start(&mut host, "hostile_spin", &[]);
        let controller = spin.controller();
        let (ticked, spun) = host.block_on(both(ticks.run(), spin.run(), || controller.kill()));
        assert_eq!(ticked.unwrap(), 0);
        assert_eq!(text(&printed), "ticked\n");
        assert_eq!(text(&spinning), "spinning\n");
        assert!(killed(&spun), "{spun:?}");
    });
}

/// A guest in a plain `enter` turns the loop in place, which must not keep others from running.
#[test]
fn a_guest_goes_on_while_another_waits_on_the_ring() {
    within_a_minute(|| {
        for (waiting, how) in [
            ("lifecycle_ring", ""),
            ("lifecycle_ring", "async"),
            ("lifecycle_wait", ""),
        ] {
            let mut host = host();
            let (mut ticks, printed) = start(&mut host, "lifecycle_ticks", &[]);
            let (mut waits, said) = start(&mut host, waiting, &[how]);
            let controller = waits.controller();
            let (ticked, waited) =
                host.block_on(both(ticks.run(), waits.run(), || controller.cancel()));
            assert_eq!(ticked.unwrap(), 0);
            assert_eq!(text(&printed), "ticked\n");
            assert_eq!(waited.unwrap(), 0);
            assert!(text(&said).ends_with("cleaned up\n"));
        }
    });
}

#[test]
fn two_guests_wait_on_their_rings_at_a_time() {
    within_a_minute(|| {
        let mut host = host();
        let (mut one, _) = start(&mut host, "ring_timers", &[]);
        let (mut other, _) = start(&mut host, "ring_tcp", &[]);
        let (one, other) = host.block_on(both(one.run(), other.run(), || ()));
        assert_eq!((one.unwrap(), other.unwrap()), (0, 0));
    });
}

#[test]
fn a_timer_of_the_embedder_fires_while_a_guest_waits_or_spins() {
    within_a_minute(|| {
        for (name, how) in [
            ("lifecycle_ring", ""),
            ("lifecycle_wait", ""),
            ("hostile_spin", ""),
        ] {
            let mut host = host();
            let (mut guest, _) = start(&mut host, name, &[how]);
            let controller = guest.controller();
            let sleep = host.handle().sleep(Duration::from_millis(20));
            let ((), ended) = host.block_on(both(sleep, guest.run(), || controller.kill()));
            assert!(killed(&ended), "{name}: {ended:?}");
        }
    });
}

#[test]
fn another_thread_ends_a_guest() {
    within_a_minute(|| {
        for name in ["lifecycle_wait", "lifecycle_ring", "hostile_spin"] {
            let mut host = host();
            let (mut guest, printed) = start(&mut host, name, &[]);
            let controller = guest.controller();
            let ended = thread::scope(|scope| {
                scope.spawn(|| {
                    // Not before the guest is at work.
                    while printed.take().is_empty() {
                        thread::yield_now();
                    }
                    controller.kill();
                });
                host.block_on(guest.run())
            });
            assert!(killed(&ended), "{name}: {ended:?}");
            let again = host.block_on(guest.run());
            assert!(matches!(again, Err(Error::Ended { .. })), "{again:?}");
        }
    });
}

#[test]
fn another_thread_asks_a_guest_to_stop() {
    within_a_minute(|| {
        for name in ["lifecycle_wait", "lifecycle_ring"] {
            let mut host = host();
            let (mut guest, printed) = start(&mut host, name, &[]);
            let controller = guest.controller();
            let ended = thread::scope(|scope| {
                scope.spawn(|| {
                    while printed.take().is_empty() {
                        thread::yield_now();
                    }
                    controller.cancel();
                });
                host.block_on(guest.run())
            });
            assert_eq!(ended.unwrap(), 0);
            assert!(text(&printed).ends_with("cleaned up\n"));
        }
    });
}

#[test]
fn a_trap_ends_one_guest_and_no_other() {
    within_a_minute(|| {
        let mut host = host();
        let (mut panics, _) = start(&mut host, "hostile_panic", &[]);
        let (mut ticks, printed) = start(&mut host, "lifecycle_ticks", &[]);
        let (trapped, ticked) = host.block_on(both(panics.run(), ticks.run(), || ()));
        assert!(matches!(trapped, Err(Error::Trap { .. })), "{trapped:?}");
        assert_eq!(ticked.unwrap(), 0);
        assert_eq!(text(&printed), "ticked\n");
    });
}

#[test]
fn a_guest_is_dropped_while_it_waits() {
    within_a_minute(|| {
        for (name, how) in [
            ("lifecycle_ring", ""),
            ("lifecycle_ring", "async"),
            ("lifecycle_wait", ""),
        ] {
            let mut host = host();
            let (mut guest, printed) = start(&mut host, name, &[how]);
            let handle = host.handle().clone();
            let ended = host.block_on(handle.timeout(Duration::from_millis(20), guest.run()));
            assert!(ended.is_err(), "the guest waits");
            assert_eq!(text(&printed), "waiting\n");
            drop(guest);
            let (mut next, _) = start(&mut host, "timers_now", &[]);
            assert_eq!(host.block_on(next.run()).unwrap(), 0);
        }
    });
}

/// Many guests of one program, each with its own clock and handles.
#[test]
fn a_hundred_guests_share_a_loop() {
    within_a_minute(|| {
        let mut host = host();
        let mut guests: Vec<_> = (0..100)
            .map(|_| start(&mut host, "lifecycle_ticks", &[]).0)
            .collect();
        let codes = host.block_on(async {
            let mut runs: Vec<_> = guests
                .iter_mut()
                .map(|guest| Box::pin(guest.run()))
                .collect();
            let mut codes = Vec::new();
            poll_fn(|cx| {
                runs.retain_mut(|run| match run.as_mut().poll(cx) {
                    Poll::Ready(code) => {
                        codes.push(code.unwrap());
                        false
                    }
                    Poll::Pending => true,
                });
                if runs.is_empty() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            codes
        });
        assert_eq!(codes, [0; 100]);
    });
}

#[test]
#[cfg(unix)]
fn a_guest_is_compiled_once_and_again_when_its_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (guest, cache) = (folder.path().join("g.wat"), folder.path().join("cache"));
    let compiled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&compiled);
    let host = Host::builder()
        .cache(Some(cache.clone()))
        .on_compile(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    for (number, text) in ["(component)", "(component (core module))"]
        .iter()
        .enumerate()
    {
        std::fs::write(&guest, text).unwrap();
        wait_until("the file is known without being read", || {
            host.load(&guest).unwrap();
            let files = std::fs::read_dir(&cache).unwrap();
            let is_note = |name: &Path| name.extension().is_some_and(|e| e == "seen");
            files
                .filter(|file| is_note(&file.as_ref().unwrap().path()))
                .count()
                > number
        });
        host.load(&guest).unwrap();
        assert_eq!(compiled.load(Ordering::Relaxed), number + 1);
    }
}
