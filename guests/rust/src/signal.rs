//! Signals that reach the host, as events of the guest; granted by `--allow-signal`. To send one to
//! a child, see [`Child::send_signal`](crate::process::Child::send_signal).

use crate::bindings::aio::host::signals::Subscription;
use crate::bindings::aio::host::types::{ErrorCode, Handle};

pub use crate::bindings::aio::host::signals::Event;

/// The terminal is gone; servers read their configuration anew.
pub const HUP: u32 = 1;
/// Ctrl-C.
pub const INT: u32 = 2;
/// Ctrl-\.
pub const QUIT: u32 = 3;
/// The end, which no program can wait for.
pub const KILL: u32 = 9;
/// For the program's own use. The number is that of Linux, as those that follow.
pub const USR1: u32 = 10;
/// For the program's own use.
pub const USR2: u32 = 12;
/// The system's timer.
pub const ALRM: u32 = 14;
/// The polite request to end.
pub const TERM: u32 = 15;
/// Goes on after a stop.
pub const CONT: u32 = 18;
/// The stop, which no program can wait for.
pub const STOP: u32 = 19;
/// Ctrl-Z.
pub const TSTP: u32 = 20;
/// The size of the terminal has changed.
pub const WINCH: u32 = 28;

/// A set of signals that the guest listens for. While it lives they have no other effect.
///
/// ```ignore
/// let hangups = signal(HUP)?;
/// while let Ok(event) = hangups.recv().await {
///     println!("{} times, by {:?}", event.count, event.sender);
/// }
/// ```
#[derive(Debug)]
pub struct Signal(Subscription);

/// Listens for the signal `number`. Errors: `access-denied` (granted by `--allow-signal`),
/// `invalid-argument` (SIGKILL, SIGSTOP and faults), `out-of-range` (unknown numbers),
/// `quota-exceeded`.
pub fn signal(number: u32) -> Result<Signal, ErrorCode> {
    signals(&[number])
}

/// Listens for all signals of `set`, 1 to 64. Errors: as [`signal`], and `invalid-argument` for an
/// empty set.
pub fn signals(set: &[u32]) -> Result<Signal, ErrorCode> {
    Subscription::subscribe(set).map(Signal)
}

/// Waits for Ctrl-C once. Errors: as [`signal`], and `cancelled`.
pub async fn ctrl_c() -> Result<(), ErrorCode> {
    signal(INT)?.recv().await?;
    Ok(())
}

impl Signal {
    /// Makes a set of a handle. Errors: `bad-handle`, `quota-exceeded`.
    pub fn by_handle(handle: Handle) -> Result<Self, ErrorCode> {
        Subscription::by_handle(handle).map(Self)
    }

    /// Tells the number by which the ring knows it.
    pub fn as_handle(&self) -> Handle {
        self.0.as_handle()
    }

    /// Waits for a signal of the set; of several, the lowest number comes first. A cancelled call
    /// has taken none. Errors: `cancelled`, `closed`.
    pub async fn recv(&self) -> Result<Event, ErrorCode> {
        self.0.next().await
    }

    /// Tells a signal that has arrived; none if none has.
    pub fn try_recv(&self) -> Option<Event> {
        self.0.try_next()
    }
}
