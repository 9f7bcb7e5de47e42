//! Which jobs wait and which thread does which: decisions only. First come, first served. Wakers
//! are handed out, for whoever holds the lock to wake after it.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use slab::Slab;

use super::Job;

/// Jobs that wait, and the threads.
#[derive(Debug)]
pub(super) struct Queue {
    /// In the order of their numbers, which is that of their coming.
    waiting: BTreeMap<u64, Job>,
    last: u64,
    threads: Slab<Thread>,
    /// Jobs that wait and jobs that run.
    jobs_max: usize,
    closed: bool,
}

#[derive(Debug)]
struct Thread {
    stage: Stage,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It makes its instance.
    Prepares,
    /// It waits for a job.
    Idle,
    /// An idle one that was told of a job.
    Called,
    /// It does the job of this number.
    Busy(u64),
    /// It does a job that nobody wants any more.
    CalledOff,
}

impl Queue {
    pub(super) fn new(jobs_max: usize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            last: 0,
            threads: Slab::new(),
            jobs_max,
            closed: false,
        }
    }

    /// Takes a job in and tells its number; none when there are too many.
    pub(super) fn push(&mut self, job: Job) -> Option<u64> {
        if self.waiting.len() + self.busy() >= self.jobs_max {
            return None;
        }
        self.last += 1;
        if !self.closed {
            self.waiting.insert(self.last, job);
        }
        Some(self.last)
    }

    /// Takes out a job that waits.
    pub(super) fn remove(&mut self, number: u64) -> Option<Job> {
        self.waiting.remove(&number)
    }

    /// Whether anybody will do what waits.
    pub(super) fn has_threads(&self) -> bool {
        self.closed || !self.threads.is_empty()
    }

    /// Takes one more thread in if there should be one, of at most `max`: with one to spare, no job
    /// has to wait until an instance is made.
    pub(super) fn sit(&mut self, max: usize) -> Option<usize> {
        let free = self.threads.len() - self.busy();
        if self.closed || free > self.waiting.len() || self.threads.len() >= max {
            return None;
        }
        Some(self.threads.insert(Thread {
            stage: Stage::Prepares,
            waker: None,
        }))
    }

    /// Lets a thread go.
    pub(super) fn leave(&mut self, thread: usize) -> Option<Waker> {
        self.threads.try_remove(thread).and_then(|gone| gone.waker)
    }

    /// Picks an idle thread for a job that came.
    pub(super) fn call_idle(&mut self) -> Option<Waker> {
        let mut threads = self.threads.iter_mut();
        let (_, idle) = threads.find(|(_, thread)| thread.stage == Stage::Idle)?;
        idle.stage = Stage::Called;
        idle.waker.take()
    }

    /// Has the thread of a running job look up.
    pub(super) fn call_off(&mut self, number: u64) -> Option<Waker> {
        let mut threads = self.threads.iter_mut();
        let (_, busy) = threads.find(|(_, thread)| thread.stage == Stage::Busy(number))?;
        busy.stage = Stage::CalledOff;
        busy.waker.take()
    }

    /// The next job for a thread; none at the end of the pool.
    pub(super) fn poll_job(&mut self, thread: usize, cx: &Context<'_>) -> Poll<Option<Job>> {
        if self.closed {
            return Poll::Ready(None);
        }
        let next = self.waiting.pop_first();
        let Some(own) = self.threads.get_mut(thread) else {
            return Poll::Ready(None);
        };
        match next {
            Some((number, job)) => {
                own.stage = Stage::Busy(number);
                Poll::Ready(Some(job))
            }
            None => {
                own.stage = Stage::Idle;
                own.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// A thread is done with its job.
    pub(super) fn done(&mut self, thread: usize) {
        if let Some(own) = self.threads.get_mut(thread) {
            own.stage = Stage::Prepares;
        }
    }

    /// Ready when what a thread does is not wanted any more.
    pub(super) fn poll_called_off(&mut self, thread: usize, cx: &Context<'_>) -> Poll<()> {
        let own = self.threads.get_mut(thread).filter(|_| !self.closed);
        match own {
            Some(own) if own.stage != Stage::CalledOff => {
                own.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Takes no more jobs, and returns those that wait and whom to wake.
    pub(super) fn close(&mut self) -> (BTreeMap<u64, Job>, Vec<Waker>) {
        self.closed = true;
        let threads = self.threads.iter_mut();
        let wakers = threads
            .filter_map(|(_, thread)| thread.waker.take())
            .collect();
        (std::mem::take(&mut self.waiting), wakers)
    }

    fn busy(&self) -> usize {
        let busy = |stage| matches!(stage, Stage::Busy(_) | Stage::CalledOff);
        let threads = self.threads.iter();
        threads.filter(|(_, thread)| busy(thread.stage)).count()
    }
}
