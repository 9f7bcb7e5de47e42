//! Programs of this machine as children. A child ends with its [`Child`], with its [`Loop`] and on
//! Linux with the thread that spawned it, and is always reaped. Nothing is looked up or decided
//! here: a program is a path, an environment is all there is.
//!
//! Children of others are left alone: each end is seen by a descriptor of the process itself, or
//! where the system has none by a thread that waits for it, not by a signal.
//!
//! [`Loop`]: crate::Loop

mod attendant;
mod child;
mod command;
#[cfg_attr(
    not(all(
        target_os = "linux",
        any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            target_arch = "riscv64"
        )
    )),
    path = "no_confine.rs"
)]
mod confine;
mod exit;
mod reach;
#[cfg(target_os = "linux")]
mod watch_pidfd;
#[cfg(any(not(target_os = "linux"), test))]
mod watch_thread;

pub use self::child::Child;
pub use self::command::{Command, Confine, Limits, Run, null};
pub use self::confine::Confinement;
pub use self::exit::{Exit, ExitStatus};
pub use self::reach::{Reach, ReachedDirectory};
pub use crate::sys::Group;

/// How the end of a child is seen.
#[cfg(target_os = "linux")]
use self::watch_pidfd::Watch;
#[cfg(not(target_os = "linux"))]
use self::watch_thread::Watch;
