//! Keeps a child from what it was not given: files by Landlock, all else by a filter of its system
//! calls. Both are made before the child is; it puts them on itself before its program begins.

mod calls;
mod files;

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use seccompiler::BpfProgram;

use super::{Confine, Reach};
use crate::sys;

/// What the system keeps a child from.
///
/// The child reads and executes the libraries of the system, reads its public data, reaches what it
/// was given, and has pipes and socket pairs. It can make no socket (but of TCP and UDP with the
/// network), signal and look into nobody but its own children, and change the mode, the owner and
/// the times of a file only if it has it open. It still learns whether a file exists and how large
/// it is, and uses as much of the machine as its limits allow.
#[derive(Debug)]
pub struct Confinement {
    ruleset: OwnedFd,
    filters: &'static [BpfProgram],
}

impl Confinement {
    /// Makes the confinement of one program, for any number of children.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] if the system lacks Landlock, of Linux 6.2 at least, or
    /// seccomp. Before Linux 6.12 signals are not kept back. What the system says of a program that
    /// cannot be opened.
    pub fn new(reach: &Reach<'_>) -> io::Result<Self> {
        if !sys::can_filter() {
            return Err(unsupported("the kernel has no seccomp"));
        }
        Ok(Self {
            ruleset: files::ruleset(reach)?,
            filters: calls::filters(reach.network)?,
        })
    }
}

impl Confine for Confinement {
    /// The descriptor of the rules has to be open still; what a child has to do after this, with
    /// its descriptors, limits and signals, is not kept from it.
    fn apply(&self) -> Result<(), Errno> {
        sys::confine(self.ruleset.as_fd(), self.filters)
    }
}

fn unsupported(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, reason)
}
