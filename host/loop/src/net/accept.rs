//! What accepting has in common: an error of one connection is passed over with it, after an error
//! of the process the listener rests for a moment.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, mem};

use crate::{Registration, TimerHandle};

/// How long a listener counts as not readable after an error of the process.
pub(super) const REST: Duration = Duration::from_millis(100);

/// Accepts for a listener.
#[derive(Debug, Default)]
pub(super) struct Acceptor {
    /// Ends a rest.
    rest: Mutex<Option<TimerHandle>>,
}

impl Acceptor {
    /// Takes a connection with `accept` if the listener is readable.
    pub(super) fn accept<T>(
        &self,
        registration: &Registration,
        mut accept: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let accepted = registration.try_input(|| accept_one(&mut accept));
        accepted.inspect_err(|error| {
            if concerns_the_process(error) {
                self.rest(registration);
            }
        })
    }

    fn rest(&self, registration: &Registration) {
        let timer = registration.rest_reading(REST);
        // Named, so that the old one is dropped after the lock.
        let _old = mem::replace(&mut *lock(&self.rest), timer);
    }
}

fn accept_one<T>(accept: &mut impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match accept() {
            // Each takes one connection out of the queue, so this ends.
            Err(error) if concerns_one_connection(&error) => {
                tracing::debug!("accept a connection: {error}");
            }
            result => return result,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Errors that the next attempt would meet as well: descriptors or memory are used up.
#[cfg(unix)]
fn concerns_the_process(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    matches!(
        errno,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

#[cfg(not(unix))]
fn concerns_the_process(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}

/// Errors that the network left on a connection in the queue; see the notes of accept(2).
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
    ) || is_protocol_error(error)
}

#[cfg(unix)]
fn is_protocol_error(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        errno,
        Some(Errno::PROTO | Errno::NOPROTOOPT | Errno::HOSTDOWN | Errno::OPNOTSUPP | Errno::PERM)
    )
}

#[cfg(not(unix))]
fn is_protocol_error(_error: &io::Error) -> bool {
    false
}
