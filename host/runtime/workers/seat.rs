//! A thread's place among the workers. A thread that ends for whatever reason gives it up, and what
//! it was at has failed.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::{Job, Outcome, Pool};

/// A thread's place.
#[derive(Debug)]
pub(crate) struct Seat {
    pool: Arc<Pool>,
    thread: usize,
}

impl Seat {
    pub(super) fn new(pool: Arc<Pool>, thread: usize) -> Self {
        Self { pool, thread }
    }

    /// Waits for the next job; none is the end.
    pub(crate) async fn next(&self) -> Option<Job> {
        poll_fn(|cx| self.pool.queue().poll_job(self.thread, cx)).await
    }

    /// Waits for `work` for as long as it is wanted.
    ///
    /// Whether it is wanted is asked first: the work may be a guest that turns the loop in place,
    /// and comes back only for what something has asked to be woken for.
    pub(crate) async fn while_wanted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if self
                .pool
                .queue()
                .poll_called_off(self.thread, cx)
                .is_ready()
            {
                return Poll::Ready(None);
            }
            work.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Tells what became of the job that this thread was at; none was told where nobody waits.
    pub(crate) fn done(&self, job: Job, outcome: Option<Outcome>) {
        let output = outcome.map(|outcome| job.output(outcome));
        // Before the answer, so that who has it finds the place free.
        self.pool.queue().done(self.thread);
        if let Some(output) = output {
            job.reply.send(output);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let waker = self.pool.queue().leave(self.thread);
        drop(waker);
    }
}
