//! A connection as a descriptor of a child. A child expects one that blocks, which the loop must
//! never have: a pipe is opened anew, a socket is given away.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aio_loop::pipe::{PipeReader, PipeWriter};
use rustix::io::ioctl_fionbio;

use super::{ByteStream as _, InvalidState, Stream, Transport};

/// A descriptor for a child. Unless it is kept, the connection is as before once it is dropped.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) fd: OwnedFd,
    /// The socket that it is of.
    socket: Option<Arc<Stream>>,
}

impl Lent {
    /// The child has it.
    pub(crate) fn keep(mut self) {
        self.socket = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(stream) = self.socket.take() else {
            return;
        };
        match ioctl_fionbio(&self.fd, true) {
            Ok(()) => stream.lent.clear(),
            // It stays away from the loop.
            Err(error) => tracing::error!("take a socket back: {error}"),
        }
    }
}

/// Whether a child has the socket, so that it may block.
#[derive(Debug, Default)]
pub(super) struct LentMark(AtomicBool);

impl LentMark {
    /// Whether bytes may still go in and out here.
    pub(super) fn check(&self) -> Result<(), InvalidState> {
        match self.is_set() {
            true => Err(InvalidState),
            false => Ok(()),
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Stream {
    /// Makes a descriptor for a child of it. From then on a socket can only be closed here.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] with TLS, and with bytes that were taken back; and what the OS answers.
    pub(crate) fn lend(self: &Arc<Self>) -> io::Result<Lent> {
        if self.upgrade.get().is_some() || self.has_unread() {
            return Err(InvalidState.into());
        }
        match &self.transport {
            Transport::Reader(pipe) => Ok(pipe_end(PipeReader::reopen_blocking(pipe)?)),
            Transport::Writer(pipe) => Ok(pipe_end(PipeWriter::reopen_blocking(pipe)?)),
            Transport::Tcp(stream) => self.give_away(stream.as_fd()),
            Transport::Unix(stream) => self.give_away(stream.as_fd()),
            // A child inherits it.
            Transport::Standard(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn give_away(self: &Arc<Self>, socket: BorrowedFd<'_>) -> io::Result<Lent> {
        let fd = socket.try_clone_to_owned()?;
        // Several children may share one.
        let first = !self.lent.is_set();
        self.lent.set();
        let lent = Lent {
            fd,
            socket: first.then(|| Arc::clone(self)),
        };
        ioctl_fionbio(&lent.fd, false)?;
        Ok(lent)
    }
}

fn pipe_end(fd: OwnedFd) -> Lent {
    Lent { fd, socket: None }
}
