//! The sealed centre: the turn, and all that it needs to know of time, readiness and runnable work.
//! Nothing in here knows of a socket or a name; everything above is written on what is exported
//! below.

mod attempt;
mod blocking;
mod call;
mod clock;
mod handle;
mod limits;
mod port;
mod reactor;
mod ready;
mod registration;
mod rest;
mod sleep;
mod source;
mod task;
mod timer;
mod token;
mod turn;
mod waiters;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::blocking::{Blocking, QueueFull};
pub use self::call::CallHandle;
pub use self::handle::Handle;
pub use self::limits::Limits;
pub use self::port::Port;
pub use self::registration::Registration;
pub use self::sleep::{Elapsed, Interval, Sleep, Timeout};
pub use self::source::Readiness;
pub use self::task::{Aborted, Task};
pub use self::timer::TimerHandle;
pub use self::turn::{InPlace, Loop};
pub use self::waiters::{Readable, Writable};

#[cfg(unix)]
pub(crate) use self::attempt::Attempt;
pub(crate) use self::clock::Clock;
pub(crate) use self::registration::Interest;

/// Locks `mutex`. No code that could panic runs under a lock of this crate, so a poisoned one is
/// whole.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
