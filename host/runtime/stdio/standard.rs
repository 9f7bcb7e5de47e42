//! A standard stream as a handle of the guest: one of several views of it, of which each is closed
//! by itself. What is ready is asked of the stream when somebody wants to know, since others read
//! and write it too.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};

use aio_loop::net::{ByteStream, RawSocket};
use aio_loop::pipe::wrong_direction;
use aio_loop::{Handle, Readiness, Registration};

use super::stdin::{Stdin, would_block};
use super::stdout::{Place, Stdout};

/// One view of a standard stream. Dropping it leaves the stream to the others.
pub(crate) struct Standard {
    registration: Arc<Registration>,
    end: End,
    /// Whether this view was shut down.
    shut: AtomicBool,
}

/// Which way the bytes go.
enum End {
    /// With the view's number among the readers.
    In(Stdin, usize),
    /// With what waits for room on its behalf.
    Out(Stdout, Place, Waker),
}

/// Tells the view of an output that there may be room.
struct Room(Arc<Registration>);

impl Wake for Room {
    fn wake(self: Arc<Self>) {
        self.0.set_writable();
    }
}

impl Standard {
    pub(super) fn input(handle: &Handle, stdin: &Stdin) -> Self {
        let registration = Arc::new(Registration::unpolled(handle));
        let number = stdin.join(&registration);
        Self::new(registration, End::In(stdin.clone(), number))
    }

    pub(super) fn output(handle: &Handle, stdout: &Stdout) -> Self {
        let registration = Arc::new(Registration::unpolled(handle));
        let room = Waker::from(Arc::new(Room(Arc::clone(&registration))));
        let place = Place::new(stdout);
        Self::new(registration, End::Out(stdout.clone(), place, room))
    }

    fn new(registration: Arc<Registration>, end: End) -> Self {
        Self {
            registration,
            end,
            shut: AtomicBool::new(false),
        }
    }

    pub(crate) fn registration(&self) -> &Registration {
        &self.registration
    }

    /// What would not wait now. In the direction that it has not, an attempt tells so at once.
    pub(crate) fn readiness(&self) -> Readiness {
        let known = self.registration.readiness();
        match &self.end {
            End::In(stdin, _) => Readiness {
                readable: !would_block(&self.try_input(stdin, || stdin.try_readable())),
                ..known
            },
            End::Out(stdout, ..) => Readiness {
                writable: !would_block(&self.try_output(|| stdout.try_writable())),
                ..known
            },
        }
    }

    /// Reads what is there; nothing ahead of that.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.end {
            End::In(stdin, _) => self.try_input(stdin, || match self.is_shut() {
                true => Ok(0),
                false => stdin.try_read(buf),
            }),
            End::Out(..) => Err(wrong_direction()),
        }
    }

    /// Hands over what there is room for.
    pub(crate) fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.end {
            End::Out(stdout, ..) => self.try_output(|| match self.is_shut() {
                true => Err(rustix::io::Errno::PIPE.into()),
                false => stdout.try_write(buf),
            }),
            End::In(..) => Err(wrong_direction()),
        }
    }

    /// Ends this view, as far as it has that half: it reads no more, or writes no more.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match (&self.end, how) {
            (End::In(..), Shutdown::Write) | (End::Out(..), Shutdown::Read) => {
                Err(wrong_direction())
            }
            _ => {
                self.shut.store(true, Ordering::Relaxed);
                self.registration.set_readable();
                self.registration.set_writable();
                Ok(())
            }
        }
    }

    fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }

    /// Makes an attempt, and sees to it that an event tells when another is worth it.
    fn try_input<T>(
        &self,
        stdin: &Stdin,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let result = self.registration.try_input(&mut attempt);
        if would_block(&result) {
            stdin.tell(&self.registration);
        }
        result
    }

    /// The same for writing.
    fn try_output<T>(&self, attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let result = self.registration.try_output(attempt);
        if let (true, End::Out(_, place, room)) = (would_block(&result), &self.end)
            && place.poll_room(&mut Context::from_waker(room)).is_ready()
        {
            self.registration.set_writable();
        }
        result
    }
}

impl ByteStream for Standard {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let read = self.try_read(buf);
            if !would_block(&read) {
                return Poll::Ready(read);
            }
            ready!(self.registration.poll_readable(cx));
        }
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let written = self.try_write(buf);
            if !would_block(&written) {
                return Poll::Ready(written);
            }
            ready!(self.registration.poll_writable(cx));
        }
    }

    fn unread(&self, bytes: &[u8]) {
        if let End::In(stdin, _) = &self.end {
            stdin.unread(bytes);
        }
    }

    fn has_unread(&self) -> bool {
        matches!(&self.end, End::In(stdin, _) if stdin.has_unread())
    }

    /// Others use the descriptor as well, and there may be none.
    fn socket(&self) -> Option<RawSocket<'_>> {
        None
    }
}

impl Drop for Standard {
    fn drop(&mut self) {
        if let End::In(stdin, number) = &self.end {
            stdin.leave(*number);
        }
    }
}

impl fmt::Debug for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standard")
            .field("registration", &self.registration)
            .field("shut", &self.shut)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests;
