//! What a child does on its way to its program. All that it needs is prepared before, as it may
//! neither allocate nor take a lock.
#![allow(unsafe_code, reason = "system calls that nothing else offers")]

#[cfg(target_os = "linux")]
mod clone;
#[cfg(any(not(target_os = "linux"), test))]
mod fork;

use std::convert::Infallible;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, RawFd};
use std::{io, mem};

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit};

#[cfg(target_os = "linux")]
pub(crate) use self::clone::spawn;
#[cfg(any(not(target_os = "linux"), test))]
pub(crate) use self::fork::spawn_by_fork;

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

impl Plan<'_> {
    /// The highest number of its descriptors.
    fn highest(&self) -> RawFd {
        self.descriptors.last().map_or(-1, |last| last.number)
    }
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

/// The number of a process that has begun; none if the OS has answered with an error.
fn begun(pid: libc::pid_t) -> Option<Pid> {
    Some(pid).filter(|pid| *pid > 0).and_then(Pid::from_raw)
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

/// Everything between the beginning of a child and that of its program. Async-signal-safe
/// throughout, as `bind` and `close` have to be: `bind` ties the child to its parent, `close` keeps
/// all descriptors of a range from the program.
fn become_program(
    plan: &mut Plan<'_>,
    bind: impl FnOnce() -> Result<(), Errno>,
    close: impl Fn(u32, u32) -> Result<(), Errno>,
) -> Result<Infallible, Errno> {
    reset_signals();
    match plan.group {
        Group::Inherit => (),
        Group::New => rustix::process::setpgid(None, None)?,
        Group::NewSession => drop(rustix::process::setsid()?),
    }
    bind()?;
    if let Some(directory) = plan.directory {
        rustix::process::fchdir(directory)?;
    }
    let highest = plan.highest();
    for descriptor in plan.descriptors.iter_mut() {
        lift(descriptor, highest)?;
    }
    if let Some(confine) = plan.confine {
        confine()?;
    }
    for descriptor in plan.descriptors.iter() {
        place(descriptor)?;
    }
    close_others(plan.descriptors, close)?;
    for &(resource, value) in plan.limits {
        limit(resource, value)?;
    }
    set_mask(&empty());
    execute(plan)
}

/// Handlers are of the parent's program, and what it ignores a child need not. The system is asked
/// itself, as the C library keeps some signals from everybody, which others may have left ignored.
#[cfg(target_os = "linux")]
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
                std::ptr::null_mut::<u64>(),
                size_of::<u64>(),
            )
        };
    }
}

/// Handlers are of the parent's program, and what it ignores a child need not.
#[cfg(not(target_os = "linux"))]
fn reset_signals() {
    for signal in 1..=64 {
        // SAFETY: signals are blocked, and the table of them is the child's own. Those that cannot
        // be changed are refused.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
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
fn close_others(
    descriptors: &[Descriptor<'_>],
    close: impl Fn(u32, u32) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut first = 0;
    for descriptor in descriptors {
        let number = descriptor.number.unsigned_abs();
        if first < number {
            close(first, number - 1)?;
        }
        first = number + 1;
    }
    close(first, u32::MAX)
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

fn execute(plan: &Plan<'_>) -> Result<Infallible, Errno> {
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
