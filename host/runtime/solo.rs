//! Whether a guest is the only one to be served by a poll of the future it runs in. If so it may
//! turn the loop in place; if not it must return, for what is polled after it would wait with it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use aio_loop::Handle;

/// A guest's own waker, and what it knows of the poll that is being made. `Clone` means the same
/// guest.
#[derive(Clone, Debug)]
pub(crate) struct Solo(Arc<Own>);

#[derive(Debug, Default)]
struct Own {
    /// Whether the guest may turn the loop at all.
    may_turn: bool,
    /// Wakes since the last poll. Counted before they are passed on: a count that comes too early
    /// makes the guest return once too often, one that comes late would keep others waiting.
    wakes: AtomicU64,
    alone: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Solo {
    /// A guest that turns the loop in place where it can, or never does.
    pub(crate) fn new(may_turn: bool) -> Self {
        Self(Arc::new(Own {
            may_turn,
            ..Own::default()
        }))
    }

    /// Begins a poll, and returns the waker for it.
    ///
    /// If the loop's future was woken as often as this guest, nothing else in it was woken.
    pub(crate) fn begin_poll(&self, handle: &Handle, cx: &Context<'_>) -> Waker {
        let own = &self.0;
        let wakes = own.wakes.swap(0, Ordering::AcqRel);
        let alone = own.may_turn && handle.wakes_of_this_poll() == Some(wakes);
        own.alone.store(alone, Ordering::Relaxed);
        let mut outer = own.outer();
        let known = outer
            .as_ref()
            .is_some_and(|outer| outer.will_wake(cx.waker()));
        let replaced = (!known).then(|| outer.replace(cx.waker().clone()));
        drop(outer);
        drop(replaced);
        Waker::from(Arc::clone(own))
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.0.alone.load(Ordering::Relaxed)
    }
}

impl Own {
    fn outer(&self) -> MutexGuard<'_, Option<Waker>> {
        self.outer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::AcqRel);
        let outer = self.outer().clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}
