//! Operations that are tried at once, and what they say of readiness when they come up short.
//! `WouldBlock` is handled here: the attempt that finds it clears the bit it relied on, and who
//! waits tries again.

use std::io;
use std::task::{Context, Poll, ready};

use super::Registration;
use super::registration::EDGE_TRIGGERED;
use super::source::{CLOSED, READ_CLOSED, READABLE, TICKS, WRITABLE, WRITE_STALE};

/// The state in which an attempt at an operation found its source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt(u32);

impl Registration {
    fn admit(&self, bit: u32) -> io::Result<Attempt> {
        let attempt = self.attempt()?;
        if attempt.0 & bit == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(attempt)
    }

    /// Clears `bit`, unless an event came since the attempt began.
    fn clear(&self, attempt: Attempt, bit: u32) {
        self.source.update(|state| {
            if (state ^ attempt.0) & TICKS == 0 {
                state & !bit
            } else {
                state
            }
        });
    }

    /// Begins an attempt that does not rely on readiness, only on the source being open.
    pub(crate) fn attempt(&self) -> io::Result<Attempt> {
        let state = self.state();
        if state & CLOSED != 0 {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "closed"));
        }
        Ok(Attempt(state))
    }

    /// Notes that an attempt found nothing to read.
    #[cfg(unix)]
    pub(crate) fn clear_readable(&self, attempt: Attempt) {
        self.clear(attempt, READABLE);
    }

    /// Notes that an attempt found no room to write.
    #[cfg(unix)]
    pub(crate) fn clear_writable(&self, attempt: Attempt) {
        self.clear(attempt, WRITABLE);
    }

    /// Runs `operation` if the source is readable. Only `WouldBlock` clears the readiness.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] also when the source is not ready,
    /// [`io::ErrorKind::NotConnected`] after [`Registration::close`], and those of `operation`.
    pub fn try_input<T>(&self, operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let attempt = self.admit(READABLE)?;
        let result = uninterrupted(operation);
        if would_block(&result) {
            self.clear(attempt, READABLE);
        }
        result
    }

    /// Runs `operation` if the source is writable. Only `WouldBlock` clears the readiness.
    ///
    /// # Errors
    ///
    /// As for [`Registration::try_input`].
    pub fn try_output<T>(&self, operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let attempt = self.admit(WRITABLE)?;
        let result = uninterrupted(operation);
        if would_block(&result) {
            self.clear(attempt, WRITABLE);
        }
        result
    }

    /// Reads up to `len` bytes with `read` if the source is readable. A short read clears the
    /// readiness.
    pub(crate) fn try_read(
        &self,
        len: usize,
        read: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let attempt = self.admit(READABLE)?;
        let result = uninterrupted(read);
        match result {
            Ok(0) if len > 0 => {
                self.source.update(|state| state | READ_CLOSED);
            }
            Ok(n) if EDGE_TRIGGERED && n < len && attempt.0 & READ_CLOSED == 0 => {
                self.clear(attempt, READABLE);
            }
            _ if would_block(&result) => self.clear(attempt, READABLE),
            _ => {}
        }
        result
    }

    /// Writes `len` bytes with `write` if the source is writable. A short write clears the
    /// readiness and asks the OS for the next.
    pub(crate) fn try_write(
        &self,
        len: usize,
        write: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let attempt = self.admit(WRITABLE)?;
        let result = uninterrupted(write);
        match result {
            // What was written counts; the next attempt brings the error of a failed request up.
            Ok(n) if n < len && EDGE_TRIGGERED => drop(self.await_room(attempt)),
            Ok(_) if attempt.0 & WRITE_STALE != 0 && EDGE_TRIGGERED => self.unwant_writable(),
            _ if would_block(&result) => self.await_room(attempt)?,
            _ => {}
        }
        result
    }

    /// Makes `attempt` until it finds something to read. Dropped, it leaves no waiter behind.
    pub(crate) async fn input<T>(
        &self,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let result = attempt();
            if !would_block(&result) {
                return result;
            }
            self.readable().await;
        }
    }

    /// Makes `attempt` until it finds room to write. Dropped, it leaves no waiter behind.
    pub(crate) async fn output<T>(
        &self,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let result = attempt();
            if !would_block(&result) {
                return result;
            }
            self.writable().await;
        }
    }

    /// Writes all of `buf` with `attempt`. Dropped, it leaves no waiter behind.
    pub(crate) async fn output_all(
        &self,
        mut buf: &[u8],
        mut attempt: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<()> {
        while !buf.is_empty() {
            let written = self.output(|| attempt(buf)).await?;
            buf = buf.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ready with what `attempt` found to read.
    pub(crate) fn poll_input<T>(
        &self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            let result = attempt();
            if !would_block(&result) {
                return Poll::Ready(result);
            }
            ready!(self.poll_readable(cx));
        }
    }

    /// Ready with what became of `attempt` when there was room to write.
    pub(crate) fn poll_output<T>(
        &self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            let result = attempt();
            if !would_block(&result) {
                return Poll::Ready(result);
            }
            ready!(self.poll_writable(cx));
        }
    }

    fn await_room(&self, attempt: Attempt) -> io::Result<()> {
        self.clear(attempt, WRITABLE);
        self.want_writable().inspect_err(|_| {
            self.source.update(|state| state | WRITABLE);
        })
    }
}

fn would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn uninterrupted<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use crate::testing::{socket_pair, virtual_loop};

    #[test]
    fn a_wait_that_is_given_up_leaves_no_waker_behind() {
        let event_loop = virtual_loop().unwrap();
        let (near, _far) = socket_pair(event_loop.handle()).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        {
            let mut buf = [0; 8];
            let mut read = pin!(near.read(&mut buf));
            assert!(read.as_mut().poll(&mut cx).is_pending());
            assert_eq!(near.registration().read_waiters(), 1);
            assert!(read.as_mut().poll(&mut cx).is_pending());
            assert_eq!(near.registration().read_waiters(), 1);
        }
        assert_eq!(near.registration().read_waiters(), 0);
    }

    #[test]
    fn an_anonymous_waiter_is_kept_once_however_often_it_polls() {
        let event_loop = virtual_loop().unwrap();
        let (near, _far) = socket_pair(event_loop.handle()).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(near.registration().poll_readable(&mut cx).is_pending());
        }
        assert_eq!(near.registration().read_waiters(), 1);
    }
}
