//! Starts a child without a copy of this process's memory: it runs here, on a stack of its own, as
//! this thread stands still, until it has its program. The model is `posix_spawn` of the GNU C
//! library.
#![allow(
    unsafe_code,
    reason = "system calls on what two processes share for a moment"
)]

use std::cell::RefCell;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::{io, ptr};

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use super::super::reap;
use super::super::stack::Stack;
use super::{Blocked, Plan, become_program, begun, checked};

/// What this thread and the child on its stack both see.
struct Shared<'a, 'b> {
    plan: &'a mut Plan<'b>,
    parent: Pid,
    /// Why there is no program, as a number of the system's; 0 if there is.
    failure: i32,
}

thread_local! {
    /// Kept, since a child has left it when the next one begins.
    static STACK: RefCell<Option<Stack>> = const { RefCell::new(None) };
}

/// Starts a child. It is killed when this thread ends.
///
/// # Errors
///
/// What the OS answers, to this process or to the child; then there is no child left.
pub(crate) fn spawn(plan: &mut Plan<'_>) -> io::Result<(Pid, OwnedFd)> {
    let stack = STACK.take();
    let mut stack = stack.map_or_else(Stack::new, Ok)?;
    let spawned = spawn_on(&mut stack, plan);
    STACK.set(Some(stack));
    spawned
}

fn spawn_on(stack: &mut Stack, plan: &mut Plan<'_>) -> io::Result<(Pid, OwnedFd)> {
    let mut shared = Shared {
        plan,
        parent: rustix::process::getpid(),
        failure: 0,
    };
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let blocked = Blocked::all();
    // SAFETY: the child has the stack for itself, and `shared` and `pidfd` outlive its time in this
    // memory, since this thread goes on only when the child has its program or has ended. Handlers
    // of signals cannot run in it: all are blocked until they are reset.
    let pid = unsafe {
        libc::clone(
            begin,
            stack.top(),
            flags,
            ptr::from_mut(&mut shared).cast(),
            &raw mut pidfd,
        )
    };
    let cloned = begun(pid).ok_or_else(io::Error::last_os_error);
    drop(blocked);
    let pid = cloned?;
    // SAFETY: the system has just made it for us.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    if shared.failure != 0 {
        reap(pid, true)?;
        return Err(io::Error::from_raw_os_error(shared.failure));
    }
    Ok((pid, pidfd))
}

/// Where the child begins. What it shares with its parent lies still there.
extern "C" fn begin(shared: *mut libc::c_void) -> libc::c_int {
    // SAFETY: this is the `shared` of `spawn_on`, which waits for this function.
    let shared = unsafe { &mut *shared.cast::<Shared<'_, '_>>() };
    let parent = shared.parent;
    let Err(errno) = become_program(shared.plan, || bind(parent), close_range);
    shared.failure = errno.raw_os_error();
    // SAFETY: ends the child at once; nothing of the parent's is run for that.
    unsafe { libc::_exit(127) }
}

/// Has the child killed when its parent ends, of which one thread counts.
fn bind(parent: Pid) -> Result<(), Errno> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before it was asked for that.
    match rustix::process::getppid() == Some(parent) {
        true => Ok(()),
        false => Err(Errno::SRCH),
    }
}

fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    // SAFETY: the table of descriptors is the child's own, and it uses none of these any more.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    checked(if closed < 0 { -1 } else { 0 })
}
