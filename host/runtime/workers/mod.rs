//! A guest's workers: jobs wait here for threads, each of which has a loop and an instance of the
//! guest's component. What a thread does is its crew's business. No thread is ever waited for: at
//! the end of the guest its job is cut off, and it goes.

mod job;
mod queue;
mod reply;
mod seat;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use aio_loop::Loop;

use crate::imports::wit::types::ErrorCode;
use crate::quota::{Limits, Quota};

pub(crate) use job::{Job, Outcome, Output, Run, Signature};
use queue::Queue;
pub(crate) use seat::Seat;

/// The most bytes of a job's input, and of its result.
pub(crate) const JOB_BYTES_MAX: usize = 16 << 20;

/// The name of each thread: as long as Linux takes.
const THREAD_NAME: &str = "aio-host-worker";

/// What threads do, and which jobs there are.
pub(crate) trait Crew: Send + Sync {
    /// Of which type the job of this name is; none if there is no such job.
    fn signature(&self, job: &str) -> Option<Signature>;

    /// Does jobs until the seat has no more.
    fn work(&self, event_loop: Loop, seat: Seat);

    /// Makes threads that compute look up from what they do.
    fn interrupt(&self);
}

/// The workers of one guest; none at all for a worker. Dropping it ends them.
#[derive(Debug, Default)]
pub(crate) struct Workers(Option<Arc<Pool>>);

/// What the guest and its threads share.
pub(crate) struct Pool {
    crew: Arc<dyn Crew>,
    queue: Mutex<Queue>,
    threads_max: usize,
}

impl Workers {
    /// Threads are started with the first job.
    pub(crate) fn new(crew: Arc<dyn Crew>, limits: &Limits) -> Self {
        let number = |max: u32| usize::try_from(max).unwrap_or(usize::MAX);
        let threads_max = number(limits.workers_max);
        Self((threads_max > 0).then(|| {
            let jobs_max = threads_max.saturating_add(number(limits.jobs_max));
            Arc::new(Pool {
                crew,
                queue: Mutex::new(Queue::new(jobs_max)),
                threads_max,
            })
        }))
    }

    /// How many jobs run at a time.
    pub(crate) fn parallelism(&self) -> u32 {
        let threads_max = self.0.as_ref().map_or(0, |pool| pool.threads_max);
        u32::try_from(threads_max).unwrap_or(u32::MAX)
    }

    /// Takes a job in, whose bytes count as `buffered` while they are with neither side. Dropping
    /// the future that is returned cuts the job off.
    pub(crate) fn run(
        &self,
        name: String,
        input: impl AsRef<[u8]> + Into<Vec<u8>>,
        buffered: &Quota,
    ) -> Result<Run, ErrorCode> {
        let pool = self.0.as_ref().ok_or(ErrorCode::NotSupported)?;
        let length = input.as_ref().len();
        if length > JOB_BYTES_MAX {
            return Err(ErrorCode::OutOfRange);
        }
        let signature = pool.crew.signature(&name).ok_or(ErrorCode::NotFound)?;
        let permit = buffered.take(u64::try_from(length).unwrap_or(u64::MAX));
        let permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
        let (reply, answer) = reply::pair();
        let job = Job {
            name,
            signature,
            input: input.into(),
            waits: Some(permit),
            buffered: buffered.clone(),
            reply,
        };
        let number = pool.submit(job)?;
        Ok(Run::new(Arc::clone(pool), number, answer))
    }

    /// Ends all threads, wherever they are, without waiting for them. What is submitted then is
    /// cancelled.
    pub(crate) fn close(&self) {
        if let Some(pool) = &self.0 {
            pool.close();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.close();
    }
}

impl Pool {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(self: &Arc<Self>, job: Job) -> Result<u64, ErrorCode> {
        let number = self.queue().push(job).ok_or(ErrorCode::QuotaExceeded)?;
        while self.start() {}
        let mut queue = self.queue();
        // What would never be done is not let wait.
        let job = (!queue.has_threads()).then(|| queue.remove(number));
        let idle = queue.call_idle();
        drop(queue);
        if let Some(idle) = idle {
            idle.wake();
        }
        match job {
            Some(_job) => Err(ErrorCode::InsufficientResources),
            None => Ok(number),
        }
    }

    /// Starts a thread if one is wanted and the system lets it; whether it did.
    fn start(self: &Arc<Self>) -> bool {
        let Some(thread) = self.queue().sit(self.threads_max) else {
            return false;
        };
        let seat = Seat::new(Arc::clone(self), thread);
        let started = Loop::new().and_then(|event_loop| {
            let crew = Arc::clone(&self.crew);
            let worker = thread::Builder::new().name(THREAD_NAME.to_owned());
            worker.spawn(move || crew.work(event_loop, seat))
        });
        started
            .inspect_err(|error| tracing::error!("start a worker: {error}"))
            .is_ok()
    }

    /// Takes a job back: one that waits is forgotten, one that runs is cut off.
    fn cancel(&self, number: u64) {
        let mut queue = self.queue();
        let job = queue.remove(number);
        let worker = queue.call_off(number);
        drop(queue);
        drop(job);
        if let Some(worker) = worker {
            worker.wake();
        }
    }

    fn close(&self) {
        let (jobs, workers) = self.queue().close();
        drop(jobs);
        workers.into_iter().for_each(|worker| worker.wake());
        self.crew.interrupt();
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("threads_max", &self.threads_max)
            .finish_non_exhaustive()
    }
}
