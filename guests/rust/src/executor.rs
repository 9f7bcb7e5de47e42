//! Work for other cores: a function that this component exports, called in another instance of it.
//! No memory is shared: bytes go in, bytes come out.

use crate::bindings::aio::host::workers;

pub use crate::bindings::aio::host::workers::{JobError, parallelism};

/// Runs `job`, the name of an export of this component, in a worker. Dropping the future ends the
/// job. Input and result are at most 16 MiB. Errors: [`JobError`] tells whether it was refused,
/// failed or trapped; a trap is the end of the worker, not of the guest.
///
/// A job is an export beside [`main!`](crate::main), which the guest declares itself:
///
/// ```ignore
/// mod jobs {
///     aio_guest::wit_bindgen::generate!({
///         inline: "package example:jobs;
///             world jobs { export reverse: func(input: list<u8>) -> list<u8>; }",
///         runtime_path: "aio_guest::wit_bindgen::rt",
///     });
///
///     struct Jobs;
///
///     impl Guest for Jobs {
///         fn reverse(mut input: Vec<u8>) -> Vec<u8> {
///             input.reverse();
///             input
///         }
///     }
///
///     export!(Jobs);
/// }
///
/// let reversed = aio_guest::executor::run("reverse", b"abc".to_vec()).await;
/// ```
pub async fn run(job: &str, input: Vec<u8>) -> Result<Vec<u8>, JobError> {
    workers::run(job.to_owned(), input).await
}
