//! Makes a guest that computes without end give way: while one runs, a thread counts the engine's
//! epoch up every two milliseconds, and at each step the guest returns to the loop for a turn.
//!
//! An idle host has no ticks: the thread parks once no guest has run for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// How long a guest may run before it must give way.
const TICK: Duration = Duration::from_millis(2);

/// How many ticks in a row without a running guest end in parking.
const IDLE_TICKS_MAX: u32 = 50;

/// The thread, and how it is told that guests run.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    /// Set by each start, cleared by each tick: whether any guest ran since the last one.
    ran: AtomicBool,
    parked: AtomicBool,
    ended: AtomicBool,
}

/// Tells the ticker when a guest runs. `Clone` means the same thread.
#[derive(Clone, Debug)]
pub(crate) struct Pulse {
    shared: Arc<Shared>,
    thread: thread::Thread,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (engine, of_thread) = (engine.clone(), Arc::clone(&shared));
        let thread = thread::Builder::new()
            .name("aio-host-epoch".into())
            .spawn(move || tick(&engine, &of_thread))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    pub(crate) fn pulse(&self) -> Pulse {
        let thread = self
            .thread
            .as_ref()
            .expect("the thread is taken only by drop");
        Pulse {
            shared: Arc::clone(&self.shared),
            thread: thread.thread().clone(),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has nothing to tell, and a panic in it has already been printed.
            drop(thread.join());
        }
    }
}

impl Pulse {
    /// A guest begins or goes on to run.
    pub(crate) fn begin(&self) {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        self.shared.ran.store(true, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
    }

    /// A guest returns to the loop, or waits in place.
    pub(crate) fn end(&self) {
        self.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(engine: &Engine, shared: &Shared) {
    let mut idle = 0;
    while !shared.ended.load(Ordering::SeqCst) {
        if idle > IDLE_TICKS_MAX {
            park(shared);
            idle = 0;
        }
        // Not a sleep, so that the end of the host need not wait for the end of a tick.
        thread::park_timeout(TICK);
        engine.increment_epoch();
        let ran = shared.ran.swap(false, Ordering::SeqCst);
        let busy = ran || shared.running.load(Ordering::SeqCst) > 0;
        idle = if busy { 0 } else { idle + 1 };
    }
}

/// Parks until a guest runs. A start between the store and the look leaves a token with `unpark`.
fn park(shared: &Shared) {
    shared.parked.store(true, Ordering::SeqCst);
    while shared.running.load(Ordering::SeqCst) == 0
        && !shared.ran.load(Ordering::SeqCst)
        && !shared.ended.load(Ordering::SeqCst)
    {
        thread::park();
    }
    shared.parked.store(false, Ordering::SeqCst);
}
