//! What is runnable, first in, first out, and whether the loop's thread sleeps meanwhile.
//! One lock guards both, so a thread that makes work can never miss a loop about to park.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::lock;

/// Work that a turn runs once.
pub(super) trait Runnable: Send + Sync {
    fn run(self: Arc<Self>);
}

/// One entry of the queue.
pub(super) enum Ready {
    /// The future of `block_on`, which lives on the stack of the loop's thread.
    Root,
    /// A task or a callback.
    Work(Arc<dyn Runnable>),
}

#[derive(Default)]
pub(super) struct ReadyQueue(Mutex<State>);

#[derive(Default)]
struct State {
    queue: VecDeque<Ready>,
    /// The loop's thread is in the poll or on its way there: new work must wake it.
    parked: bool,
    /// The loop is gone: what is pushed is dropped.
    closed: bool,
}

impl ReadyQueue {
    /// Appends `work`. `true` asks the caller to wake the loop's thread.
    pub(super) fn push(&self, work: Ready) -> bool {
        let mut state = lock(&self.0);
        if state.closed {
            drop(state);
            // Named only here, so that what the work owns is dropped outside the lock.
            drop(work);
            return false;
        }
        state.queue.push_back(work);
        std::mem::take(&mut state.parked)
    }

    pub(super) fn pop(&self) -> Option<Ready> {
        lock(&self.0).queue.pop_front()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.0).queue.len()
    }

    /// Marks the loop's thread as asleep, unless there is something to run.
    pub(super) fn park(&self) -> bool {
        let mut state = lock(&self.0);
        state.parked = state.queue.is_empty();
        state.parked
    }

    /// Marks the loop's thread as awake. `true` if it was not, and nobody has seen to it.
    pub(super) fn unpark(&self) -> bool {
        std::mem::take(&mut lock(&self.0).parked)
    }

    /// Refuses all work from now on and hands back what is left.
    pub(super) fn close(&self) -> VecDeque<Ready> {
        let mut state = lock(&self.0);
        state.closed = true;
        std::mem::take(&mut state.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_push_wakes_a_parked_loop() {
        let ready = ReadyQueue::default();
        assert!(!ready.push(Ready::Root));
        assert!(!ready.park());
        ready.pop();
        assert!(ready.park());
        assert!(ready.push(Ready::Root));
        assert!(!ready.push(Ready::Root));
    }
}
