//! Starts a child without a copy of this process's memory: it runs here, on a stack of its own, as
//! this thread stands still, until it has its program. All that it needs is prepared before, as it
//! may neither allocate nor take a lock. The model is `posix_spawn` of the GNU C library.
#![allow(
    unsafe_code,
    reason = "system calls on what two processes share for a moment"
)]

use std::cell::RefCell;
use std::ffi::CStr;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::{io, mem, ptr};

use rustix::fd::AsRawFd;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal};

use super::stack::Stack;

/// What a child does on its way to its program.
pub(crate) struct Plan<'a> {
    pub(crate) program: &'a CStr,
    /// Each list ends with a null.
    pub(crate) arguments: &'a [*const libc::c_char],
    pub(crate) environment: &'a [*const libc::c_char],
    pub(crate) directory: Option<BorrowedFd<'a>>,
    /// What each of its descriptors is to be, by number, beginning with the lowest.
    pub(crate) descriptors: &'a mut [Descriptor<'a>],
    pub(crate) group: Group,
    pub(crate) limits: &'a [(Resource, u64)],
    /// Called last before the descriptors are put in their places.
    pub(crate) confine: Option<&'a dyn Fn() -> Result<(), Errno>>,
}

/// A descriptor of a child.
#[derive(Debug)]
pub(crate) struct Descriptor<'a> {
    pub(crate) number: RawFd,
    pub(crate) source: BorrowedFd<'a>,
}

/// Whose signals a child shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// It is in the group of this process.
    #[default]
    Inherit,
    /// It leads a group of its own.
    New,
    /// It leads a session of its own, which has no terminal.
    NewSession,
}

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
    let cloned = Some(pid).filter(|pid| *pid > 0).and_then(Pid::from_raw);
    let cloned = cloned.ok_or_else(io::Error::last_os_error);
    drop(blocked);
    let pid = cloned?;
    // SAFETY: the system has just made it for us.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    if shared.failure != 0 {
        super::reap(pid, true)?;
        return Err(io::Error::from_raw_os_error(shared.failure));
    }
    Ok((pid, pidfd))
}

/// All signals of this thread blocked, until it is dropped.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn all() -> Self {
        Self(set_mask(&full()))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(&self.0);
    }
}

fn set_mask(set: &libc::sigset_t) -> libc::sigset_t {
    let mut old = empty();
    // SAFETY: both sets are whole, and changing the mask of this thread breaks nothing of it.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, set, &raw mut old) };
    old
}

fn empty() -> libc::sigset_t {
    // SAFETY: the set holds integers, for which zero is a value: no signal.
    unsafe { mem::zeroed() }
}

fn full() -> libc::sigset_t {
    let mut set = empty();
    // SAFETY: the set is borrowed for the call.
    unsafe { libc::sigfillset(&raw mut set) };
    set
}

/// Where the child begins. What it shares with its parent lies still there.
extern "C" fn begin(shared: *mut libc::c_void) -> libc::c_int {
    // SAFETY: this is the `shared` of `spawn_on`, which waits for this function.
    let shared = unsafe { &mut *shared.cast::<Shared<'_, '_>>() };
    let Err(errno) = become_program(shared);
    shared.failure = errno.raw_os_error();
    // SAFETY: ends the child at once; nothing of the parent's is run for that.
    unsafe { libc::_exit(127) }
}

/// Everything between the clone and the program. Async-signal-safe throughout.
fn become_program(shared: &mut Shared<'_, '_>) -> Result<std::convert::Infallible, Errno> {
    let plan = &mut *shared.plan;
    reset_signals();
    match plan.group {
        Group::Inherit => (),
        Group::New => rustix::process::setpgid(None, None)?,
        Group::NewSession => drop(rustix::process::setsid()?),
    }
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before it was asked for that.
    if rustix::process::getppid() != Some(shared.parent) {
        return Err(Errno::SRCH);
    }
    if let Some(directory) = plan.directory {
        rustix::process::fchdir(directory)?;
    }
    let highest = plan.descriptors.last().map_or(-1, |last| last.number);
    for descriptor in plan.descriptors.iter_mut() {
        lift(descriptor, highest)?;
    }
    if let Some(confine) = plan.confine {
        confine()?;
    }
    for descriptor in plan.descriptors.iter() {
        place(descriptor)?;
    }
    close_others(plan.descriptors)?;
    for &(resource, value) in plan.limits {
        limit(resource, value)?;
    }
    set_mask(&empty());
    execute(plan)
}

/// Handlers are of the parent's program, and what it ignores a child need not. The system is asked
/// itself, as the C library keeps some signals from everybody, which others may have left ignored.
fn reset_signals() {
    // The default, without flags and blocking nothing: zeros, and more of them than are read.
    let default = [0_u64; 8];
    for signal in 1..=64 {
        // SAFETY: signals are blocked, and the table of them is the child's own. Those that cannot
        // be changed are refused.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null_mut::<u64>(),
                size_of::<u64>(),
            )
        };
    }
}

/// Copies the source above all numbers that are going to be taken, if it is among them.
fn lift(descriptor: &mut Descriptor<'_>, highest: RawFd) -> Result<(), Errno> {
    if descriptor.source.as_raw_fd() > highest {
        return Ok(());
    }
    let above = highest.saturating_add(1);
    let lifted = rustix::io::fcntl_dupfd_cloexec(descriptor.source, above)?;
    // SAFETY: it stays open until the child has its program, longer than the descriptor is used.
    descriptor.source = unsafe { BorrowedFd::borrow_raw(lifted.into_raw_fd()) };
    Ok(())
}

/// The copy is not closed when the program begins.
fn place(descriptor: &Descriptor<'_>) -> Result<(), Errno> {
    // SAFETY: what the number stood for is of no use to the child any more: sources were lifted.
    checked(unsafe { libc::dup2(descriptor.source.as_raw_fd(), descriptor.number) })
}

/// Closes all between the descriptors and above them.
fn close_others(descriptors: &[Descriptor<'_>]) -> Result<(), Errno> {
    let mut first = 0;
    for descriptor in descriptors {
        let number = descriptor.number.unsigned_abs();
        if first < number {
            close_range(first, number - 1)?;
        }
        first = number + 1;
    }
    close_range(first, libc::c_uint::MAX)
}

fn close_range(first: libc::c_uint, last: libc::c_uint) -> Result<(), Errno> {
    // SAFETY: the table of descriptors is the child's own, and it uses none of these any more.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    checked(if closed < 0 { -1 } else { 0 })
}

/// More than the parent may have is not to be had: then that is the limit.
fn limit(resource: Resource, value: u64) -> Result<(), Errno> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let value = Some(hard.map_or(value, |hard| value.min(hard)));
    let limit = Rlimit {
        current: value,
        maximum: value,
    };
    rustix::process::setrlimit(resource, limit)
}

fn execute(plan: &Plan<'_>) -> Result<std::convert::Infallible, Errno> {
    // SAFETY: the strings and the lists end with a null, and are borrowed by the plan.
    unsafe {
        libc::execve(
            plan.program.as_ptr(),
            plan.arguments.as_ptr(),
            plan.environment.as_ptr(),
        )
    };
    Err(last_errno())
}

fn checked(answer: libc::c_int) -> Result<(), Errno> {
    match answer {
        -1 => Err(last_errno()),
        _ => Ok(()),
    }
}

fn last_errno() -> Errno {
    let errno = io::Error::last_os_error().raw_os_error();
    Errno::from_raw_os_error(errno.unwrap_or(libc::EIO))
}
