//! A child as Linux shows it: a descriptor, which is readable once the child has ended.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::process::{Pid, WaitId, WaitIdOptions};

use crate::sys::{self, Plan};

/// A child whose end was not taken from the system.
#[derive(Debug)]
pub(super) struct Watch {
    pid: Pid,
    pidfd: OwnedFd,
}

impl Watch {
    /// Starts a child.
    pub(super) fn spawn(plan: &mut Plan<'_>) -> io::Result<Self> {
        let (pid, pidfd) = sys::spawn(plan)?;
        Ok(Self { pid, pidfd })
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn signal(&self, number: i32) -> io::Result<()> {
        sys::signal_process(self.pidfd.as_fd(), number)
    }

    /// Whether its end is there to be taken, which may be waited for; also if somebody else has
    /// taken it.
    pub(super) fn has_ended(&self, waits: bool) -> bool {
        let mut options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        options.set(WaitIdOptions::NOHANG, !waits);
        let pidfd = || WaitId::PidFd(self.pidfd.as_fd());
        let ended = rustix::io::retry_on_intr(|| rustix::process::waitid(pidfd(), options));
        !matches!(ended, Ok(None))
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.pidfd.as_raw_fd()
    }
}
