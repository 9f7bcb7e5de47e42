//! A source known to the reactor, from the side of its owner: readiness, waits, attachment,
//! interest. It reads and writes nothing itself; what does is in `attempt.rs`.

use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::source::{
    ATTACHED, CLOSED, Direction, READABLE, Source, WRITABLE, WRITE_INTEREST, WRITE_STALE,
};
use super::token::Token;
use super::{Handle, Port, Readable, Readiness, Writable, lock};

/// Whether the OS reports a change once and then again by itself, so that a short read or write
/// means that the next change will be told, and interests may change at any time. Where not, both
/// directions are registered from the start and only `WouldBlock` clears.
pub(super) const EDGE_TRIGGERED: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly",
));

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Input, or its end.
    Readable,
    /// Room for output.
    #[cfg_attr(not(unix), expect(dead_code, reason = "sockets have input"))]
    Writable,
    /// Both.
    Both,
}

impl Interest {
    fn to_mio(self) -> mio::Interest {
        match self {
            _ if !EDGE_TRIGGERED => mio::Interest::READABLE | mio::Interest::WRITABLE,
            Self::Readable => mio::Interest::READABLE,
            Self::Writable => mio::Interest::WRITABLE,
            Self::Both => mio::Interest::READABLE | mio::Interest::WRITABLE,
        }
    }
}

/// A source known to the reactor. Dropping it deregisters.
#[derive(Debug)]
pub struct Registration {
    handle: Handle,
    pub(super) source: Arc<Source>,
    /// `None` for a source that the OS does not poll.
    polled: Option<Polled>,
    interest: Mutex<Interest>,
}

/// What the OS knows of a source.
#[derive(Debug)]
struct Polled {
    token: Token,
    /// The owner keeps it open for as long as the registration lives.
    #[cfg(unix)]
    fd: std::os::fd::RawFd,
}

/// What can be registered.
#[cfg(unix)]
pub(crate) trait Pollable: mio::event::Source + std::os::fd::AsRawFd {}
#[cfg(unix)]
impl<S: mio::event::Source + std::os::fd::AsRawFd> Pollable for S {}
/// What can be registered.
#[cfg(not(unix))]
pub(crate) trait Pollable: mio::event::Source {}
#[cfg(not(unix))]
impl<S: mio::event::Source> Pollable for S {}

impl Registration {
    /// Registers `io`. The direction that is not of `interest` counts as ready until an attempt
    /// shows otherwise.
    pub(crate) fn new(
        handle: &Handle,
        io: &mut impl Pollable,
        interest: Interest,
    ) -> io::Result<Self> {
        let state = match interest {
            Interest::Readable => WRITABLE,
            Interest::Writable => READABLE | WRITE_INTEREST,
            Interest::Both => WRITE_INTEREST,
        };
        let source = Arc::new(Source::new(state));
        let token = handle
            .reactor()
            .register(io, source.clone(), interest.to_mio())?;
        Ok(Self {
            handle: handle.clone(),
            source,
            polled: Some(Polled {
                token,
                #[cfg(unix)]
                fd: io.as_raw_fd(),
            }),
            interest: Mutex::new(interest),
        })
    }

    /// Makes a source that the OS does not poll. Both directions count as ready until an attempt
    /// shows otherwise, and again when the owner says so.
    pub fn unpolled(handle: &Handle) -> Self {
        Self {
            handle: handle.clone(),
            // What the OS need not be asked for is as good as asked for.
            source: Arc::new(Source::new(READABLE | WRITABLE | WRITE_INTEREST)),
            polled: None,
            interest: Mutex::new(Interest::Both),
        }
    }

    /// Says that a read is worth a try, as an event does.
    pub fn set_readable(&self) {
        self.tell(READABLE);
    }

    /// Says that a write is worth a try, as an event does.
    pub fn set_writable(&self) {
        self.tell(WRITABLE);
    }

    fn tell(&self, bits: u32) {
        let mut wakes = Vec::new();
        self.source.apply(bits, &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn state(&self) -> u32 {
        self.source.state()
    }

    /// What is known of the source now.
    pub fn readiness(&self) -> Readiness {
        Readiness::from_bits(self.state())
    }

    /// Waits until a read is worth a try. A closed source is always ready.
    pub fn readable(&self) -> Readable<'_> {
        Readable::new(self)
    }

    /// Waits until a write is worth a try. A closed source is always ready.
    pub fn writable(&self) -> Writable<'_> {
        Writable::new(self)
    }

