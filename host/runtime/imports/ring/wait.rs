//! The wait of a turn. When nothing else is runnable, the plain form turns the loop in place, under
//! the guest's stack: no fiber is switched and no task is queued. Otherwise it gives the thread
//! back.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use aio_loop::{InPlace, TimerHandle};

use super::super::io::Io;
use super::batch::Batch;
use crate::capability::Denial;
use crate::solo::Solo;
use crate::state::{State, lock};
use crate::ticker::Pulse;

/// What a turn brought, and what the policy refused in it, which the embedder is to be told.
pub(super) type Turned = (Arc<Batch>, Vec<Denial>);

/// One `enter` that has submitted and waits for news.
pub(super) struct Wait {
    io: Arc<Mutex<Io>>,
    solo: Solo,
    pulse: Pulse,
    /// None for a wait without end.
    _timer: Option<TimerHandle>,
    /// Whether to wait at all.
    may_wait: bool,
    /// Whether the loop has been turned for this call: each call is a turn, also one that finds
    /// its news at once, or a guest that always has some would never hear of anything else.
    turned: bool,
}

impl Wait {
    /// `timeout` of zero only looks.
    pub(super) fn new(state: &State, io: &mut Io, timeout: Option<Duration>) -> Self {
        let key = io.ring.begin_turn();
        let deadline = |timeout| state.handle.now().checked_add(timeout);
        let timer = timeout
            .filter(|timeout| !timeout.is_zero())
            .and_then(deadline)
            .map(|deadline| state.handle.post_at(deadline, &io.ring.port, key));
        Self {
            io: Arc::clone(&state.io),
            solo: state.solo.clone(),
            pulse: state.pulse.clone(),
            _timer: timer,
            may_wait: timeout.is_none_or(|timeout| !timeout.is_zero()),
            turned: false,
        }
    }

    /// Waits, turning the loop in place where that is possible.
    pub(super) async fn in_place(mut self) -> Turned {
        poll_fn(|cx| self.poll_in_place(cx)).await
    }

    /// Waits while other tasks of the guest go on.
    pub(super) async fn aside(mut self) -> Turned {
        poll_fn(|cx| self.poll_aside(cx)).await
    }

    fn poll_in_place(&mut self, cx: &mut Context<'_>) -> Poll<Turned> {
        loop {
            if let Some(turned) = self.news() {
                return Poll::Ready(turned);
            }
            match self.turn() {
                Ok(InPlace::Turned) => self.turned = true,
                Ok(InPlace::Busy) => return self.give_way(cx),
                Err(error) => {
                    tracing::error!("turn the loop: {error}");
                    return self.give_way(cx);
                }
            }
        }
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) -> Poll<Turned> {
        match self.news() {
            Some(turned) => Poll::Ready(turned),
            None => self.give_way(cx),
        }
    }

    /// What the turn brought, once it is made and there is something to tell, or no more to wait
    /// for.
    fn news(&mut self) -> Option<Turned> {
        if !self.turned {
            return None;
        }
        let mut io = lock(&self.io);
        io.collect();
        io.sift_watches();
        if self.may_wait && !io.has_news() {
            return None;
        }
        io.report_watches();
        Some((io.ring.batches.take(), std::mem::take(&mut io.ring.denied)))
    }

    /// A guest with news does not wait for more; nor does one that waits count as running.
    fn turn(&self) -> std::io::Result<InPlace> {
        if !self.solo.is_alone() {
            return Ok(InPlace::Busy);
        }
        let handle = {
            let mut io = lock(&self.io);
            // A watch that is not ready any more is no news.
            io.sift_watches();
            if !self.may_wait || io.has_news() {
                return io.handle.poll_in_place();
            }
            io.handle.clone()
        };
        self.pulse.end();
        let turned = handle.turn_in_place();
        self.pulse.begin();
        turned
    }

    /// Gives the thread back to the loop, for one turn at least.
    fn give_way(&mut self, cx: &mut Context<'_>) -> Poll<Turned> {
        self.turned = true;
        let mut io = lock(&self.io);
        let come_again = !self.may_wait || io.has_news() || io.ring.port.poll_ready(cx).is_ready();
        drop(io);
        if come_again {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        lock(&self.io).ring.entered = false;
    }
}
