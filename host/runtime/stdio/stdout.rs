//! A guest's standard output or error, whichever door it writes through. Bytes are written at once;
//! what the reader has no room for waits in a bounded buffer, which a task of the loop writes out.
//! Once the guest was told that bytes are taken, they are lost only if the descriptor itself fails.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use aio_loop::Handle;
use aio_loop::terminal::{self, Size};
use bytes::{Buf, BytesMut};

use super::Captured;
use super::filter::Filter;

/// How many bytes wait behind standard output before the guest has to.
pub(crate) const BUFFER_MAX: usize = 64 * 1024;

/// The least room that is offered: a guest that gets byte by byte what a slow reader frees would
/// make a system call for each.
pub(crate) const ROOM_MIN: usize = 4096;

/// WASI 0.2 lets each of several streams to one output hold a permit for all of its room, so the
/// buffer must be able to grow beyond it; but not without an end.
pub(crate) const PERMITTED_MAX: usize = 16 * BUFFER_MAX;

/// Where the bytes go.
pub(crate) enum Sink {
    /// Nowhere: the host has none.
    Absent,
    Null,
    Captured(Captured),
    Fd(aio_loop::fd::Stdio),
}

impl Sink {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Absent | Self::Null => Ok(bytes.len()),
            Self::Captured(captured) => captured.write(bytes),
            Self::Fd(fd) => fd.try_write(bytes),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Fd(fd) => fd.poll_write(cx, bytes),
            _ => Poll::Ready(self.try_write(bytes)),
        }
    }
}

/// Why nothing more can be written. Kept, because every stream of the guest is to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: io::ErrorKind,
    code: Option<i32>,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            kind: error.kind(),
            code: error.raw_os_error(),
        }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        failure
            .code
            .map_or_else(|| failure.kind.into(), Self::from_raw_os_error)
    }
}

/// One output of one guest. Clones write to the same.
#[derive(Clone)]
pub(crate) struct Stdout {
    shared: Arc<Mutex<Shared>>,
    handle: Handle,
    terminal: bool,
}

impl Stdout {
    /// An output behind which up to 64 KiB wait for a slow reader.
    pub(crate) fn buffered(handle: &Handle, sink: Sink, terminal: bool) -> Self {
        Self::new(handle, sink, terminal, BUFFER_MAX)
    }

    /// An output that takes nothing more while one write still waits for a slow reader.
    pub(crate) fn unbuffered(handle: &Handle, sink: Sink, terminal: bool) -> Self {
        Self::new(handle, sink, terminal, ROOM_MIN)
    }

