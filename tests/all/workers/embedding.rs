//! Workers as an embedder sees them: of guests that it calls, kills and drops.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use aio_host::{Captured, Error, Guest, Host};

use crate::embedding::{both, host, killed, start, text, within_a_minute};
use crate::support::wait_until;

type Done = (Result<Vec<u8>, String>,);

fn delegate(guest: &mut Guest) -> impl Future<Output = Result<Done, Error>> {
    guest.call("act-later", (b"delegate".to_vec(),))
}

/// Ids of this process's threads of that kind, of whatever test.
fn workers() -> Vec<std::ffi::OsString> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let tasks = tasks.map(|task| task.unwrap());
    // One may be gone before its name is read.
    let name = |task: &std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks
        .filter(|task| name(task).is_ok_and(|name| name == "aio-host-worker\n"))
        .map(|task| task.file_name())
        .collect()
}

/// Waits until the threads are gone that are there now.
fn all_go() {
    let before = workers();
    wait_until("the threads go", || {
        let now = workers();
        before.iter().all(|thread| !now.contains(thread))
    });
}

#[test]
fn a_plugin_has_workers_too() {
    within_a_minute(|| {
        let mut host = host();
        let (mut plugin, _) = start(&mut host, "workers_act", &[]);
        for _ in 0..3 {
            let (done,) = host.block_on(delegate(&mut plugin)).unwrap();
            assert_eq!(done.unwrap(), b"done");
        }
        host.block_on(plugin.close()).unwrap();
        all_go();
    });
}

#[test]
fn two_guests_have_workers_of_their_own() {
    within_a_minute(|| {
        let mut host = host();
        let (mut one, _) = start(&mut host, "workers_act", &[]);
        let (mut other, _) = start(&mut host, "workers_wait", &["spin", "3"]);
        let controller = other.controller();
        let work = async {
            for _ in 0..20 {
                assert_eq!(delegate(&mut one).await.unwrap().0.unwrap(), b"done");
            }
        };
        let ((), ended) = host.block_on(both(work, other.run(), || controller.kill()));
        assert!(killed(&ended), "{ended:?}");
        drop(other);
        let (done,) = host.block_on(delegate(&mut one)).unwrap();
        assert_eq!(done.unwrap(), b"done");
    });
}

#[test]
fn a_guest_that_is_killed_takes_its_threads_along() {
    within_a_minute(|| {
        for act in ["spin", "sleep", "enter"] {
            let mut host = host();
            let (mut guest, said) = start(&mut host, "workers_wait", &[act, "4"]);
            let (begun, controller) = (begun(&host, said), guest.controller());
            let ((), ended) = host.block_on(both(begun, guest.run(), || controller.kill()));
            assert!(killed(&ended), "{ended:?}");
            all_go();
        }
    });
}

#[test]
fn a_guest_that_is_dropped_takes_its_threads_along_also_without_its_host() {
    within_a_minute(|| {
        for act in ["spin", "sleep", "enter"] {
            let mut host = host();
            let (mut guest, said) = start(&mut host, "workers_wait", &[act, "4"]);
            let begun = begun(&host, said);
            host.block_on(either(begun, guest.run()));
            // No ticker makes the workers look up any more.
            drop(host);
            drop(guest);
            all_go();
        }
    });
}

/// Waits until a guest says something.
fn begun(host: &Host, said: Captured) -> impl Future<Output = ()> + use<> {
    let handle = host.handle().clone();
    async move {
        while text(&said).is_empty() {
            handle.sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Waits for one of two futures and drops the other.
async fn either(one: impl Future, other: impl Future) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| {
        let done = one.as_mut().poll(cx).is_ready() || other.as_mut().poll(cx).is_ready();
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
