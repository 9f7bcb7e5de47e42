//! Pauses between attempts, where the OS tells nobody when the next is worth it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::{Handle, Sleep};

const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(64);

/// Pauses that double from 1 to 64 milliseconds.
#[derive(Debug)]
pub(super) struct Backoff {
    handle: Handle,
    next: Duration,
    sleep: Option<Sleep>,
}

impl Backoff {
    pub(super) fn new(handle: &Handle) -> Self {
        Self {
            handle: handle.clone(),
            next: FIRST,
            sleep: None,
        }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ready when the pause is over; asked again it begins the next.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (handle, next) = (&self.handle, self.next);
        let sleep = self.sleep.get_or_insert_with(|| handle.sleep(next));
        ready!(Pin::new(sleep).poll(cx));
        self.sleep = None;
        self.next = LONGEST.min(next * 2);
        Poll::Ready(())
    }
}
