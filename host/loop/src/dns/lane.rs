//! A bounded number of places, given out in the order in which they were asked for. Knows nothing
//! of what is done there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where one waits for a place. Clones are the same lane.
#[derive(Clone, Debug)]
pub(super) struct Lane(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    last_id: u64,
    /// Who waits, the longest first.
    waiting: BTreeMap<u64, Option<Waker>>,
}

/// A place; dropping it gives it to the next.
#[derive(Debug)]
pub(super) struct Place(Lane);

/// A wait for a place; dropping it ends the wait.
#[derive(Debug)]
pub(super) struct Wait {
    lane: Lane,
    id: u64,
}

impl Lane {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: places,
            last_id: 0,
            waiting: BTreeMap::new(),
        })))
    }

    /// Takes a place if nobody waits for one.
    pub(super) fn enter(&self) -> Option<Place> {
        let mut state = self.lock();
        if state.free == 0 || !state.waiting.is_empty() {
            return None;
        }
        state.free -= 1;
        Some(Place(self.clone()))
    }

    /// Begins to wait.
    pub(super) fn wait(&self) -> Wait {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.waiting.insert(id, None);
        Wait {
            lane: self.clone(),
            id,
        }
    }

    /// A map of wakers is whole at every moment, also after a panic of another thread.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whom to wake, once the lock is free: a place is.
    fn next(&mut self) -> Option<Waker> {
        let first = self.waiting.values_mut().next().filter(|_| self.free > 0);
        first.and_then(Option::take)
    }
}

impl Wait {
    /// Ready with the place. The waker of the last call is the one woken.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Place> {
        let mut state = self.lane.lock();
        let first = state.waiting.first_key_value().map(|(id, _)| *id);
        if state.free == 0 || first != Some(self.id) {
            let old = state.waiting.insert(self.id, Some(cx.waker().clone()));
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        state.free -= 1;
        let own = state.waiting.remove(&self.id);
        let next = state.next();
        drop(state);
        drop(own);
        next.into_iter().for_each(Waker::wake);
        Poll::Ready(Place(self.lane.clone()))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut state = self.lane.lock();
        let own = state.waiting.remove(&self.id);
        let next = state.next();
        drop(state);
        drop(own);
        next.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.free += 1;
        let next = state.next();
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn waiter() -> (Arc<Wakes>, Waker) {
        let wakes = Arc::new(Wakes::default());
        (wakes.clone(), wakes.into())
    }

    fn place(wait: &mut Wait, waker: &Waker) -> Option<Place> {
        match wait.poll(&mut Context::from_waker(waker)) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    #[test]
    fn there_are_so_many_places_and_no_more() {
        let lane = Lane::new(2);
        let places = [lane.enter().unwrap(), lane.enter().unwrap()];
        assert!(lane.enter().is_none());
        drop(places);
        assert!(lane.enter().is_some());
    }

    #[test]
    fn a_place_goes_to_who_waited_longest() {
        let lane = Lane::new(1);
        let held = lane.enter().unwrap();
        let ((first_wakes, first_waker), (second_wakes, second_waker)) = (waiter(), waiter());
        let (mut first, mut second) = (lane.wait(), lane.wait());
        assert!(place(&mut second, &second_waker).is_none());
        assert!(place(&mut first, &first_waker).is_none());
        drop(held);
        assert_eq!(first_wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(second_wakes.0.load(Ordering::Relaxed), 0);
        assert!(lane.enter().is_none(), "nobody overtakes");
        assert!(place(&mut second, &second_waker).is_none());
        let held = place(&mut first, &first_waker).unwrap();
        drop(held);
        assert!(place(&mut second, &second_waker).is_some());
    }

    #[test]
    fn who_stops_waiting_is_passed_over() {
        let lane = Lane::new(1);
        let held = lane.enter().unwrap();
        let (wakes, waker) = waiter();
        let (first, mut second) = (lane.wait(), lane.wait());
        assert!(place(&mut second, &waker).is_none());
        drop(held);
        drop(first);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert!(place(&mut second, &waker).is_some());
        drop(second);
        assert!(lane.enter().is_some());
    }

    #[test]
    fn who_enters_wakes_the_next_if_there_is_another_place() {
        let lane = Lane::new(2);
        let held = [lane.enter().unwrap(), lane.enter().unwrap()];
        let ((_, first_waker), (wakes, second_waker)) = (waiter(), waiter());
        let (mut first, mut second) = (lane.wait(), lane.wait());
        assert!(place(&mut first, &first_waker).is_none());
        assert!(place(&mut second, &second_waker).is_none());
        drop(held);
        let _held = place(&mut first, &first_waker).unwrap();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert!(place(&mut second, &second_waker).is_some());
    }
}
