//! One thread, one event loop: timers, readiness, tasks and helper threads on mio.
//!
//! The model is asyncio's: callbacks and futures run in the order in which they became runnable,
//! and what is scheduled during a turn runs in the next. The crate has never heard of WebAssembly,
//! and names no mio type.
//!
//! ```
//! use std::time::Duration;
//!
//! use aio_loop::Loop;
//!
//! # fn main() -> std::io::Result<()> {
//! let mut event_loop = Loop::new()?;
//! let handle = event_loop.handle().clone();
//! let sum = event_loop.block_on(async move {
//!     let task = handle.spawn(async { 40 });
//!     handle.sleep(Duration::from_millis(1)).await;
//!     task.await.map(|forty| forty + 2)
//! });
//! assert_eq!(sum, Ok(42));
//! # Ok(())
//! # }
//! ```

mod core;
pub mod dns;
#[cfg(unix)]
pub mod fd;
pub mod net;
#[cfg(unix)]
pub mod pipe;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
pub mod signal;
mod sys;
#[cfg(unix)]
pub mod terminal;
pub mod testing;
pub mod tls;

pub use crate::core::{
    Aborted, Blocking, CallHandle, Elapsed, Handle, InPlace, Interval, Limits, Loop, Port,
    QueueFull, Readable, Readiness, Registration, Sleep, Task, Timeout, TimerHandle, Writable,
};
