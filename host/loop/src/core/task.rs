//! Futures that the loop owns: spawned, awaited, aborted, and dropped with the loop at the latest.
//! A panic ends one task and is raised again where the task is awaited.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;

use super::call::panic_message;
use super::ready::{Ready, Runnable};
use super::{Handle, lock};

/// A future on the heap, so that it can leave its cell to be polled.
struct BoxFuture<T>(Pin<Box<dyn Future<Output = T> + Send>>);

/// Why there is no output: the task was aborted, by its owner or with its loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was aborted")
    }
}

impl Error for Aborted {}

/// A future owned by the loop. Await it for its output; dropping it aborts it.
///
/// A panic of the future is raised again in who awaits the task, and reported if nobody does.
#[must_use = "a dropped `Task` is an aborted one"]
pub struct Task<T: Send + 'static>(Option<Arc<Cell<T>>>);

impl<T: Send + 'static> Task<T> {
    pub(super) fn spawn(handle: &Handle, future: impl Future<Output = T> + Send + 'static) -> Self {
        let cell = handle.0.tasks.insert(|key| Cell {
            handle: handle.clone(),
            key,
            queued: AtomicBool::new(true),
            state: Mutex::new(State {
                stage: Stage::Idle(BoxFuture(Box::pin(future))),
                abort: false,
                detached: false,
                joiner: None,
            }),
        });
        if handle.0.tasks.is_closed() {
            cell.abort();
        } else {
            handle.push(Ready::Work(cell.clone()));
        }
        Self(Some(cell))
    }

    fn cell(&self) -> &Arc<Cell<T>> {
        self.0
            .as_ref()
            .expect("invariant: only detach takes the cell, and it takes the task along")
    }

    /// Lets the task run on without an owner. Its output is dropped, its panic reported.
    pub fn detach(mut self) {
        if let Some(cell) = self.0.take() {
            cell.detach();
        }
    }

    /// Drops the future, at once unless it is being polled; who awaits the task gets [`Aborted`].
    ///
    /// Aborting twice, or too late, is harmless.
    pub fn abort(&self) {
        self.cell().abort();
    }

    /// Says whether the future is done or dropped.
    pub fn is_finished(&self) -> bool {
        matches!(
            lock(&self.cell().state).stage,
            Stage::Finished(_) | Stage::Joined
        )
    }
}

impl<T: Send + 'static> Future for Task<T> {
    type Output = Result<T, Aborted>;

    /// # Panics
    ///
    /// With the panic of the future; and when it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.cell().join(cx.waker()) {
            None => Poll::Pending,
            Some(Outcome::Output(output)) => Poll::Ready(Ok(output)),
            Some(Outcome::Aborted) => Poll::Ready(Err(Aborted)),
            Some(Outcome::Panicked(panic)) => panic::resume_unwind(panic),
        }
    }
}

impl<T: Send + 'static> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.abort();
            cell.detach();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("finished", &self.is_finished())
            .finish()
    }
}

enum Outcome<T> {
    Output(T),
    Aborted,
    Panicked(Box<dyn Any + Send>),
}

enum Stage<T> {
    Idle(BoxFuture<T>),
    /// The future is out of the cell, being polled.
    Running,
    Finished(Outcome<T>),
    Joined,
}

struct State<T> {
    stage: Stage<T>,
    /// Asked to abort while running.
    abort: bool,
    detached: bool,
    joiner: Option<Waker>,
}

struct Cell<T> {
    handle: Handle,
    key: usize,
    /// The task is in the ready queue, where it is at most once.
    queued: AtomicBool,
    state: Mutex<State<T>>,
}

