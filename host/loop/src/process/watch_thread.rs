//! A child where the system shows none by a descriptor: a thread waits for its end, and then closes
//! a pipe. The end itself stays for who takes it, which is not before the thread has done so: the
//! number that it waits for is no other child's.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, WaitId, WaitIdOptions};

use crate::sys::{self, Plan};

/// Of the thread, which calls nothing deep.
const STACK_SIZE: usize = 64 * 1024;

/// A child whose end was not taken from the system.
#[derive(Debug)]
pub(super) struct Watch {
    pid: Pid,
    /// It has an end when the child has.
    ended: OwnedFd,
}

impl Watch {
    /// Starts a child.
    pub(super) fn spawn(plan: &mut Plan<'_>) -> io::Result<Self> {
        let (ended, running) = sys::pipe()?;
        let pid = sys::spawn_by_fork(plan)?;
        let watch = thread::Builder::new()
            .name("aio-child".into())
            .stack_size(STACK_SIZE)
            .spawn(move || {
                wait(pid);
                drop(running);
            });
        match watch {
            Ok(_detached) => Ok(Self { pid, ended }),
            Err(error) => {
                sys::signal_child(pid, libc::SIGKILL)?;
                sys::reap(pid, true)?;
                Err(error)
            }
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn signal(&self, number: i32) -> io::Result<()> {
        sys::signal_child(self.pid, number)
    }

    /// Whether its end is there to be taken, which may be waited for; also if somebody else has
    /// taken it.
    pub(super) fn has_ended(&self, waits: bool) -> bool {
        let mut polled = [PollFd::new(&self.ended, PollFlags::IN)];
        let now = (!waits).then(Timespec::default);
        let count = rustix::io::retry_on_intr(|| rustix::event::poll(&mut polled, now.as_ref()));
        count != Ok(0)
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.ended.as_raw_fd()
    }
}

/// Waits for the end of a child and leaves it there.
fn wait(pid: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let waited = rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::Pid(pid), options));
    if let Err(error) = waited {
        tracing::error!("wait for child {}: {error}", pid.as_raw_nonzero());
    }
}

#[cfg(test)]
mod tests;
