//! What a guest listens for, as an embedder's threads reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use aio_loop::signal::Signals;

/// The most subscriptions of a guest. Each new one costs the host time for each that there is.
const SUBSCRIPTIONS_MAX: usize = 64;

/// The subscriptions of one guest. `Clone` means the same guest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions(Arc<Mutex<Vec<Weak<Signals>>>>);

impl Subscriptions {
    /// Whether there may be one more.
    pub(crate) fn has_room(&self) -> bool {
        let mut all = self.all();
        all.retain(|signals| signals.strong_count() > 0);
        all.len() < SUBSCRIPTIONS_MAX
    }

    pub(crate) fn add(&self, signals: &Arc<Signals>) {
        self.all().push(Arc::downgrade(signals));
    }

    /// Has a signal arrive at all that listen for it; whether any does.
    pub(crate) fn inject(&self, number: u32) -> bool {
        let Ok(number) = i32::try_from(number) else {
            return false;
        };
        // The last to let go of one ends it, which is not for under the lock.
        let open: Vec<_> = self.all().iter().filter_map(Weak::upgrade).collect();
        let told = open.iter().filter(|signals| signals.inject(number));
        told.count() > 0
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Signals>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
