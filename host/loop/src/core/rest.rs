//! A source that is ready, but of no use for now, rests: it counts as not ready until a delay is
//! over, so that nobody asks it over and over. An event ends the rest early.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use super::source::{READABLE, Source};
use super::{Registration, TimerHandle};

impl Registration {
    /// Takes the readiness to read away, and gives it back after `delay`. Dropping the timer leaves
    /// the return to the next event.
    ///
    /// `None` for a delay past the end of time; the readiness stays.
    pub(crate) fn rest_reading(&self, delay: Duration) -> Option<TimerHandle> {
        let handle = self.handle();
        let end = handle.now().checked_add(delay)?;
        self.source.update(|state| state & !READABLE);
        let revival = Revival(Arc::downgrade(&self.source));
        Some(handle.call_at(end, Waker::from(Arc::new(revival))))
    }
}

impl Registration {
    /// Has a read worth a try from now on, and wakes who waits for one: there are bytes that the OS
    /// does not know of.
    pub(crate) fn mark_readable(&self) {
        mark_readable(&self.source);
    }
}

struct Revival(Weak<Source>);

impl Wake for Revival {
    fn wake(self: Arc<Self>) {
        let Some(source) = self.0.upgrade() else {
            return;
        };
        mark_readable(&source);
    }
}

fn mark_readable(source: &Source) {
    let mut wakes = Vec::new();
    source.apply(READABLE, &mut wakes);
    wakes.into_iter().for_each(Waker::wake);
}
