//! Helper threads for what the OS offers only as blocking calls: few, bounded, started when there
//! is work. A thread is never waited for: at the end of the loop it finishes its call and goes.

use std::any::Any;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::call::panic_message;
use super::{Handle, Limits, lock};

/// No helper thread is free and no more calls may wait for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many blocking calls wait for a helper thread")
    }
}

impl Error for QueueFull {}

impl From<QueueFull> for io::Error {
    fn from(full: QueueFull) -> Self {
        Self::new(io::ErrorKind::ResourceBusy, full)
    }
}

/// A blocking call on a helper thread. Await it for its result.
///
/// Dropping it forgets the result; a call that has not begun is never made. A panic of the call is
/// raised again in who awaits it, and reported if nobody does.
#[must_use = "a blocking call that nobody awaits may never be made"]
pub struct Blocking<T> {
    handle: Handle,
    id: u64,
    call: Arc<Mutex<State<T>>>,
}

struct State<T> {
    stage: Stage<T>,
    waiter: Option<Waker>,
}

enum Stage<T> {
    Unfinished,
    Finished(thread::Result<T>),
    /// Fetched, or nobody wants it.
    Gone,
}

impl<T: Send + 'static> Blocking<T> {
    pub(super) fn spawn(
        handle: &Handle,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Self, QueueFull> {
        let call = Arc::new(Mutex::new(State {
            stage: Stage::Unfinished,
            waiter: None,
        }));
        let theirs = call.clone();
        let job = move || {
            let result = panic::catch_unwind(AssertUnwindSafe(f));
            finish(&theirs, result);
        };
        let id = handle.0.pool.push(handle, Job(Box::new(job)))?;
        Ok(Self {
            handle: handle.clone(),
            id,
            call,
        })
    }
}

fn finish<T>(call: &Mutex<State<T>>, result: thread::Result<T>) {
    let mut state = lock(call);
    if let Stage::Gone = state.stage {
        drop(state);
        return report(result);
    }
    state.stage = Stage::Finished(result);
    let waiter = state.waiter.take();
    drop(state);
    if let Some(waiter) = waiter {
        waiter.wake();
    }
}

fn report<T>(result: Result<T, Box<dyn Any + Send>>) {
    if let Err(panic) = result {
        tracing::error!("a blocking call panicked: {}", panic_message(&*panic));
    }
}

impl<T> Future for Blocking<T> {
    type Output = T;

    /// # Panics
    ///
    /// With the panic of the call; and when it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Named before the lock, so that the old waker is dropped after it.
        let _old;
        let mut state = lock(&self.call);
        match mem::replace(&mut state.stage, Stage::Gone) {
            Stage::Unfinished => {
                state.stage = Stage::Unfinished;
                _old = state.waiter.replace(cx.waker().clone());
                Poll::Pending
            }
            Stage::Finished(result) => {
                drop(state);
                Poll::Ready(result.unwrap_or_else(|panic| panic::resume_unwind(panic)))
            }
            Stage::Gone => {
                drop(state);
                panic!("a blocking call was polled after it was ready")
            }
        }
    }
}

impl<T> Drop for Blocking<T> {
    fn drop(&mut self) {
        // Named, so that what the call owns is dropped after the lock.
        let _unmade = self.handle.0.pool.cancel(&self.handle, self.id);
        let mut state = lock(&self.call);
        let stage = mem::replace(&mut state.stage, Stage::Gone);
        let _waiter = state.waiter.take();
        drop(state);
        if let Stage::Finished(result) = stage {
            report(result);
        }
    }
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A call with its promise of a result.
struct Job(Box<dyn FnOnce() + Send>);

/// The helper threads of a loop and the calls that wait for them.
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    limits: Limits,
    state: Mutex<PoolState>,
    work: Condvar,
}

#[derive(Default)]
struct PoolState {
    queue: VecDeque<(u64, Job)>,
    last_id: u64,
    threads: usize,
    idle: usize,
    /// Calls that wait or are being made.
    busy: usize,
    closed: bool,
}

impl Pool {
    pub(super) fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner {
            limits,
            state: Mutex::default(),
            work: Condvar::new(),
        }))
    }

    pub(super) fn is_busy(&self) -> bool {
        lock(&self.0.state).busy > 0
    }

    fn push(&self, handle: &Handle, job: Job) -> Result<u64, QueueFull> {
        let mut state = lock(&self.0.state);
        if state.closed {
            // The loop is gone and nobody can await the call: accepted and never made.
            return Ok(0);
        }
        if state.queue.len() < state.idle || self.grow(handle, &mut state) {
            // An idle or new thread takes it at once: it does not wait.
        } else if state.queue.len() >= state.idle + self.0.limits.queue_max || state.threads == 0 {
            return Err(QueueFull);
        }
        state.last_id += 1;
        let id = state.last_id;
        state.queue.push_back((id, job));
        state.busy += 1;
        drop(state);
        self.0.work.notify_one();
        Ok(id)
    }

    /// Starts a thread, counted as idle until it has found its first call.
    fn grow(&self, handle: &Handle, state: &mut PoolState) -> bool {
        if state.threads >= self.0.limits.threads_max.max(1) {
            return false;
        }
        let inner = self.0.clone();
        let handle = handle.clone();
        let helper = thread::Builder::new().name("aio-helper".to_owned());
        if let Err(error) = helper.spawn(move || inner.help(&handle)) {
            tracing::error!("start a helper thread: {error}");
            return false;
        }
        state.threads += 1;
        state.idle += 1;
        true
    }

    fn cancel(&self, handle: &Handle, id: u64) -> Option<Job> {
        let mut state = lock(&self.0.state);
        let at = state.queue.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        let (_, job) = state.queue.remove(at)?;
        state.busy -= 1;
        drop(state);
        handle.unpark();
        Some(job)
    }

    /// Lets the threads go and hands out no more calls.
    pub(super) fn close(&self) {
        let mut state = lock(&self.0.state);
        state.closed = true;
        let queue = mem::take(&mut state.queue);
        drop(state);
        self.0.work.notify_all();
        drop(queue);
    }
}

impl Inner {
    /// The life of a helper thread.
    fn help(&self, handle: &Handle) {
        while let Some(job) = self.next() {
            (job.0)();
            lock(&self.state).busy -= 1;
            // After the wake of who awaits the call: a virtual clock must not jump in between.
            handle.unpark();
            lock(&self.state).idle += 1;
        }
    }

    /// Waits for a call; `None` ends the thread, which was counted as idle.
    fn next(&self) -> Option<Job> {
        let state = lock(&self.state);
        let (mut state, _) = self
            .work
            .wait_timeout_while(state, self.limits.thread_idle, |state| {
                state.queue.is_empty() && !state.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        let next = state.queue.pop_front();
        if next.is_none() {
            state.threads -= 1;
        }
        next.map(|(_, job)| job)
    }
}
