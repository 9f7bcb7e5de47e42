//! Who waits for a source. Several may wait for one direction; an event wakes them all.
//! A future that is dropped takes its waker along, so waits that are given up leave nothing behind.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Registration;
use super::source::Direction;

/// The wakers of one source.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    lists: [Vec<Waiter>; 2],
    last_id: u64,
}

#[derive(Debug)]
struct Waiter {
    /// 0 for those that poll without a future of their own.
    id: u64,
    waker: Waker,
}

impl Waiters {
    /// Adds an anonymous waiter, once however often it polls.
    pub(super) fn add(&mut self, direction: Direction, waker: &Waker) {
        let list = &mut self.lists[direction as usize];
        if !list.iter().any(|w| w.id == 0 && w.waker.will_wake(waker)) {
            list.push(Waiter {
                id: 0,
                waker: waker.clone(),
            });
        }
    }

    /// Adds or renews the waiter `id`; 0 asks for a new one. What is returned must be dropped
    /// outside the lock.
    pub(super) fn renew(
        &mut self,
        direction: Direction,
        id: &mut u64,
        waker: &Waker,
    ) -> Option<Waker> {
        let list = &mut self.lists[direction as usize];
        if let Some(known) = list.iter_mut().find(|w| *id != 0 && w.id == *id) {
            let changed = !known.waker.will_wake(waker);
            return changed.then(|| std::mem::replace(&mut known.waker, waker.clone()));
        }
        self.last_id += 1;
        *id = self.last_id;
        list.push(Waiter {
            id: *id,
            waker: waker.clone(),
        });
        None
    }

    /// Takes the waiter `id` out. What is returned must be dropped outside the lock.
    pub(super) fn remove(&mut self, direction: Direction, id: u64) -> Option<Waker> {
        let list = &mut self.lists[direction as usize];
        let at = list.iter().position(|w| w.id == id)?;
        Some(list.swap_remove(at).waker)
    }

    /// Moves all who wait for `direction` to `wakes`; they must be woken outside the lock.
    pub(super) fn take(&mut self, direction: Direction, wakes: &mut Vec<Waker>) {
        wakes.extend(self.lists[direction as usize].drain(..).map(|w| w.waker));
    }

    #[cfg(test)]
    pub(super) fn len(&self, direction: Direction) -> usize {
        self.lists[direction as usize].len()
    }
}

/// A wait of one future, which its drop ends.
#[derive(Debug)]
struct Wait<'a> {
    registration: &'a Registration,
    direction: Direction,
    id: u64,
}

impl Wait<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let ready = self
            .registration
            .poll_waiter(self.direction, &mut self.id, cx.waker());
        if ready.is_ready() {
            self.forget();
        }
        ready
    }

    fn forget(&mut self) {
        if self.id != 0 {
            self.registration.remove_waiter(self.direction, self.id);
            self.id = 0;
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Waits until a source is readable. Made by [`Registration::readable`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Readable<'a>(Wait<'a>);

/// Waits until a source is writable. Made by [`Registration::writable`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Writable<'a>(Wait<'a>);

impl<'a> Readable<'a> {
    pub(super) fn new(registration: &'a Registration) -> Self {
        Self(Wait {
            registration,
            direction: Direction::Read,
            id: 0,
        })
    }
}

impl<'a> Writable<'a> {
    pub(super) fn new(registration: &'a Registration) -> Self {
        Self(Wait {
            registration,
            direction: Direction::Write,
            id: 0,
        })
    }
}

impl Future for Readable<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

impl Future for Writable<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}