    /// Ready when a read is worth a try. Several may wait, all are woken.
    ///
    /// The waker stays until the next event; who gives up waits better on
    /// [`Registration::readable`].
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_direction(Direction::Read, cx.waker())
    }

    /// Ready when a write is worth a try. Several may wait, all are woken.
    ///
    /// The waker stays until the next event; who gives up waits better on
    /// [`Registration::writable`].
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_direction(Direction::Write, cx.waker())
    }

    /// Posts `key` to `port` from now on whenever an event brings news: readiness that was not
    /// known.
    ///
    /// What is known already is not posted; see [`Registration::readiness`]. A later attachment
    /// replaces this one.
    pub fn attach(&self, port: &Port, key: u64) {
        let old = lock(&self.source.port).replace((port.clone(), key));
        self.source.update(|state| state | ATTACHED);
        drop(old);
    }

    /// Ends the attachment; keys that were posted stay in the port.
    pub fn detach(&self) {
        self.source.update(|state| state & !ATTACHED);
        // Named, so that the port is dropped after the lock.
        let _old = lock(&self.source.port).take();
    }

    /// Asks the OS to tell when the source is writable; a write that came up short does so by
    /// itself.
    ///
    /// # Errors
    ///
    /// What the OS answers to the change of interest.
    pub fn want_writable(&self) -> io::Result<()> {
        if self.state() & WRITE_INTEREST != 0 {
            return Ok(());
        }
        let mut interest = lock(&self.interest);
        if EDGE_TRIGGERED {
            self.reregister(Interest::Both)?;
        }
        *interest = Interest::Both;
        self.source
            .update(|state| (state | WRITE_INTEREST) & !WRITE_STALE);
        Ok(())
    }

    /// Takes the interest in writability back. That it may fail costs wake-ups and nothing else.
    pub(super) fn unwant_writable(&self) {
        let mut interest = lock(&self.interest);
        if *interest == Interest::Both && self.reregister(Interest::Readable).is_ok() {
            *interest = Interest::Readable;
            self.source.update(|state| state & !WRITE_INTEREST);
        }
        self.source.update(|state| state & !WRITE_STALE);
    }

    #[cfg(unix)]
    fn reregister(&self, interest: Interest) -> io::Result<()> {
        let Some(polled) = &self.polled else {
            return Ok(());
        };
        self.handle
            .reactor()
            .reregister(polled.fd, polled.token, interest.to_mio())
    }

    #[cfg(not(unix))]
    fn reregister(&self, _interest: Interest) -> io::Result<()> {
        Ok(())
    }

    /// Marks the source as closed and wakes all who wait, so that every pending operation ends.
    ///
    /// From now on operations answer [`io::ErrorKind::NotConnected`]. The descriptor stays open
    /// until the owner is dropped.
    pub fn close(&self) {
        let mut wakes = Vec::new();
        self.source.apply(CLOSED, &mut wakes);
        self.source.take_waiters(Direction::Read, &mut wakes);
        self.source.take_waiters(Direction::Write, &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
    }

    /// Deregisters the descriptor, which is about to stand for something that has ended: from now
    /// on each attempt is worth a try and tells so.
    #[cfg(unix)]
    pub(crate) fn release(&self) {
        let interest = lock(&self.interest);
        if let Some(polled) = &self.polled {
            self.handle.reactor().deregister(polled.fd);
        }
        self.source.update(|state| state | WRITE_INTEREST);
        drop(interest);
        let mut wakes = Vec::new();
        self.source.apply(READABLE | WRITABLE, &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
    }

    /// Has all who wait or are attached look again, as an event would: what stands on top of the
    /// source has news of its own.
    pub fn wake(&self) {
        let mut wakes = Vec::new();
        self.source.take_waiters(Direction::Read, &mut wakes);
        self.source.take_waiters(Direction::Write, &mut wakes);
        if self.state() & ATTACHED != 0 {
            wakes.extend(self.source.post());
        }
        wakes.into_iter().for_each(Waker::wake);
    }

    fn is_ready(state: u32, direction: Direction) -> bool {
        state & (direction.ready_bit() | CLOSED) != 0
    }

    fn poll_direction(&self, direction: Direction, waker: &Waker) -> Poll<()> {
        if Self::is_ready(self.state(), direction) {
            return Poll::Ready(());
        }
        let mut waiters = lock(&self.source.waiters);
        waiters.add(direction, waker);
        self.announce(direction)
    }

    pub(super) fn poll_waiter(
        &self,
        direction: Direction,
        id: &mut u64,
        waker: &Waker,
    ) -> Poll<()> {
        if Self::is_ready(self.state(), direction) {
            return Poll::Ready(());
        }
        // Named before the lock, so that the old waker is dropped after it.
        let _old;
        let mut waiters = lock(&self.source.waiters);
        _old = waiters.renew(direction, id, waker);
        self.announce(direction)
    }

    /// Tells events that somebody waits. An event that came first is seen here, a later one sees
    /// the mark.
    fn announce(&self, direction: Direction) -> Poll<()> {
        let old = self.source.update(|state| state | direction.awaited_bit());
        if Self::is_ready(old, direction) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    pub(super) fn remove_waiter(&self, direction: Direction, id: u64) {
        // Named, so that the waker is dropped after the lock.
        let _waker = lock(&self.source.waiters).remove(direction, id);
    }

    #[cfg(test)]
    pub(crate) fn read_waiters(&self) -> usize {
        lock(&self.source.waiters).len(Direction::Read)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Some(polled) = &self.polled else { return };
        self.handle.reactor().remove(polled.token);
        #[cfg(unix)]
        self.handle.reactor().deregister(polled.fd);
    }
}