impl<T: Send + 'static> Cell<T> {
    fn begin(&self) -> Option<BoxFuture<T>> {
        let mut state = lock(&self.state);
        match mem::replace(&mut state.stage, Stage::Running) {
            Stage::Idle(future) => Some(future),
            other => {
                state.stage = other;
                None
            }
        }
    }

    /// Puts a pending future back, unless it was aborted meanwhile.
    fn rest(&self, future: BoxFuture<T>) {
        let mut state = lock(&self.state);
        if !state.abort {
            state.stage = Stage::Idle(future);
            return;
        }
        drop(state);
        self.finish(discard(future).map_or(Outcome::Aborted, Outcome::Panicked));
    }

    fn finish(&self, outcome: Outcome<T>) {
        let mut state = lock(&self.state);
        state.stage = Stage::Finished(outcome);
        let joiner = state.joiner.take();
        let unheard = state.unheard();
        drop(state);
        report(unheard);
        self.handle.0.tasks.remove(self.key);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }

    fn join(&self, waker: &Waker) -> Option<Outcome<T>> {
        // Named before the lock, so that the old waker is dropped after it.
        let _old;
        let mut state = lock(&self.state);
        match mem::replace(&mut state.stage, Stage::Joined) {
            Stage::Finished(outcome) => Some(outcome),
            Stage::Joined => {
                drop(state);
                panic!("a task was polled after it was ready")
            }
            unfinished => {
                state.stage = unfinished;
                _old = state.joiner.replace(waker.clone());
                None
            }
        }
    }

    fn detach(&self) {
        let mut state = lock(&self.state);
        state.detached = true;
        let _joiner = state.joiner.take();
        let unheard = state.unheard();
        drop(state);
        report(unheard);
    }
}

impl<T> State<T> {
    /// Takes the outcome if nobody is left to hear of it.
    fn unheard(&mut self) -> Option<Outcome<T>> {
        if !self.detached || !matches!(self.stage, Stage::Finished(_)) {
            return None;
        }
        match mem::replace(&mut self.stage, Stage::Joined) {
            Stage::Finished(outcome) => Some(outcome),
            _ => None,
        }
    }
}

fn report<T>(unheard: Option<Outcome<T>>) {
    if let Some(Outcome::Panicked(panic)) = unheard {
        tracing::error!("a task panicked: {}", panic_message(&*panic));
    }
}

/// Drops a future, whose drop may panic like all foreign code.
fn discard<T>(future: BoxFuture<T>) -> Option<Box<dyn Any + Send>> {
    panic::catch_unwind(AssertUnwindSafe(|| drop(future))).err()
}

impl<T: Send + 'static> Runnable for Cell<T> {
    fn run(self: Arc<Self>) {
        self.queued.store(false, Ordering::Release);
        let Some(mut future) = self.begin() else {
            return;
        };
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.0.as_mut().poll(&mut cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => return self.rest(future),
            Ok(Poll::Ready(output)) => Outcome::Output(output),
            Err(panic) => Outcome::Panicked(panic),
        };
        match discard(future) {
            Some(panic) => self.finish(Outcome::Panicked(panic)),
            None => self.finish(outcome),
        }
    }
}

impl<T: Send + 'static> Wake for Cell<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.handle.push(Ready::Work(self.clone()));
        }
    }
}

/// What the loop does to a task of whatever output.
trait Abort: Send + Sync {
    fn abort(&self);
}

impl<T: Send + 'static> Abort for Cell<T> {
    fn abort(&self) {
        lock(&self.state).abort = true;
        if let Some(future) = self.begin() {
            self.finish(discard(future).map_or(Outcome::Aborted, Outcome::Panicked));
        }
    }
}

/// All tasks of a loop that are not done: it keeps them alive, and ends them with itself.
#[derive(Default)]
pub(super) struct Tasks(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    tasks: Slab<Arc<dyn Abort>>,
    closed: bool,
}

impl Tasks {
    fn insert<T: Send + 'static>(&self, cell: impl FnOnce(usize) -> Cell<T>) -> Arc<Cell<T>> {
        let mut registry = lock(&self.0);
        let slot = registry.tasks.vacant_entry();
        let cell = Arc::new(cell(slot.key()));
        slot.insert(cell.clone());
        cell
    }

    fn is_closed(&self) -> bool {
        lock(&self.0).closed
    }

    fn remove(&self, key: usize) {
        // Named, so that the task is dropped after the lock.
        let _task = lock(&self.0).tasks.try_remove(key);
    }

    /// Aborts all tasks, and those that aborting them spawns.
    pub(super) fn close(&self) {
        let mut registry = lock(&self.0);
        registry.closed = true;
        let tasks: Vec<_> = registry
            .tasks
            .iter()
            .map(|(_, task)| task.clone())
            .collect();
        drop(registry);
        // Each takes itself out.
        tasks.iter().for_each(|task| task.abort());
    }
}
