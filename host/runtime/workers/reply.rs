//! One answer from a thread to a future of another. Whoever owes it and goes without a word has
//! failed: that is the answer then.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::Output;
use crate::imports::wit::types::ErrorCode;
use crate::imports::wit::workers::JobError;

#[derive(Debug, Default)]
struct Slot {
    output: Option<Output>,
    waiter: Option<Waker>,
}

/// The answer that is owed.
#[derive(Debug)]
pub(super) struct Reply(Arc<Mutex<Slot>>);

/// The answer that is waited for.
#[derive(Debug)]
pub(super) struct Answer(Arc<Mutex<Slot>>);

pub(super) fn pair() -> (Reply, Answer) {
    let slot = Arc::default();
    (Reply(Arc::clone(&slot)), Answer(slot))
}

impl Reply {
    /// Answers; the first answer counts.
    pub(super) fn send(&self, output: Output) {
        let mut slot = lock(&self.0);
        if slot.output.is_some() {
            return;
        }
        slot.output = Some(output);
        let waiter = slot.waiter.take();
        drop(slot);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send(JobError::Refused(ErrorCode::Cancelled).into());
    }
}

impl Future for Answer {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let mut slot = lock(&self.0);
        if let Some(output) = slot.output.take() {
            return Poll::Ready(output);
        }
        let old = slot.waiter.replace(cx.waker().clone());
        drop(slot);
        drop(old);
        Poll::Pending
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
