//! The turn: poll, dispatch, expire, then run what was runnable when running began.
//! The only place that blocks, and the only one that handles `EINTR`.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::handle::{NOT_POLLED, Shared};
use super::reactor::Driver;
use super::ready::Ready;
use super::{Clock, Handle, Limits, lock};

/// An event loop. It owns the turn, and one thread runs it.
///
/// Dropping it drops all tasks, callbacks and timers.
pub struct Loop {
    handle: Handle,
}

/// What became of [`Handle::turn_in_place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a busy loop was not turned"]
pub enum InPlace {
    /// The loop was polled; events were dispatched and timers expired. No task was run.
    Turned,
    /// The loop was left alone: give the thread back to it.
    Busy,
}

impl Loop {
    /// Makes a loop on the system's clock.
    ///
    /// # Errors
    ///
    /// What the OS answers when it is asked for a poll, a limit on descriptors above all.
    pub fn new() -> io::Result<Self> {
        Self::with_limits(Limits::default())
    }

    /// Makes a loop on the system's clock with bounds of the caller's choice.
    ///
    /// # Errors
    ///
    /// As for [`Loop::new`].
    pub fn with_limits(limits: Limits) -> io::Result<Self> {
        Self::with_clock(Clock::system(), limits)
    }

    pub(crate) fn with_clock(clock: Clock, limits: Limits) -> io::Result<Self> {
        let handle = Handle::new(clock, limits)?;
        Ok(Self { handle })
    }

    /// The loop's door.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs the loop on this thread until `future` is done; it needs to be neither `Send` nor
    /// `'static`.
    ///
    /// Tasks that are not done then rest until the next call. A panic of `future` comes out of
    /// here.
    ///
    /// # Panics
    ///
    /// When the OS refuses to poll, which no argument of ours can bring about; and under a virtual
    /// clock when nothing can ever wake the loop.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        let _entered = Entered::enter(&self.handle.0);
        let mut future = pin!(future);
        let root = Arc::new(Root {
            handle: self.handle.clone(),
            queued: AtomicBool::new(false),
            wakes: AtomicU64::new(0),
        });
        let waker = Waker::from(root.clone());
        waker.wake_by_ref();
        let mut output = None;
        loop {
            self.handle
                .0
                .turn()
                .expect("invariant: the OS polls a poll of its own");
            self.handle.0.run_ready(|| {
                root.queued.store(false, Ordering::Release);
                let _polled = Polled::begin(&self.handle.0, &root);
                if output.is_none()
                    && let Poll::Ready(value) =
                        future.as_mut().poll(&mut Context::from_waker(&waker))
                {
                    output = Some(value);
                }
            });
            if let Some(output) = output {
                return output;
            }
        }
    }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop").finish_non_exhaustive()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let shared = &self.handle.0;
        // Tasks first: what they own (sockets, timers, callbacks) takes itself out.
        shared.tasks.close();
        drop(shared.ready.close());
        let timers = lock(&shared.timers).close();
        drop(timers);
        shared.pool.close();
    }
}

impl Handle {
    /// Turns the loop in place: for code that wants to wait without giving up its stack.
    ///
    /// Waits for an event, a timer or a wake from another thread, dispatches, and returns. Tasks
    /// are not run, so the loop is left alone ([`InPlace::Busy`]) when anything is runnable, when
    /// this is not the thread within [`Loop::block_on`] of this loop, and when the turn is being
    /// made already.
    ///
    /// # Errors
    ///
    /// What the OS answers to the poll.
    pub fn turn_in_place(&self) -> io::Result<InPlace> {
        self.in_place(true)
    }

    /// Like [`Handle::turn_in_place`], but takes only what is there already and does not wait.
    ///
    /// # Errors
    ///
    /// What the OS answers to the poll.
    pub fn poll_in_place(&self) -> io::Result<InPlace> {
        self.in_place(false)
    }

    /// How often the future of [`Loop::block_on`] was woken for the poll that is being made; none
    /// outside of such a poll.
    ///
    /// For code within that future that would turn the loop in place: if the future was woken more
    /// often than that code, another part of it was woken too, and may be polled only after that
    /// code has returned.
    pub fn wakes_of_this_poll(&self) -> Option<u64> {
        let wakes = self.0.root_wakes.load(Ordering::Relaxed);
        (Entered::is_in(&self.0) && wakes != NOT_POLLED).then_some(wakes)
    }

