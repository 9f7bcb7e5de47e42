//! The task that stays with a child until it has ended: it takes the end from the system, and
//! brings the end about when nobody wants the child any more.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::child::Process;
use crate::Handle;

/// Dropped before the child has ended, which it is with its loop, it kills the child.
struct Attendant(Arc<Process>);

/// Sees to the end of `process`, which has so much time once it is asked to end.
pub(super) fn attend(handle: &Handle, process: Arc<Process>, grace: Duration) {
    let attendant = Attendant(process);
    let clock = handle.clone();
    let attend = async move {
        if attendant.unwanted().await {
            attendant.end(&clock, grace).await;
        }
    };
    handle.spawn(attend).detach();
}

impl Attendant {
    /// Waits until the child has ended or is to end; whether it is to.
    async fn unwanted(&self) -> bool {
        poll_fn(|cx| self.poll_unwanted(cx)).await
    }

    fn poll_unwanted(&self, cx: &mut Context<'_>) -> Poll<bool> {
        // Asked in this order, so that who closes the child finds this task waiting or is seen.
        match self.0.poll_end(cx) {
            Poll::Ready(_) => Poll::Ready(false),
            Poll::Pending if self.0.is_unwanted() => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        }
    }

    async fn end(&self, clock: &Handle, grace: Duration) {
        report("terminate", self.0.signal(libc::SIGTERM));
        let ended = poll_fn(|cx| self.0.poll_end(cx));
        if clock.timeout(grace, ended).await.is_err() {
            report("kill", self.0.signal(libc::SIGKILL));
            poll_fn(|cx| self.0.poll_end(cx)).await;
        }
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        self.0.kill_now();
    }
}

fn report(what: &str, sent: io::Result<()>) {
    match sent {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => {
            tracing::error!("{what} a child: {error}");
        }
        // It may have ended meanwhile.
        _ => {}
    }
}