    /// Lets nothing pass to a terminal that it would take for a command.
    pub(super) fn filtered(self) -> Self {
        if self.terminal {
            self.shared().filter = Some(Filter::default());
        }
        self
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.shared().sink, Sink::Absent)
    }

    fn new(handle: &Handle, sink: Sink, terminal: bool, max: usize) -> Self {
        let shared = Shared {
            sink,
            filter: None,
            max,
            buffer: BytesMut::new(),
            taken: 0,
            failure: None,
            draining: false,
            waiting: BTreeMap::new(),
            next_place: 0,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            handle: handle.clone(),
            terminal,
        }
    }

    /// Waits until everything that was taken is written.
    ///
    /// # Errors
    ///
    /// Why it cannot be; that the reader has gone is none.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        let all = self.shared().taken;
        let place = Place::new(self);
        poll_fn(|cx| place.poll_until(cx, |shared| shared.is_written(all))).await;
        match self.shared().failure {
            Some(failure) if failure.kind != io::ErrorKind::BrokenPipe => Err(failure.into()),
            _ => Ok(()),
        }
    }

    /// Takes what of `bytes` there is room for; `WouldBlock` when there is none.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_writable()?;
        let count = bytes.len().min(self.shared().room());
        self.write(&bytes[..count])?;
        Ok(count)
    }

    /// `WouldBlock` when there is no room.
    pub(super) fn try_writable(&self) -> io::Result<()> {
        let shared = self.shared();
        shared.check()?;
        match shared.room() {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(()),
        }
    }

    /// Takes all of `bytes`, whatever room there is; who calls has asked for it.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut shared = self.shared();
        shared.check()?;
        shared.write(bytes);
        let drain = !shared.buffer.is_empty() && !std::mem::replace(&mut shared.draining, true);
        let result = shared.check();
        drop(shared);
        if drain {
            self.drain();
        }
        result
    }

    /// Writes out what waits, as a task of the loop: the guest may be asleep meanwhile, or gone.
    fn drain(&self) {
        let output = self.clone();
        self.handle
            .spawn(poll_fn(move |cx| output.poll_drain(cx)))
            .detach();
    }

    fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.shared();
        let waits = shared.buffer.len();
        let drained = shared.poll_drain(cx);
        let waiting = if drained.is_ready() || shared.buffer.len() < waits {
            std::mem::take(&mut shared.waiting)
        } else {
            BTreeMap::new()
        };
        drop(shared);
        waiting.into_values().for_each(Waker::wake);
        drained
    }

    /// Asks the terminal for its size.
    pub(crate) fn terminal_size(&self) -> io::Result<Size> {
        match &self.shared().sink {
            Sink::Fd(fd) => terminal::size(fd),
            Sink::Absent | Sink::Null | Sink::Captured(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Shared {
    sink: Sink,
    filter: Option<Filter>,
    /// How many bytes may wait.
    pub(crate) max: usize,
    pub(crate) buffer: BytesMut,
    /// How many bytes the guest has handed over since the start, without those left out.
    pub(crate) taken: u64,
    failure: Option<Failure>,
    /// Whether a task is at work on the buffer; if not, the buffer is empty.
    draining: bool,
    pub(crate) waiting: BTreeMap<u64, Waker>,
    next_place: u64,
}

impl Shared {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.failure.map_or(Ok(()), Err)
    }

    /// How many bytes may be handed over now.
    pub(crate) fn room(&self) -> usize {
        let room = self.max.saturating_sub(self.buffer.len());
        if room < ROOM_MIN { 0 } else { room }
    }

    /// Whether the first `count` bytes ever taken are written, or never will be.
    pub(crate) fn is_written(&self, count: u64) -> bool {
        let waits = self.buffer.len() as u64;
        self.taken.saturating_sub(waits) >= count
    }

    /// The one place that all output passes.
    fn write(&mut self, bytes: &[u8]) {
        match self.filter.take() {
            Some(mut filter) => {
                self.put(filter.pass(bytes));
                self.filter = Some(filter);
            }
            None => self.put(bytes),
        }
    }

    fn put(&mut self, mut bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        while !self.draining && !bytes.is_empty() {
            match self.sink.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                written => match self.written(written) {
                    Some(count) => bytes = &bytes[count..],
                    None => return,
                },
            }
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.buffer.is_empty() {
            let written = ready!(self.sink.poll_write(cx, &self.buffer));
            if let Some(count) = self.written(written) {
                self.buffer.advance(count);
            }
        }
        self.draining = false;
        Poll::Ready(())
    }

    /// The number of bytes written. None is the end: what waits is given up.
    fn written(&mut self, written: io::Result<usize>) -> Option<usize> {
        let failure = match written {
            Ok(0) => io::ErrorKind::WriteZero.into(),
            Ok(count) => return Some(count),
            Err(error) => error,
        };
        self.failure = Some(failure.into());
        self.buffer.clear();
        None
    }
}

/// A place among those who wait for a turn of the output; it is given up when dropped.
pub(crate) struct Place {
    output: Stdout,
    number: u64,
}

impl Place {
    pub(crate) fn new(output: &Stdout) -> Self {
        let mut shared = output.shared();
        shared.next_place += 1;
        Self {
            number: shared.next_place,
            output: output.clone(),
        }
    }

    /// Ready when there is room, or nothing more to wait for.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_until(cx, |shared| shared.room() > 0)
    }

    /// Ready when `done`, or when there is nothing more to wait for.
    pub(crate) fn poll_until(
        &self,
        cx: &mut Context<'_>,
        done: impl Fn(&Shared) -> bool,
    ) -> Poll<()> {
        let mut shared = self.output.shared();
        if shared.failure.is_some() || done(&shared) {
            return Poll::Ready(());
        }
        let previous = shared.waiting.insert(self.number, cx.waker().clone());
        drop(shared);
        drop(previous);
        Poll::Pending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Named, so that it outlives the lock: a waker may own the last reference to a task.
        let _waker = self.output.shared().waiting.remove(&self.number);
    }
}
