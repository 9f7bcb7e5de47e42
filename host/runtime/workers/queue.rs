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

#[cfg(test)]
mod tests {
    use super::super::{Signature, reply};
    use super::*;
    use crate::quota::Quota;

    fn job(name: &str) -> Job {
        Job {
            name: name.to_owned(),
            signature: Signature::Plain,
            input: Vec::new(),
            waits: None,
            buffered: Quota::new(0),
            reply: reply::pair().0,
        }
    }

    /// What a thread finds when it looks for a job.
    fn look(queue: &mut Queue, thread: usize) -> Poll<Option<String>> {
        let found = queue.poll_job(thread, &Context::from_waker(Waker::noop()));
        found.map(|job| job.map(|job| job.name))
    }

    fn called_off(queue: &mut Queue, thread: usize) -> bool {
        let cx = Context::from_waker(Waker::noop());
        queue.poll_called_off(thread, &cx).is_ready()
    }

    fn found(name: &str) -> Poll<Option<String>> {
        Poll::Ready(Some(name.to_owned()))
    }

    #[test]
    fn first_come_first_served() {
        let mut queue = Queue::new(9);
        let numbers = ["a", "b", "c"].map(|name| queue.push(job(name)).unwrap());
        let (one, other) = (queue.sit(2).unwrap(), queue.sit(2).unwrap());
        assert_eq!(look(&mut queue, one), found("a"));
        assert!(queue.remove(numbers[1]).is_some() && queue.remove(numbers[1]).is_none());
        assert_eq!(look(&mut queue, other), found("c"));
        queue.done(one);
        assert_eq!(look(&mut queue, one), Poll::Pending);
    }

    #[test]
    fn what_runs_and_what_waits_counts_together() {
        let mut queue = Queue::new(2);
        assert!(queue.push(job("a")).is_some());
        let thread = queue.sit(1).unwrap();
        assert_eq!(look(&mut queue, thread), found("a"));
        let waits = queue.push(job("b")).unwrap();
        assert!(queue.push(job("c")).is_none());
        queue.remove(waits);
        assert!(queue.push(job("d")).is_some() && queue.push(job("e")).is_none());
        queue.done(thread);
        assert!(queue.push(job("f")).is_some() && queue.push(job("g")).is_none());
    }

    #[test]
    fn there_is_a_thread_to_spare_up_to_the_maximum() {
        let mut queue = Queue::new(9);
        queue.push(job("a"));
        let thread = queue.sit(3).unwrap();
        assert!(queue.sit(3).is_some() && queue.sit(3).is_none());
        assert_eq!(look(&mut queue, thread), found("a"));
        assert!(queue.sit(3).is_none());
        queue.push(job("b"));
        assert!(queue.sit(3).is_some() && queue.sit(3).is_none());
        queue.push(job("c"));
        assert!(queue.sit(3).is_none());
    }

    #[test]
    fn each_job_calls_another_idle_thread() {
        let mut queue = Queue::new(9);
        queue.push(job("a"));
        let (one, other) = (queue.sit(2).unwrap(), queue.sit(2).unwrap());
        assert!(queue.call_idle().is_none(), "they prepare");
        assert_eq!(look(&mut queue, one), found("a"));
        assert_eq!(look(&mut queue, other), Poll::Pending);
        queue.push(job("b"));
        assert!(queue.call_idle().is_some());
        queue.push(job("c"));
        assert!(queue.call_idle().is_none());
        assert_eq!(look(&mut queue, other), found("b"));
    }

    #[test]
    fn only_the_thread_of_the_job_is_called_off() {
        let mut queue = Queue::new(9);
        let numbers = ["a", "b"].map(|name| queue.push(job(name)).unwrap());
        let (one, other) = (queue.sit(2).unwrap(), queue.sit(2).unwrap());
        assert_eq!(look(&mut queue, one), found("a"));
        assert_eq!(look(&mut queue, other), found("b"));
        assert!(!called_off(&mut queue, one) && !called_off(&mut queue, other));
        assert!(queue.call_off(numbers[1]).is_some());
        assert!(!called_off(&mut queue, one) && called_off(&mut queue, other));
        queue.done(other);
        assert!(!called_off(&mut queue, other));
        assert!(queue.call_off(numbers[1]).is_none());
    }

    #[test]
    fn the_end_calls_off_all_and_takes_nothing_in() {
        let mut queue = Queue::new(9);
        let numbers = ["a", "b"].map(|name| queue.push(job(name)));
        assert_eq!(numbers, [Some(1), Some(2)]);
        let (one, other) = (queue.sit(2).unwrap(), queue.sit(2).unwrap());
        assert_eq!(look(&mut queue, one), found("a"));
        assert!(!called_off(&mut queue, one) && !called_off(&mut queue, other));
        let (jobs, wakers) = queue.close();
        assert_eq!((jobs.len(), wakers.len()), (1, 2));
        assert!(called_off(&mut queue, one));
        assert_eq!(look(&mut queue, other), Poll::Ready(None));
        queue.push(job("c"));
        assert!(queue.sit(9).is_none());
        assert_eq!(look(&mut queue, one), Poll::Ready(None));
    }
}
