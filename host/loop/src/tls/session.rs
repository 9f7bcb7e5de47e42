//! A TLS session beside the stream that it runs on. It behaves like that stream: an attempt at
//! once, `WouldBlock` when it must wait, and a future that does both.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use super::{Engine, Error, Negotiated, Transport};
use crate::net::unread::Unread;

/// A session, driven by whoever reads, writes or waits for the handshake. All methods take
/// `&self`, and all of one session the same stream.
///
/// What was accepted to be written may wait here for room in the stream, at most
/// [`BUFFERED_MAX`](super::BUFFERED_MAX) bytes: while [`Session::wants_write`] says so, somebody
/// must [`flush`](Session::flush).
#[derive(Debug)]
pub struct Session {
    driver: Mutex<Driver>,
    /// Plaintext that was taken back.
    unread: Unread,
    /// What the last operation left behind, to be asked without the lock.
    readable: AtomicBool,
    waiting: AtomicBool,
}

impl Session {
    /// Puts `engine` to work.
    pub fn new(engine: Engine) -> Self {
        let waiting = AtomicBool::new(engine.wants_write());
        Self {
            driver: Mutex::new(Driver {
                engine,
                broken: None,
            }),
            unread: Unread::default(),
            readable: AtomicBool::new(false),
            waiting,
        }
    }

    fn drive<T>(&self, operation: impl FnOnce(&mut Driver) -> T) -> T {
        // Nothing under this lock is left half done by a panic that a caller could see.
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let result = operation(&mut driver);
        self.readable
            .store(driver.engine.is_readable(), Ordering::Relaxed);
        self.waiting.store(driver.wants_write(), Ordering::Relaxed);
        result
    }

    /// Takes the handshake as far as it goes now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] while it is under way, the [`Error`] that ended it, and what
    /// the stream answers.
    pub fn try_handshake(&self, io: &impl Transport) -> io::Result<()> {
        self.drive(|driver| driver.handshake(io))
    }

    /// Reads plaintext, up to the length of `buf`; `Ok(0)` is the end that the peer has told, or an
    /// empty `buf`.
    ///
    /// Less than asked for means that there is no more for now, or that the end comes next.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is none, the [`Error`] that ended the session,
    /// [`Error::Truncated`] above all, and what the stream answers.
    pub fn try_read(&self, io: &impl Transport, buf: &mut [u8]) -> io::Result<usize> {
        io.registration().attempt()?;
        if let Some(taken) = self.unread.take(buf) {
            return Ok(taken);
        }
        self.drive(|driver| driver.read(io, buf))
    }

    /// Takes as much of `buf` as can be sent now, and perhaps 64 KiB more. All that is counted is
    /// on its way; nothing more is taken before it has left.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing was taken, [`Error::Closed`] after
    /// [`Session::close_notify`], the [`Error`] that ended the session, and what the stream
    /// answers.
    pub fn try_write(&self, io: &impl Transport, buf: &[u8]) -> io::Result<usize> {
        io.registration().attempt()?;
        self.drive(|driver| driver.write(io, buf))
    }

    /// Hands to the stream what waits here.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when not all fits, and what the stream answers.
    pub fn try_flush(&self, io: &impl Transport) -> io::Result<()> {
        self.drive(|driver| driver.flush(io))
    }

    /// Says to the peer that this side sends no more, once that is flushed. It may still send.
    pub fn close_notify(&self) {
        self.drive(|driver| driver.engine.close_notify());
    }

    /// Whether a read would bring something without a look at the stream: plaintext, the end, or
    /// an error.
    pub fn is_readable(&self) -> bool {
        self.has_unread() || self.readable.load(Ordering::Relaxed)
    }

    /// Takes back plaintext that was read: the next read returns it first.
    pub fn unread(&self, bytes: &[u8]) {
        self.unread.give_back(bytes);
    }

    /// Whether there is plaintext that was taken back.
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Whether nothing more is to come from the peer, or to go to it.
    pub fn has_ended(&self) -> bool {
        self.drive(|driver| driver.broken.is_some() || driver.engine.has_ended())
    }

    /// Whether something waits for room in the stream.
    pub fn wants_write(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the handshake is under way.
    pub fn is_handshaking(&self) -> bool {
        self.drive(|driver| driver.engine.is_handshaking())
    }

    /// What was agreed on; `None` before.
    pub fn negotiated(&self) -> Option<Negotiated> {
        self.drive(|driver| driver.engine.negotiated())
    }

    /// Has both sides take new keys, in TLS 1.3; the word goes out with the next flush.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::update_keys`].
    pub fn update_keys(&self) -> Result<(), Error> {
        self.drive(|driver| driver.engine.update_keys())
    }

    /// Waits for the end of the handshake. A future that is dropped leaves it where it is.
    ///
    /// # Errors
    ///
    /// Those of [`Session::try_handshake`] but `WouldBlock`.
    pub async fn handshake(&self, io: &impl Transport) -> io::Result<()> {
        self.until(io, Wanted::Read, || self.try_handshake(io))
            .await
    }

    /// Waits for plaintext. A future that is dropped has read nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Session::try_read`] but `WouldBlock`.
    pub async fn read(&self, io: &impl Transport, buf: &mut [u8]) -> io::Result<usize> {
        self.until(io, Wanted::Read, || self.try_read(io, buf))
            .await
    }

    /// Waits until something of `buf` is taken. A future that is dropped has written nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Session::try_write`] but `WouldBlock`.
    pub async fn write(&self, io: &impl Transport, buf: &[u8]) -> io::Result<usize> {
        self.until(io, Wanted::Write, || self.try_write(io, buf))
            .await
    }

    /// Waits until the stream has taken all that waits here.
    ///
    /// # Errors
    ///
    /// Those of [`Session::try_flush`] but `WouldBlock`.
    pub async fn flush(&self, io: &impl Transport) -> io::Result<()> {
        io.registration().output(|| self.try_flush(io)).await
    }

    async fn until<T>(
        &self,
        io: &impl Transport,
        wanted: Wanted,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            self.ready(io, wanted).await;
        }
    }

