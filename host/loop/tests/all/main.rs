//! The loop from outside: asyncio's contract under virtual time, then tasks, threads, sockets and descriptors.
//! No test waits for the time of the wall clock to pass.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blocking;
mod contract;
mod dns;
#[cfg(target_os = "linux")]
mod exhaustion;
#[cfg(unix)]
mod fd;
mod port;
#[cfg(unix)]
mod signal;
mod task;
mod tcp;
mod time;
mod turn;
mod wake;

use std::sync::{Arc, Mutex};

/// What happened, in order; clones write to the same list.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<&'static str>>>);

impl Trace {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Tells whether it was dropped, and shares nothing else.
fn drop_probe() -> (Arc<()>, impl Fn() -> bool) {
    let probe = Arc::new(());
    let weak = Arc::downgrade(&probe);
    (probe, move || weak.upgrade().is_none())
}
