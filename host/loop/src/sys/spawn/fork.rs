//! Starts a child by `fork`, where nothing quicker makes all that a child may be given. A pipe
//! tells why it has no program; that it ends without a word means that there is one.
#![allow(
    unsafe_code,
    reason = "a process that has half of what the other one has"
)]

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, Resource};

use super::super::reap;
use super::{Blocked, Descriptor, Plan, become_program, begun, lift};

/// More than any system lets a process have unless it is told to.
const DESCRIPTORS_MAX: u32 = 1 << 20;

/// Starts a child. It goes on when this thread ends, or this process.
///
/// # Errors
///
/// What the OS answers, to this process or to the child; then there is no child left.
pub(crate) fn spawn_by_fork(plan: &mut Plan<'_>) -> io::Result<Pid> {
    let (reader, writer) = super::super::pipe()?;
    let blocked = Blocked::all();
    // SAFETY: the child has no other thread, so it calls nothing but what a signal handler may, and
    // no handler runs in it: all signals are blocked until they are reset.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        begin(plan, writer.as_fd());
    }
    let forked = begun(pid).ok_or_else(io::Error::last_os_error);
    drop((blocked, writer));
    let pid = forked?;
    match failure(reader) {
        None => Ok(pid),
        Some(error) => {
            reap(pid, true)?;
            Err(error)
        }
    }
}

/// Waits until the child has its program, or says why it has none.
fn failure(reader: OwnedFd) -> Option<io::Error> {
    let mut errno = [0; size_of::<i32>()];
    let told = File::from(reader).read_exact(&mut errno);
    let errno = i32::from_ne_bytes(errno);
    told.is_ok().then(|| io::Error::from_raw_os_error(errno))
}

/// Where the child begins.
fn begin(plan: &mut Plan<'_>, writer: BorrowedFd<'_>) -> ! {
    // Its number is out of the way of those that the child is given.
    let mut report = Descriptor {
        number: -1,
        source: writer,
    };
    let lifted = lift(&mut report, plan.highest());
    let Err(errno) = lifted.and_then(|()| become_program(plan, || Ok(()), close_at_exec));
    // If not even that is possible, nobody is there to be told.
    rustix::io::write(report.source, &errno.raw_os_error().to_ne_bytes()).ok();
    // SAFETY: ends the child at once; nothing of the parent's is run for that.
    unsafe { libc::_exit(127) }
}

/// Has what is open in a range closed when the program begins: until then the report is needed.
fn close_at_exec(first: u32, last: u32) -> Result<(), Errno> {
    let count = rustix::process::getrlimit(Resource::Nofile).current;
    let count = count.and_then(|count| u32::try_from(count).ok());
    for number in first..=last.min(count.unwrap_or(u32::MAX).min(DESCRIPTORS_MAX)) {
        // SAFETY: the table of descriptors is the child's own; a number that is not open is an
        // error of the call.
        unsafe { libc::fcntl(number.cast_signed(), libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(())
}