    /// Waits until an attempt that would have blocked is worth another try. Either direction may
    /// need the other: a handshake to write, and a read to flush.
    async fn ready(&self, io: &impl Transport, wanted: Wanted) {
        let (reads, writes) = self.drive(|driver| driver.awaits(wanted));
        let mut readable = pin!(io.registration().readable());
        let mut writable = pin!(io.registration().writable());
        poll_fn(|cx| {
            let ready = reads && readable.as_mut().poll(cx).is_ready()
                || writes && writable.as_mut().poll(cx).is_ready();
            if ready {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// What an attempt was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Read,
    Write,
}

#[derive(Debug)]
struct Driver {
    engine: Engine,
    /// The stream takes no more: nobody waits for room in it.
    broken: Option<Broken>,
}

impl Driver {
    /// The directions of the stream that an attempt that would have blocked waits for.
    fn awaits(&self, wanted: Wanted) -> (bool, bool) {
        let reads = wanted == Wanted::Read || self.engine.is_handshaking();
        (reads, !reads || self.wants_write())
    }

    fn wants_write(&self) -> bool {
        self.broken.is_none() && self.engine.wants_write()
    }

    fn handshake(&mut self, io: &impl Transport) -> io::Result<()> {
        loop {
            let flushed = self.flush(io);
            if !self.engine.is_handshaking() {
                return Ok(());
            }
            match (self.receive(io), flushed) {
                (Ok(()), _) if self.engine.has_ended() => return Err(Error::Truncated.into()),
                (Ok(()), _) => {}
                // A peer that goes away may have said why; that comes before the news of its going.
                (Err(error), Err(broken)) if would_block(&error) && !would_block(&broken) => {
                    return Err(broken);
                }
                (Err(error), _) => return Err(error),
            }
        }
    }

    fn read(&mut self, io: &impl Transport, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read_some(io, &mut buf[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                // What stands in the way comes up again in the next attempt.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn read_some(&mut self, io: &impl Transport, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.engine.read_plain(buf) {
                Err(error) if would_block(&error) => {}
                result => return result,
            }
            self.flush_aside(io);
            self.receive(io)?;
        }
    }

    fn write(&mut self, io: &impl Transport, buf: &[u8]) -> io::Result<usize> {
        if self.engine.is_handshaking() {
            self.handshake(io)?;
        }
        let mut taken = 0;
        loop {
            let step = self.flush(io).and_then(|()| match buf.get(taken..) {
                Some(rest) if !rest.is_empty() => self.engine.write_plain(rest),
                _ => Ok(0),
            });
            match step {
                Ok(0) => return Ok(taken),
                Ok(more) => taken += more,
                Err(_) if taken > 0 => return Ok(taken),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes bytes off the stream, once. A session that fails tells the peer why, if it can.
    fn receive(&mut self, io: &impl Transport) -> io::Result<()> {
        let received = self.engine.read_tls_from(|buf| io.try_read(buf));
        if received
            .as_ref()
            .is_err_and(|error| Error::of(error).is_some())
        {
            self.flush_aside(io);
        }
        received.map(drop)
    }

    fn flush(&mut self, io: &impl Transport) -> io::Result<()> {
        if let Some(broken) = self.broken {
            return Err(broken.into());
        }
        while self.engine.wants_write() {
            let sent = self.engine.write_tls_to(|bufs| io.try_write_vectored(bufs));
            if let Err(error) = sent {
                if !would_block(&error) {
                    self.broken = Some(Broken::from(&error));
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Flushes what fits while something else is the matter: a writer will hear of the error.
    fn flush_aside(&mut self, io: &impl Transport) {
        if self.wants_write() {
            self.flush(io).ok();
        }
    }
}

/// The error after which a stream takes no more, in a form that can be told again.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Os(i32),
    Kind(io::ErrorKind),
}

impl From<&io::Error> for Broken {
    fn from(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) => Self::Os(number),
            None => Self::Kind(error.kind()),
        }
    }
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Os(number) => Self::from_raw_os_error(number),
            Broken::Kind(kind) => kind.into(),
        }
    }
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
