//! The loop's door: everything one may ask of a loop, from any thread.
//! State is behind locks of its own; no lock is held across a wake, a drop of a waker, or a call
//! out.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::blocking::Pool;
use super::call::CallHandle;
use super::reactor::{Driver, Reactor};
use super::ready::{Ready, ReadyQueue};
use super::task::Tasks;
use super::timer::{Expiry, TimerQueue};
use super::{
    Blocking, Clock, Interval, Limits, Port, QueueFull, Sleep, Task, Timeout, TimerHandle, lock,
};

/// The loop's door. Clones lead to the same loop, from any thread.
///
/// A handle that outlives its loop does nothing: what it is given is dropped, what it is asked
/// never fires.
#[derive(Clone)]
pub struct Handle(pub(super) Arc<Shared>);

/// In place of a number of wakes: the root is not being polled.
pub(super) const NOT_POLLED: u64 = u64::MAX;

/// What a loop and its handles share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) ready: ReadyQueue,
    pub(super) reactor: Reactor,
    pub(super) timers: Mutex<TimerQueue>,
    pub(super) tasks: Tasks,
    pub(super) pool: Pool,
    /// A claim rather than a lock: whoever does not get it at once does without.
    pub(super) driver: Mutex<Driver>,
    /// Turns begun so far.
    pub(super) turns: AtomicU64,
    /// How often the root was woken for the poll that is being made; [`NOT_POLLED`] outside of one.
    pub(super) root_wakes: AtomicU64,
    /// The time, in nanoseconds since the start of the loop, up to which timers have been expired.
    pub(super) expired: AtomicU64,
}

impl Handle {
    pub(super) fn new(clock: Clock, limits: Limits) -> io::Result<Self> {
        let (reactor, driver) = Reactor::new(limits.events_max)?;
        Ok(Self(Arc::new(Shared {
            clock,
            ready: ReadyQueue::default(),
            reactor,
            timers: Mutex::default(),
            tasks: Tasks::default(),
            pool: Pool::new(limits),
            driver: Mutex::new(driver),
            turns: AtomicU64::new(0),
            root_wakes: AtomicU64::new(NOT_POLLED),
            expired: AtomicU64::new(0),
        })))
    }

    /// Reads the loop's clock, which is the system's monotonic one or, in tests, a virtual one.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Runs `f` in the next turn, after all that is scheduled before it. From any thread.
    pub fn call_soon(&self, f: impl FnOnce() + Send + 'static) -> CallHandle {
        let (handle, work) = CallHandle::new(f);
        self.push(Ready::Work(work));
        handle
    }

    /// Wakes `waker` once the clock of the loop has reached `deadline`, never before.
    ///
    /// Equal deadlines fire in the order in which they were registered.
    pub fn call_at(&self, deadline: Instant, waker: Waker) -> TimerHandle {
        self.timer(deadline, Expiry::Wake(waker))
    }

    /// Posts `key` to `port` once the clock of the loop has reached `deadline`, never before.
    pub fn post_at(&self, deadline: Instant, port: &Port, key: u64) -> TimerHandle {
        self.timer(deadline, Expiry::Post(port.clone(), key))
    }

    /// Counts the timers that have yet to fire.
    pub fn timer_count(&self) -> usize {
        self.timers().len()
    }

    /// Waits for `delay`. A delay of zero costs exactly one turn; one past the end of time never
    /// ends.
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::for_delay(self, delay)
    }

    /// Waits until `deadline`. Unlike [`Handle::sleep`] of zero, a deadline that has passed costs
    /// no turn.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(self, deadline)
    }

    /// Ticks each `period`, first after one. Ticks that were missed come at once, and the rhythm
    /// does not drift.
    ///
    /// A period of zero ticks once in each turn.
    pub fn interval(&self, period: Duration) -> Interval {
        Interval::new(self, period)
    }

    /// Waits for `future` for as long as `delay`, then drops it.
    pub fn timeout<F: Future>(&self, delay: Duration, future: F) -> Timeout<F> {
        Timeout::new(self.sleep(delay), future)
    }

    /// Runs `future` on the loop, from the next turn on. Dropping the task aborts it.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(self, future)
    }

    /// Runs `f` on a helper thread: for what the OS offers only as a blocking call.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] when [`Limits::queue_max`] calls wait already.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Blocking<T>, QueueFull> {
        Blocking::spawn(self, f)
    }

    /// Says whether nothing is runnable.
    pub fn is_idle(&self) -> bool {
        self.0.ready.len() == 0
    }

    fn timer(&self, deadline: Instant, expiry: Expiry) -> TimerHandle {
        let mut timers = self.timers();
        let (id, first) = timers.insert(deadline, expiry);
        // Taken out again when the loop is gone; named, so that it is dropped after the lock.
        let refused = timers.is_closed().then(|| timers.remove(id));
        drop(timers);
        if first && refused.is_none() {
            self.unpark();
        }
        TimerHandle::new(self.clone(), id)
    }

    pub(super) fn timers(&self) -> MutexGuard<'_, TimerQueue> {
        lock(&self.0.timers)
    }

    pub(super) fn reactor(&self) -> &Reactor {
        &self.0.reactor
    }

    /// Appends `work` to what is runnable and sees to it that the loop notices.
    pub(super) fn push(&self, work: Ready) {
        if self.0.ready.push(work) {
            self.0.reactor.wake();
        }
    }

    /// Has a parked loop look at its deadlines anew.
    pub(super) fn unpark(&self) {
        if self.0.ready.unpark() {
            self.0.reactor.wake();
        }
    }

    /// Counts the turns begun so far.
    pub(super) fn turns(&self) -> u64 {
        self.0.turns.load(Ordering::Relaxed)
    }

    /// Says whether all timers for `deadline` have fired. Cheap: reads no clock and takes no lock.
    pub(super) fn has_expired(&self, deadline: Instant) -> bool {
        self.0.clock.since_start(deadline) <= self.0.expired.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
