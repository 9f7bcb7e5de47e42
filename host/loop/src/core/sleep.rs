//! Futures on the loop's clock: sleep, interval, timeout.
//! Dropping one takes its timer out of the queue at once.

use std::error::Error;
use std::fmt;
use std::future::{self, Future};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::{Handle, TimerHandle};

/// Waits for a moment of the loop's clock. Made by [`Handle::sleep`] and [`Handle::sleep_until`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    handle: Handle,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Ends with the turn in which it is first polled, whose number it keeps.
    Turn(Option<u64>),
    /// Not polled yet; `lazy` costs a turn even if the deadline has passed by then.
    Until {
        deadline: Instant,
        lazy: bool,
    },
    Waiting(TimerHandle),
    Never,
    Done,
}

impl Sleep {
    pub(super) fn for_delay(handle: &Handle, delay: Duration) -> Self {
        let state = if delay.is_zero() {
            State::Turn(None)
        } else if let Some(deadline) = handle.now().checked_add(delay) {
            State::Until {
                deadline,
                lazy: true,
            }
        } else {
            State::Never
        };
        Self {
            handle: handle.clone(),
            state,
        }
    }

    pub(super) fn until(handle: &Handle, deadline: Instant) -> Self {
        Self {
            handle: handle.clone(),
            state: State::Until {
                deadline,
                lazy: false,
            },
        }
    }

    fn yield_turn(&mut self, begun: Option<u64>, cx: &Context<'_>) -> Poll<()> {
        let turn = self.handle.turns();
        if begun.is_some_and(|begun| begun != turn) {
            return Poll::Ready(());
        }
        self.state = State::Turn(Some(turn));
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn begin(&mut self, deadline: Instant, lazy: bool, cx: &Context<'_>) -> Poll<()> {
        if !lazy && deadline <= self.handle.now() {
            return Poll::Ready(());
        }
        let timer = self.handle.call_at(deadline, cx.waker().clone());
        self.state = State::Waiting(timer);
        Poll::Pending
    }

    fn wait(&self, timer: &TimerHandle, cx: &Context<'_>) -> Poll<()> {
        if self.handle.has_expired(timer.deadline()) {
            return Poll::Ready(());
        }
        timer.rewake(cx.waker());
        Poll::Pending
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let ready = match &self.state {
            State::Turn(begun) => {
                let begun = *begun;
                self.yield_turn(begun, cx)
            }
            State::Until { deadline, lazy } => {
                let (deadline, lazy) = (*deadline, *lazy);
                self.begin(deadline, lazy, cx)
            }
            State::Waiting(timer) => self.wait(timer, cx),
            State::Never => Poll::Pending,
            State::Done => Poll::Ready(()),
        };
        if ready.is_ready() {
            self.state = State::Done;
        }
        ready
    }
}

/// A rhythm on the loop's clock. Made by [`Handle::interval`].
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    /// `None` past the end of time.
    next: Option<Instant>,
    sleep: Sleep,
}

impl Interval {
    pub(super) fn new(handle: &Handle, period: Duration) -> Self {
        Self {
            period,
            next: handle.now().checked_add(period),
            sleep: handle.sleep(period),
        }
    }

    /// Waits for the next tick; returns the instant it was due at. Dropping the future loses no
    /// tick.
    pub async fn tick(&mut self) -> Instant {
        future::poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Ready with the instant it was due at once the next tick has come.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let Some(due) = self.next else {
            return Poll::Pending;
        };
        std::task::ready!(Pin::new(&mut self.sleep).poll(cx));
        self.next = due.checked_add(self.period);
        self.sleep = self.following();
        Poll::Ready(due)
    }

    fn following(&self) -> Sleep {
        let handle = &self.sleep.handle;
        match self.next {
            Some(next) if !self.period.is_zero() => handle.sleep_until(next),
            _ => handle.sleep(self.period),
        }
    }
}

/// Why there is no output: the time was up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}

pin_project! {
    /// A future with a limit of time. Made by [`Handle::timeout`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    pub(super) fn new(sleep: Sleep, future: F) -> Self {
        Self { future, sleep }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    /// Asks the future first: an output that is there counts, however late.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(this.sleep).poll(cx).map(|()| Err(Elapsed))
    }
}
