//! A question on its way: known at once, waiting for a thread, or with the system.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::lane::{Place, Wait};
use super::{LookupError, Resolver};
use crate::{Blocking, Handle, Sleep};

/// A question to the resolver. Dropping it forgets the answer, and one that has not been asked is
/// never asked.
#[must_use = "futures do nothing unless polled"]
pub struct Query<T> {
    state: State<T>,
    deadline: Option<Sleep>,
}

enum State<T> {
    Known(Result<T, LookupError>),
    Waiting {
        wait: Wait,
        handle: Handle,
        ask: Ask<T>,
    },
    Asked(Blocking<Result<T, LookupError>>),
    Over,
}

/// Blocks until the system has answered.
struct Ask<T>(Box<dyn FnOnce() -> Result<T, LookupError> + Send + Sync>);

impl<T: Send + 'static> Query<T> {
    /// Answers at once.
    pub(super) fn known(answer: Result<T, LookupError>) -> Self {
        Self::new(State::Known(answer))
    }

    /// Has `ask` called on a helper thread; it is dropped when the system is done with it.
    pub(super) fn ask(
        resolver: &Resolver,
        ask: impl FnOnce() -> Result<T, LookupError> + Send + Sync + 'static,
    ) -> Self {
        let ask = Ask(Box::new(ask));
        let handle = &resolver.handle;
        Self::new(match resolver.lane.enter() {
            Some(place) => ask.begin(handle, place),
            None => State::Waiting {
                wait: resolver.lane.wait(),
                handle: handle.clone(),
                ask,
            },
        })
    }

    fn new(state: State<T>) -> Self {
        Self {
            state,
            deadline: None,
        }
    }

    /// Gives up with [`LookupError::TimedOut`] after `delay`, counted from now.
    pub fn within(mut self, handle: &Handle, delay: Duration) -> Self {
        self.deadline = Some(handle.sleep(delay));
        self
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, LookupError>> {
        if let State::Waiting { wait, .. } = &mut self.state {
            let place = ready!(wait.poll(cx));
            self.begin(place);
        }
        match &mut self.state {
            State::Asked(call) => Pin::new(call).poll(cx),
            other => match mem::replace(other, State::Over) {
                State::Known(answer) => Poll::Ready(answer),
                _ => panic!("a lookup was polled after it was ready"),
            },
        }
    }

    fn begin(&mut self, place: Place) {
        if let State::Waiting { handle, ask, .. } = mem::replace(&mut self.state, State::Over) {
            self.state = ask.begin(&handle, place);
        }
    }
}

impl<T: Send + 'static> Ask<T> {
    /// The place is left when the system has answered, however long ago the query was dropped.
    fn begin(self, handle: &Handle, place: Place) -> State<T> {
        let call = handle.spawn_blocking(move || {
            let answer = self.answer();
            drop(place);
            answer
        });
        match call {
            Ok(call) => State::Asked(call),
            Err(full) => State::Known(Err(full.into())),
        }
    }

    /// `dns-lookup` panics at a name that is no UTF-8; who answers must not end the program.
    fn answer(self) -> Result<T, LookupError> {
        panic::catch_unwind(AssertUnwindSafe(self.0)).unwrap_or_else(|_panic| {
            let error = std::io::Error::other("the resolver's answer is not text");
            Err(LookupError::Other(error))
        })
    }
}

/// It is in no way pinned: what it awaits is behind a pointer of its own.
impl<T> Unpin for Query<T> {}

impl<T: Send + 'static> Future for Query<T> {
    type Output = Result<T, LookupError>;

    /// # Panics
    ///
    /// When it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = self.poll_answer(cx) {
            self.state = State::Over;
            return Poll::Ready(answer);
        }
        match &mut self.deadline {
            None => Poll::Pending,
            Some(deadline) => {
                ready!(Pin::new(deadline).poll(cx));
                self.state = State::Over;
                Poll::Ready(Err(LookupError::TimedOut))
            }
        }
    }
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").finish_non_exhaustive()
    }
}
