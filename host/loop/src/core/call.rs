//! Callbacks that run once, in the turn after they were scheduled.
//! A callback that fails is reported; the loop lives.

use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use super::lock;
use super::ready::Runnable;

/// A scheduled callback. Dropping the handle does not cancel it.
#[derive(Clone)]
pub struct CallHandle(Arc<dyn Cancel>);

impl CallHandle {
    pub(super) fn new<F: FnOnce() + Send + 'static>(f: F) -> (Self, Arc<dyn Runnable>) {
        let call = Arc::new(Call(Mutex::new(Stage::Scheduled(f))));
        (Self(call.clone()), call)
    }

    /// Keeps the callback from running and drops it at once. Cancelling twice, or too late, is
    /// harmless.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Says whether the callback was cancelled before it ran.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallHandle")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

struct Call<F>(Mutex<Stage<F>>);

enum Stage<F> {
    Scheduled(F),
    Cancelled,
    Done,
}

trait Cancel: Send + Sync {
    fn cancel(&self);
    fn is_cancelled(&self) -> bool;
}

impl<F: Send> Cancel for Call<F> {
    fn cancel(&self) {
        let mut stage = lock(&self.0);
        if let Stage::Scheduled(_) = *stage {
            let scheduled = mem::replace(&mut *stage, Stage::Cancelled);
            drop(stage);
            drop(scheduled);
        }
    }

    fn is_cancelled(&self) -> bool {
        matches!(*lock(&self.0), Stage::Cancelled)
    }
}

impl<F: FnOnce() + Send> Call<F> {
    fn take(&self) -> Option<F> {
        let mut stage = lock(&self.0);
        match mem::replace(&mut *stage, Stage::Done) {
            Stage::Scheduled(f) => Some(f),
            other => {
                *stage = other;
                None
            }
        }
    }
}

impl<F: FnOnce() + Send> Runnable for Call<F> {
    fn run(self: Arc<Self>) {
        let Some(f) = self.take() else { return };
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(f)) {
            tracing::error!("a callback panicked: {}", panic_message(&*panic));
        }
    }
}

/// The text of a panic, as far as it has one.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&'static str>().copied())
        .unwrap_or("no message")
}
