//! What the reactor keeps of a source: level bits with a count of events, and whom an event wakes.
//! Clearing is for those who tried an operation; see `attempt.rs`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Waker;

use super::waiters::Waiters;
use super::{Port, lock};

pub(super) const READABLE: u32 = 1 << 0;
pub(super) const WRITABLE: u32 = 1 << 1;
/// The peer ended its half: sticky, so that a short read before the end never hides the end.
pub(super) const READ_CLOSED: u32 = 1 << 2;
pub(super) const WRITE_CLOSED: u32 = 1 << 3;
pub(super) const ERROR: u32 = 1 << 4;
/// The owner closed the source.
pub(super) const CLOSED: u32 = 1 << 5;
/// Somebody waits: says without the lock whether the lists are worth a look.
pub(super) const READ_AWAITED: u32 = 1 << 6;
pub(super) const WRITE_AWAITED: u32 = 1 << 7;
pub(super) const ATTACHED: u32 = 1 << 8;
/// The OS is asked for writability.
pub(super) const WRITE_INTEREST: u32 = 1 << 9;
/// An event told that a source is writable that was known to be: the interest only costs wake-ups.
pub(super) const WRITE_STALE: u32 = 1 << 10;
/// Counts events in the upper half, so that clearing never loses one that came meanwhile.
pub(super) const TICK: u32 = 1 << 16;
pub(super) const TICKS: u32 = !(TICK - 1);

/// What is known of a source: a hint that an operation is worth a try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// A read may find something, be it the end of the stream or an error.
    pub readable: bool,
    /// A write may find room, or an error.
    pub writable: bool,
    /// The peer sends no more.
    pub read_closed: bool,
    /// The peer takes no more.
    pub write_closed: bool,
    /// An error waits to be fetched.
    pub error: bool,
    /// The owner closed the source.
    pub closed: bool,
}

impl Readiness {
    pub(super) fn from_bits(state: u32) -> Self {
        Self {
            readable: state & READABLE != 0,
            writable: state & WRITABLE != 0,
            read_closed: state & READ_CLOSED != 0,
            write_closed: state & WRITE_CLOSED != 0,
            error: state & ERROR != 0,
            closed: state & CLOSED != 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read = 0,
    Write = 1,
}

impl Direction {
    pub(super) fn ready_bit(self) -> u32 {
        match self {
            Self::Read => READABLE,
            Self::Write => WRITABLE,
        }
    }

    pub(super) fn awaited_bit(self) -> u32 {
        match self {
            Self::Read => READ_AWAITED,
            Self::Write => WRITE_AWAITED,
        }
    }
}

/// Translates an event into level bits. An error or a hang-up makes both directions worth a try.
pub(super) fn event_bits(event: &mio::event::Event) -> u32 {
    let mut bits = 0;
    if event.is_readable() {
        bits |= READABLE;
    }
    if event.is_writable() {
        bits |= WRITABLE;
    }
    if event.is_read_closed() {
        bits |= READABLE | READ_CLOSED;
    }
    if event.is_write_closed() {
        bits |= WRITABLE | WRITE_CLOSED;
    }
    if event.is_error() {
        bits |= READABLE | WRITABLE | ERROR;
    }
    bits
}

/// What the reactor keeps of a source.
#[derive(Debug)]
pub(super) struct Source {
    state: AtomicU32,
    pub(super) waiters: Mutex<Waiters>,
    pub(super) port: Mutex<Option<(Port, u64)>>,
}

impl Source {
    pub(super) fn new(state: u32) -> Self {
        Self {
            state: AtomicU32::new(state),
            waiters: Mutex::default(),
            port: Mutex::default(),
        }
    }

    /// Changes the state at once; returns what it was.
    pub(super) fn update(&self, change: impl Fn(u32) -> u32) -> u32 {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let swapped = self.state.compare_exchange_weak(
                state,
                change(state),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match swapped {
                Ok(old) => return old,
                Err(now) => state = now,
            }
        }
    }

    pub(super) fn state(&self) -> u32 {
        self.state.load(Ordering::Acquire)
    }

    /// Adds what an event tells, and collects in `wakes` whom to wake once no lock is held.
    pub(super) fn apply(&self, bits: u32, wakes: &mut Vec<Waker>) {
        let old = self.update(|state| {
            let stale = if state & bits & WRITABLE != 0 {
                WRITE_STALE
            } else {
                0
            };
            (state | bits | stale).wrapping_add(TICK)
        });
        for direction in [Direction::Read, Direction::Write] {
            if bits & direction.ready_bit() != 0 && old & direction.awaited_bit() != 0 {
                self.take_waiters(direction, wakes);
            }
        }
        // Only news is posted: a bit that is still set has been posted and nobody has cleared it,
        // so a port that is not drained grows no further.
        if old & ATTACHED != 0 && bits & !old != 0 {
            wakes.extend(self.post());
        }
    }

    pub(super) fn take_waiters(&self, direction: Direction, wakes: &mut Vec<Waker>) {
        let mut waiters = lock(&self.waiters);
        self.update(|state| state & !direction.awaited_bit());
        waiters.take(direction, wakes);
    }

    pub(super) fn post(&self) -> Option<Waker> {
        let port = lock(&self.port);
        let (port, key) = port.as_ref()?;
        port.push(*key)
    }
}
