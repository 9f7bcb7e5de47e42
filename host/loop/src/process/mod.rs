//! Programs of this machine as children. A child ends with its [`Child`], with its [`Loop`] and
//! with the thread that spawned it, and is always reaped. It looks nothing up and decides nothing:
//! a program is a path, an environment is all there is.
//!
//! Children of others are left alone: each end is seen by a descriptor of the process itself, not
//! by a signal.
//!
//! [`Loop`]: crate::Loop

mod attendant;
mod child;
mod command;
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )),
    path = "no_confine.rs"
)]
mod confine;
mod exit;
mod reach;

pub use self::child::Child;
pub use self::command::{Command, Confine, Limits, Run, null};
pub use self::confine::Confinement;
pub use self::exit::{Exit, ExitStatus};
pub use self::reach::{Reach, ReachedDirectory};
pub use crate::sys::Group;
