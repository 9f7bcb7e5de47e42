//! Jobs as a test guest runs them.

use std::task::Poll;

use aio_guest::ErrorCode;
use aio_guest::bindings::aio::host::workers::{self, JobError};

use crate::{check, equal, poll_once};

/// What a job came to.
pub type Ended = Result<Vec<u8>, JobError>;

/// Runs a job of which the input is a text.
pub async fn run(job: &str, input: &str) -> Ended {
    workers::run(job.to_owned(), input.as_bytes().to_vec()).await
}

/// Ends the guest unless the job succeeds, with this result.
pub async fn returns(job: &str, input: &str, result: &str) -> Result<(), String> {
    equal(run(job, input).await, Ok(result.as_bytes().to_vec()), input)
}

/// Ends the guest unless the job is refused, for this reason.
pub async fn refused(job: &str, input: &str, code: ErrorCode) -> Result<(), String> {
    equal(run(job, input).await, Err(JobError::Refused(code)), job)
}

/// Ends the guest unless the job traps, and the reason says so.
pub async fn traps(input: &str, reason: &str) -> Result<(), String> {
    match run("act", input).await {
        Err(JobError::Trapped(why)) => check(
            why.contains(reason),
            format_args!("{input}: {why:?} tells of {reason:?}"),
        ),
        other => Err(format!("{input}: {other:?}, expected a trap")),
    }
}

/// Begins a job, and ends the guest if it is refused.
pub fn begin(job: &str, input: &str) -> Result<impl Future<Output = Ended> + use<>, String> {
    begin_with(job, input.as_bytes().to_vec())
}

/// The same with an input that is no text.
pub fn begin_with(
    job: &str,
    input: Vec<u8>,
) -> Result<impl Future<Output = Ended> + use<>, String> {
    let mut running = Box::pin(workers::run(job.to_owned(), input));
    let begun = match poll_once(running.as_mut()) {
        Poll::Ready(Err(JobError::Refused(code))) => {
            return Err(format!("{job}: {}", code.name()));
        }
        begun => begun,
    };
    Ok(async move {
        match begun {
            // A worker was quick.
            Poll::Ready(ended) => ended,
            Poll::Pending => running.await,
        }
    })
}
