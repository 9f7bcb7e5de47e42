//! A job on its way: to a thread with its input, and back with its output.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::reply::{Answer, Reply};
use super::{JOB_BYTES_MAX, Pool};
use crate::imports::wit::types::ErrorCode;
use crate::imports::wit::workers::JobError;
use crate::quota::{Permit, Quota};

/// What a job's function returns, beside what it is called with: `list<u8>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// `list<u8>`.
    Plain,
    /// `result<list<u8>, string>`.
    Fallible,
}

/// What a job came to.
pub(crate) type Outcome = Result<Vec<u8>, JobError>;

/// What a job came to, with the room that it takes until the guest has it.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) outcome: Outcome,
    _permit: Option<Permit>,
}

impl Output {
    /// Keeps what a job returned if it is not too much.
    fn kept(outcome: Outcome, buffered: &Quota) -> Self {
        let length = match &outcome {
            Ok(bytes) => bytes.len(),
            Err(JobError::Failed(text) | JobError::Trapped(text)) => text.len(),
            Err(JobError::Refused(_)) => 0,
        };
        if length > JOB_BYTES_MAX {
            return JobError::Refused(ErrorCode::OutOfRange).into();
        }
        match buffered.take(u64::try_from(length).unwrap_or(u64::MAX)) {
            Some(permit) => Self {
                outcome,
                _permit: Some(permit),
            },
            None => JobError::Refused(ErrorCode::QuotaExceeded).into(),
        }
    }
}

impl From<JobError> for Output {
    fn from(error: JobError) -> Self {
        Self {
            outcome: Err(error),
            _permit: None,
        }
    }
}

/// What a thread is to do.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) signature: Signature,
    pub(super) input: Vec<u8>,
    /// The room that the input takes while it waits.
    pub(super) waits: Option<Permit>,
    pub(super) buffered: Quota,
    pub(super) reply: Reply,
}

impl Job {
    /// The input, which has waited long enough.
    pub(crate) fn begin(&mut self) -> Vec<u8> {
        self.waits = None;
        std::mem::take(&mut self.input)
    }

    /// What the job came to, as the guest is to hear it.
    pub(super) fn output(&self, outcome: Outcome) -> Output {
        Output::kept(outcome, &self.buffered)
    }
}

/// A job that was taken in, as who waits for it sees it. Dropping it cuts the job off.
#[derive(Debug)]
#[must_use = "a job that nobody awaits is cut off"]
pub(crate) struct Run {
    pool: Arc<Pool>,
    number: u64,
    answer: Answer,
}

impl Run {
    pub(super) fn new(pool: Arc<Pool>, number: u64, answer: Answer) -> Self {
        Self {
            pool,
            number,
            answer,
        }
    }
}

impl Future for Run {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        Pin::new(&mut self.answer).poll(cx)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A number is given once: for a job that is done this does nothing.
        self.pool.cancel(self.number);
    }
}
