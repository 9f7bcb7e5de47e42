//! Signals of the process as sources of loops: any number of them, in any thread.
//! What a signal means is for who listens to say; what no program can wait for is refused.

mod alarm;
mod arrivals;
mod listening;
mod numbers;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

pub use self::arrivals::Arrival;
use self::arrivals::Arrivals;
use self::listening::{Claim, Listening};
pub use self::numbers::check;
use crate::core::Interest;
use crate::fd::Borrowed;
use crate::{Handle, Readiness, Registration};

/// Listens for the signals of `set` from now on, by their numbers; one that is named twice counts
/// once.
///
/// While anybody in the process listens for a signal, it has no other effect. After that the action
/// from before is in force again: the default one, say, which ends the process. A program that has
/// a handler of its own besides installs that first; it is then called as well.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use aio_loop::{Loop, signal};
///
/// let mut event_loop = Loop::new()?;
/// let signals = signal::signals(event_loop.handle(), &[1, 15])?;
/// signals.inject(15);
/// let arrival = event_loop.block_on(signals.next())?;
/// assert_eq!((arrival.number, arrival.count, arrival.sender), (15, 1, None));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] for an empty set, and for what no program can wait for: SIGKILL,
/// SIGSTOP and the faults SIGSEGV, SIGBUS, SIGFPE and SIGILL. [`io::ErrorKind::NotFound`] for a
/// number that is no signal. What the OS answers.
pub fn signals(handle: &Handle, set: &[i32]) -> io::Result<Signals> {
    Signals::new(handle, set, Claim::Taken)
}

/// Listens for the signals of `set` that nobody else in the process takes: those that arrive while
/// nobody listens for them by [`signals`].
///
/// # Errors
///
/// Those of [`signals`].
pub fn unclaimed(handle: &Handle, set: &[i32]) -> io::Result<Signals> {
    Signals::new(handle, set, Claim::Left)
}

/// Signals on their way to a loop. Dropping it ends the listening, and what was not taken is gone.
#[derive(Debug)]
pub struct Signals {
    // Before the descriptor of the arrivals: it deregisters while that is open.
    registration: Registration,
    arrivals: Arc<Arrivals>,
    /// Empty once it is closed.
    listening: Mutex<Vec<Listening>>,
}

impl Signals {
    fn new(handle: &Handle, set: &[i32], claim: Claim) -> io::Result<Self> {
        let numbers = numbers::checked(set)?;
        let arrivals = Arc::new(Arrivals::new(&numbers)?);
        let mut io = Borrowed(arrivals.fd());
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        let listen = |number| Listening::new(number, Arc::clone(&arrivals), claim);
        let listening = numbers.into_iter().map(listen);
        let listening = Mutex::new(listening.collect::<io::Result<_>>()?);
        Ok(Self {
            registration,
            arrivals,
            listening,
        })
    }

    /// Takes what has arrived of one signal; of several, the lowest number comes first.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing has arrived, [`io::ErrorKind::NotConnected`]
    /// after [`Signals::close`].
    pub fn try_next(&self) -> io::Result<Arrival> {
        let attempt = self.registration.attempt()?;
        loop {
            if let Some(arrival) = self.arrivals.take() {
                return Ok(arrival);
            }
            if !self.arrivals.silence() {
                self.registration.clear_readable(attempt);
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
    }

    /// Ready with what has arrived; errors are those of [`Signals::try_next`].
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        self.registration.poll_input(cx, || self.try_next())
    }

    /// Waits for a signal of the set. A future that is dropped has taken none.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotConnected`] after [`Signals::close`].
    pub async fn next(&self) -> io::Result<Arrival> {
        self.registration.input(|| self.try_next()).await
    }

    /// Has signal `number` arrive here, and nowhere else, from any thread; whether it is of the set
    /// and listened for. It has no sender.
    pub fn inject(&self, number: i32) -> bool {
        !self.registration.readiness().closed && self.arrivals.add(number, None)
    }

    /// What is known now: readable as long as something has arrived, never writable.
    pub fn readiness(&self) -> Readiness {
        if self.registration.readiness().readable && self.arrivals.is_empty() {
            self.settle();
        }
        Readiness {
            writable: false,
            ..self.registration.readiness()
        }
    }

    /// Forgets an alarm whose signals were taken before it was heard.
    fn settle(&self) {
        if let Ok(attempt) = self.registration.attempt() {
            self.arrivals.silence();
            if self.arrivals.is_empty() {
                self.registration.clear_readable(attempt);
            }
        }
    }

    /// Ends the listening and all waits; what was not taken is gone.
    pub fn close(&self) {
        self.registration.close();
        let listening = self.listening.lock();
        let listening = std::mem::take(&mut *listening.unwrap_or_else(PoisonError::into_inner));
        drop(listening);
    }

    /// The source of the arrivals.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }
}
