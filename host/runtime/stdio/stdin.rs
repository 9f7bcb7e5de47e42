//! A guest's standard input: read when somebody asks for it and no byte further, and never so that
//! the loop blocks. All who read it share one position.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use aio_loop::Registration;
use bytes::{Buf, Bytes};
use slab::Slab;

/// Where the bytes come from.
pub(crate) enum Source {
    /// The host has none.
    Absent,
    Bytes(Mutex<Bytes>),
    Fd(aio_loop::fd::Stdio),
}

impl Source {
    /// Bytes that are there already.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(Mutex::new(bytes.into()))
    }
}

/// The standard input of one guest. Clones read on where another stopped.
#[derive(Clone)]
pub(crate) struct Stdin {
    source: Arc<Source>,
    holders: Arc<Holders>,
    terminal: bool,
}

impl Stdin {
    pub(crate) fn new(source: Source, terminal: bool) -> Self {
        Self {
            source: Arc::new(source),
            holders: Arc::default(),
            terminal,
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(*self.source, Source::Absent)
    }

    /// The descriptor, if there is one.
    pub(super) fn fd(&self) -> Option<&aio_loop::fd::Stdio> {
        match &*self.source {
            Source::Fd(fd) => Some(fd),
            Source::Absent | Source::Bytes(_) => None,
        }
    }

    /// Reads what is there; `Ok(0)` is the end, of which a terminal may have several.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &*self.source {
            Source::Absent => Ok(0),
            Source::Bytes(bytes) => Ok(copy(&mut lock(bytes), buffer)),
            Source::Fd(fd) => fd.try_read(buffer),
        }
    }

    /// `WouldBlock` when a read would find nothing to tell.
    pub(super) fn try_readable(&self) -> io::Result<()> {
        self.fd().map_or(Ok(()), aio_loop::fd::Stdio::try_readable)
    }

    /// Ready when a read has something to tell.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        while would_block(&self.try_readable()) {
            ready!(self.poll_event(cx));
        }
        Poll::Ready(())
    }

    /// Ready as soon as something could be read.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let read = self.try_read(buffer);
            if !would_block(&read) {
                return Poll::Ready(read);
            }
            ready!(self.poll_event(cx));
        }
    }

    /// Ready when the system has told that a read is worth a try.
    fn poll_event(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.fd().and_then(aio_loop::fd::Stdio::registration) {
            Some(registration) => registration.poll_readable(cx),
            None => Poll::Ready(()),
        }
    }

    /// Takes back bytes that were read: the next read returns them first.
    pub(super) fn unread(&self, bytes: &[u8]) {
        match &*self.source {
            Source::Absent => {}
            Source::Bytes(rest) => {
                let mut rest = lock(rest);
                *rest = [bytes, &rest].concat().into();
            }
            Source::Fd(fd) => fd.unread(bytes),
        }
    }

    pub(super) fn has_unread(&self) -> bool {
        self.fd().is_some_and(aio_loop::fd::Stdio::has_unread)
    }

    /// Has `holder` told when a read is worth a try, after one that was not.
    pub(super) fn tell(&self, holder: &Registration) {
        let waker = Waker::from(Arc::clone(&self.holders));
        if self.poll_event(&mut Context::from_waker(&waker)).is_ready() {
            holder.set_readable();
        }
    }

    /// Counts `holder` among those who are told.
    pub(super) fn join(&self, holder: &Arc<Registration>) -> usize {
        self.holders.lock().insert(Arc::clone(holder))
    }

    /// Forgets the holder of this number.
    pub(super) fn leave(&self, number: usize) {
        // Named, so that it outlives the lock.
        let _holder = self.holders.lock().try_remove(number);
    }
}

fn copy(bytes: &mut Bytes, buffer: &mut [u8]) -> usize {
    let count = bytes.len().min(buffer.len());
    bytes.copy_to_slice(&mut buffer[..count]);
    count
}

fn lock(bytes: &Mutex<Bytes>) -> MutexGuard<'_, Bytes> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Those who hold the stream by a handle. One waker stands for all of them, and leaves nothing
/// behind when they come and go.
#[derive(Default)]
struct Holders(Mutex<Slab<Arc<Registration>>>);

impl Holders {
    fn lock(&self) -> MutexGuard<'_, Slab<Arc<Registration>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Holders {
    fn wake(self: Arc<Self>) {
        // Collected, because whom this wakes may come for the lock.
        let holders: Vec<_> = self
            .lock()
            .iter()
            .map(|(_, holder)| holder.clone())
            .collect();
        for holder in holders {
            holder.set_readable();
        }
    }
}
