//! What a guest listens for, as an embedder's threads reach it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use aio_loop::signal::Signals;

/// The subscriptions of one guest. `Clone` means the same guest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions(Arc<Mutex<Vec<Weak<Signals>>>>);

impl Subscriptions {
    pub(crate) fn add(&self, signals: &Arc<Signals>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|signals| signals.strong_count() > 0);
        all.push(Arc::downgrade(signals));
    }

    /// Has a signal arrive at all that listen for it; whether any does.
    pub(crate) fn inject(&self, number: u32) -> bool {
        let Ok(number) = i32::try_from(number) else {
            return false;
        };
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
        // The last to let go of one ends it, which is not for under the lock.
        drop(all);
        let told = open.iter().filter(|signals| signals.inject(number));
        told.count() > 0
    }
}
