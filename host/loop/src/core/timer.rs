//! Deadlines in order: by instant, and among equal ones in order of registration.
//! The queue takes `now` and reads no clock.

use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;
use std::time::Instant;

use super::{Handle, Port};

/// The place of a timer in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimerId {
    deadline: Instant,
    sequence: u64,
}

/// What happens at the deadline.
#[derive(Debug)]
pub(super) enum Expiry {
    /// Wakes whoever waits.
    Wake(Waker),
    /// Posts a key.
    Post(Port, u64),
}

impl Expiry {
    pub(super) fn fire(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Post(port, key) => port.post(key),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    pending: BTreeMap<TimerId, Expiry>,
    sequence: u64,
    closed: bool,
}

impl TimerQueue {
    /// Registers `expiry`; says too whether its deadline is now the next one.
    pub(super) fn insert(&mut self, deadline: Instant, expiry: Expiry) -> (TimerId, bool) {
        let id = TimerId {
            deadline,
            sequence: self.sequence,
        };
        self.sequence += 1;
        let first = self.next().is_none_or(|next| deadline < next);
        self.pending.insert(id, expiry);
        (id, first)
    }

    /// Takes a timer out. What is returned must be dropped outside the lock.
    pub(super) fn remove(&mut self, id: TimerId) -> Option<Expiry> {
        self.pending.remove(&id)
    }

    pub(super) fn contains(&self, id: TimerId) -> bool {
        self.pending.contains_key(&id)
    }

    /// Has a pending timer wake `waker` from now on. What is returned must be dropped outside the
    /// lock.
    pub(super) fn rewake(&mut self, id: TimerId, waker: &Waker) -> Option<Waker> {
        match self.pending.get_mut(&id) {
            Some(Expiry::Wake(old)) if !old.will_wake(waker) => {
                Some(mem::replace(old, waker.clone()))
            }
            _ => None,
        }
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.pending.first_key_value().map(|(id, _)| id.deadline)
    }

    /// Takes the first timer if it is due at `now` and was registered before `horizon`.
    pub(super) fn pop_due(&mut self, now: Instant, horizon: u64) -> Option<Expiry> {
        let first = self.pending.first_entry()?;
        let id = first.key();
        (id.deadline <= now && id.sequence < horizon).then(|| first.remove())
    }

    /// Bounds one expiry: what is registered from now on is not below it.
    pub(super) fn horizon(&self) -> u64 {
        self.sequence
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes all timers out for good. What is returned must be dropped outside the lock.
    pub(super) fn close(&mut self) -> BTreeMap<TimerId, Expiry> {
        self.closed = true;
        mem::take(&mut self.pending)
    }
}

/// A timer the loop has agreed to fire. Dropping the handle cancels it.
#[derive(Debug)]
#[must_use = "a dropped `TimerHandle` is a cancelled timer"]
pub struct TimerHandle {
    handle: Handle,
    id: TimerId,
}

impl TimerHandle {
    pub(super) fn new(handle: Handle, id: TimerId) -> Self {
        Self { handle, id }
    }

    /// The instant at which the timer fires, or fired.
    pub fn deadline(&self) -> Instant {
        self.id.deadline
    }

    /// Says whether the timer has yet to fire.
    pub fn is_pending(&self) -> bool {
        self.handle.timers().contains(self.id)
    }

    /// Has the timer wake `waker`, and no longer the one it was made with.
    pub(super) fn rewake(&self, waker: &Waker) {
        // Named, so that the old waker is dropped after the lock.
        let _old = self.handle.timers().rewake(self.id, waker);
    }
}

impl Drop for TimerHandle {
    fn drop(&mut self) {
        // Named, so that it outlives the lock: dropping a waker may drop the task behind
        // it, and with that task another handle on this very loop.
        let _expiry = self.handle.timers().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn post(port: &Port, key: u64) -> Expiry {
        Expiry::Post(port.clone(), key)
    }

    fn expire(queue: &mut TimerQueue, now: Instant, port: &Port) -> Vec<u64> {
        let horizon = queue.horizon();
        while let Some(expiry) = queue.pop_due(now, horizon) {
            expiry.fire();
        }
        let mut keys = Vec::new();
        port.drain(&mut keys);
        keys
    }

    #[test]
    fn equal_deadlines_expire_in_order_of_registration() {
        let (mut queue, port, now) = (TimerQueue::default(), Port::new(), Instant::now());
        for key in 0..100 {
            queue.insert(now, post(&port, key));
        }
        assert!(expire(&mut queue, now, &port).into_iter().eq(0..100));
    }

    #[test]
    fn a_timer_for_exactly_now_is_due_and_one_a_nanosecond_later_is_not() {
        let (mut queue, port, now) = (TimerQueue::default(), Port::new(), Instant::now());
        queue.insert(now + Duration::from_nanos(1), post(&port, 1));
        queue.insert(now, post(&port, 0));
        assert_eq!(expire(&mut queue, now, &port), [0]);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn the_horizon_leaves_later_registrations_for_the_next_turn() {
        let (mut queue, port, now) = (TimerQueue::default(), Port::new(), Instant::now());
        let horizon = queue.horizon();
        queue.insert(now, post(&port, 0));
        assert!(queue.pop_due(now, horizon).is_none());
        assert_eq!(expire(&mut queue, now, &port), [0]);
    }

    #[test]
    fn only_a_new_first_deadline_is_reported_as_first() {
        let (mut queue, port, now) = (TimerQueue::default(), Port::new(), Instant::now());
        let later = now + Duration::from_secs(1);
        assert!(queue.insert(later, post(&port, 0)).1);
        assert!(!queue.insert(later, post(&port, 0)).1);
        assert!(queue.insert(now, post(&port, 0)).1);
    }
}