    fn in_place(&self, may_wait: bool) -> io::Result<InPlace> {
        if !Entered::is_in(&self.0) || !self.is_idle() {
            return Ok(InPlace::Busy);
        }
        let mut driver = match self.0.driver.try_lock() {
            Ok(driver) => driver,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(InPlace::Busy),
        };
        self.0.turn_with(&mut driver, may_wait)?;
        Ok(InPlace::Turned)
    }
}

impl Shared {
    fn turn(&self) -> io::Result<()> {
        self.turn_with(&mut lock(&self.driver), true)
    }

    fn turn_with(&self, driver: &mut Driver, may_wait: bool) -> io::Result<()> {
        self.turns.fetch_add(1, Ordering::Relaxed);
        // Parks first and reads the deadline second: whoever registers an earlier one in between
        // finds the loop parked and wakes it.
        let parked = may_wait && self.ready.park();
        let polled = if !parked {
            driver.poll(Some(Duration::ZERO))
        } else if self.clock.is_virtual() {
            self.poll_or_jump(driver)
        } else {
            driver.poll(self.timeout())
        };
        if parked {
            self.ready.unpark();
        }
        match polled {
            Ok(_) => driver.dispatch(&self.reactor),
            // A signal ended the poll: a turn without events.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        self.expire();
        Ok(())
    }

    fn timeout(&self) -> Option<Duration> {
        let next = lock(&self.timers).next()?;
        Some(next.saturating_duration_since(self.clock.now()))
    }

    /// Waits in virtual time: for real only while something outside the clock is at work.
    fn poll_or_jump(&self, driver: &mut Driver) -> io::Result<bool> {
        // Asked before the poll: a helper thread wakes the loop before it stops being busy, so that
        // the poll below sees what it did.
        if self.pool.is_busy() {
            return driver.poll(None);
        }
        if driver.poll(Some(Duration::ZERO))? {
            return Ok(true);
        }
        let next = lock(&self.timers).next();
        if let Some(next) = next {
            self.clock.jump(next);
            return Ok(false);
        }
        assert!(
            !self.reactor.is_empty(),
            "nothing can ever wake this loop: no timer, no source, no helper thread at work"
        );
        driver.poll(None)
    }

    /// Fires the timers that are due, one at a time: each may cancel those after it.
    fn expire(&self) {
        let mut timers = lock(&self.timers);
        if timers.next().is_none() {
            return;
        }
        let (now, horizon) = (self.clock.now(), timers.horizon());
        self.expired
            .store(self.clock.since_start(now), Ordering::Release);
        while let Some(expiry) = timers.pop_due(now, horizon) {
            drop(timers);
            expiry.fire();
            timers = lock(&self.timers);
        }
    }

    /// Runs what is runnable now; what that makes runnable waits for the next turn.
    fn run_ready(&self, mut root: impl FnMut()) {
        for _ in 0..self.ready.len() {
            match self.ready.pop() {
                Some(Ready::Root) => root(),
                Some(Ready::Work(work)) => work.run(),
                None => break,
            }
        }
    }
}

/// Wakes the future of `block_on` through the same queue as everything else.
struct Root {
    handle: Handle,
    queued: AtomicBool,
    /// Since the last poll began.
    wakes: AtomicU64,
}

/// A poll of the root, for as long as it lives.
struct Polled<'a>(&'a Shared);

impl<'a> Polled<'a> {
    fn begin(shared: &'a Shared, root: &Root) -> Self {
        let wakes = root.wakes.swap(0, Ordering::AcqRel);
        shared.root_wakes.store(wakes, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.root_wakes.store(NOT_POLLED, Ordering::Relaxed);
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::AcqRel);
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.handle.push(Ready::Root);
        }
    }
}

thread_local! {
    /// The address of the loop that runs on this thread, or zero.
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

/// Marks this thread as the loop's for as long as it lives; nests.
struct Entered {
    outer: usize,
}

impl Entered {
    fn enter(shared: &Arc<Shared>) -> Self {
        Self {
            outer: RUNNING.replace(Arc::as_ptr(shared).addr()),
        }
    }

    fn is_in(shared: &Arc<Shared>) -> bool {
        RUNNING.get() == Arc::as_ptr(shared).addr()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        RUNNING.set(self.outer);
    }
}
