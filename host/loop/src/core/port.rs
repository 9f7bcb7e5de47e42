//! A queue of keys that became ready: many sources, one waiter.
//! The shape of IOCP's completion port; it knows neither sources nor timers.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::lock;

/// A queue of keys that became ready. A clone is the same port.
///
/// ```
/// let port = aio_loop::Port::new();
/// port.post(7);
/// let mut keys = Vec::new();
/// port.drain(&mut keys);
/// assert_eq!(keys, [7]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Port(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    keys: Vec<u64>,
    waiter: Option<Waker>,
}

impl Port {
    /// Makes an empty port that no source posts to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `key` and wakes the waiter, from any thread. Equal keys are not merged.
    pub fn post(&self, key: u64) {
        if let Some(waiter) = self.push(key) {
            waiter.wake();
        }
    }

    /// Appends `key` and hands back whom to wake once no lock is held.
    pub(super) fn push(&self, key: u64) -> Option<Waker> {
        let mut state = lock(&self.0);
        state.keys.push(key);
        state.waiter.take()
    }

    /// Ready as soon as the port holds a key. One waiter: the waker of the last call is the one
    /// woken.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if !state.keys.is_empty() {
            return Poll::Ready(());
        }
        if state
            .waiter
            .as_ref()
            .is_some_and(|old| old.will_wake(cx.waker()))
        {
            return Poll::Pending;
        }
        let old = state.waiter.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Says whether no key waits.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).keys.is_empty()
    }

    /// Moves all keys to the end of `into`, oldest first. Both keep their allocation.
    pub fn drain(&self, into: &mut Vec<u64>) {
        into.append(&mut lock(&self.0).keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drain_keeps_order_and_duplicates() {
        let port = Port::new();
        for key in [3, 1, 3] {
            port.post(key);
        }
        let mut keys = vec![9];
        port.clone().drain(&mut keys);
        assert_eq!(keys, [9, 3, 1, 3]);
        assert!(port.is_empty());
    }

    #[test]
    fn post_wakes_the_last_waiter() {
        let port = Port::new();
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(port.poll_ready(&mut cx), Poll::Pending);
        assert!(port.push(1).is_some());
        assert!(port.push(2).is_none());
        assert_eq!(port.poll_ready(&mut cx), Poll::Ready(()));
    }
}
