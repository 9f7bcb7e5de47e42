//! What can fail in the embedder's world: loading, linking, running. A guest's own failures are
//! codes, which the guest gets, or a trap, which ends it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The result of what the library does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a guest could not be loaded or did not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{operation} {}: {source}", path.display())]
    File {
        /// What was tried: "read", "write".
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The bytes are no WebAssembly that can be run.
    #[error("{name}: not a WebAssembly component: {reason}")]
    NotComponent {
        /// The guest's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The guest imports what this host does not provide, or exports what it does not expect.
    #[error("{name}: cannot be linked: {reason}")]
    Link {
        /// The guest's name.
        name: String,
        /// What is missing or of another type.
        reason: String,
    },
    /// Native code, which the host runs only when the embedder vouches for it.
    #[error(
        "{name}: is precompiled native code; run it only if you trust it, with --allow-precompiled"
    )]
    Precompiled {
        /// The guest's name.
        name: String,
    },
    /// The guest does not export what was called.
    #[error("{name}: has no export {export}")]
    NoExport {
        /// The guest's name.
        name: String,
        /// The export that was wanted.
        export: String,
    },
    /// The guest's `run` returned an error.
    #[error("{name}: {message}")]
    Failed {
        /// The guest's name.
        name: String,
        /// What the guest said.
        message: String,
    },
    /// The guest broke a rule and is ended; the source has the WebAssembly backtrace.
    #[error("{name}: trap: {}", root_cause(source))]
    Trap {
        /// The guest's name.
        name: String,
        /// The trap and where it happened.
        source: wasmtime::Error,
    },
    /// The guest used up the fuel it was given.
    #[error("{name}: ran out of fuel after {fuel} units (--fuel)")]
    OutOfFuel {
        /// The guest's name.
        name: String,
        /// The fuel it was given.
        fuel: u64,
    },
    /// The guest ran longer than its limit allows.
    #[error("{name}: timed out after {after:?} (--timeout)")]
    TimedOut {
        /// The guest's name.
        name: String,
        /// The limit.
        after: Duration,
    },
    /// The guest was ended by [`Controller::kill`](crate::Controller::kill).
    #[error("{name}: killed")]
    Killed {
        /// The guest's name.
        name: String,
    },
    /// The guest is not usable any more: a call of it was killed, dropped or trapped.
    #[error("{name}: has ended")]
    Ended {
        /// The guest's name.
        name: String,
    },
    /// A policy, a rule or an option is malformed or names what does not exist.
    #[error("{0}")]
    Config(String),
    /// The host itself failed.
    #[error("{operation}: {source}")]
    Host {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Tells of a failure of the host itself.
    pub(crate) fn host(
        operation: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Host {
            operation,
            source: source.into(),
        }
    }
}

/// All causes of an error of wasmtime on one line.
pub(crate) fn chain(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error
        .chain()
        .map(|cause| one_line(&cause.to_string()))
        .collect();
    causes.join(": ")
}

/// What went wrong at the bottom of an error of wasmtime, without its "wasm trap: ".
fn root_cause(error: &wasmtime::Error) -> String {
    let cause = one_line(&error.root_cause().to_string());
    cause.trim_start_matches("wasm trap: ").to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
