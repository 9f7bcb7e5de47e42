//! Puts a confinement on the calling process. Runs between `clone` and `exec`, beside the memory
//! of another thread: it allocates nothing and takes no lock.
#![allow(unsafe_code, reason = "system calls that nothing else offers")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;
use seccompiler::{BpfProgram, sock_filter};

/// Tells whether the system filters system calls and can answer them with an error.
pub(crate) fn can_filter() -> bool {
    let action = libc::SECCOMP_RET_ERRNO;
    // SAFETY: the call reads the number that the pointer leads to, which outlives it.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    answer == 0
}

/// Confines the calling process to `ruleset` and by `filters`, for good.
///
/// # Errors
///
/// What the system answers; a part may hold then.
pub(crate) fn confine(ruleset: BorrowedFd<'_>, filters: &[BpfProgram]) -> Result<(), Errno> {
    no_new_privileges()?;
    restrict(ruleset)?;
    filters.iter().try_for_each(|filter| install(filter))
}

/// Neither set-user-ID programs nor those with capabilities get more than this process has.
fn no_new_privileges() -> Result<(), Errno> {
    let (yes, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
    // SAFETY: the call has no pointers.
    done(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, yes, none, none, none) }.into())
}

fn restrict(ruleset: BorrowedFd<'_>) -> Result<(), Errno> {
    let flags: libc::c_uint = 0;
    // SAFETY: the call has no pointers; the descriptor is borrowed.
    done(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), flags) })
}

fn install(filter: &[sock_filter]) -> Result<(), Errno> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_too_long| Errno::INVAL)?,
        filter: filter.as_ptr().cast_mut().cast(),
    };
    let flags: libc::c_uint = 0;
    // SAFETY: the call copies as many instructions as the program says it has, which are laid out
    // as the system has them, and writes nothing.
    done(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    })
}

fn done(answer: libc::c_long) -> Result<(), Errno> {
    match answer {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
    }
}
