//! Says that something takes long, to people who wait at a terminal.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::report;

/// How long people wait without wondering.
const PATIENCE: Duration = Duration::from_millis(300);

/// Does `work`, and says `what` once if that takes long and standard error is a terminal.
pub(crate) fn announced<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, wait) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                report::line(what);
            }
        });
        let result = work();
        drop(done);
        result
    })
}
