//! Signals to children, by number: rustix knows those that have a name only.
#![allow(unsafe_code, reason = "system calls that take numbers")]

use std::io;

use rustix::process::Pid;

/// Sends a signal to the process behind `pidfd`, and to no other that came to have its number.
///
/// # Errors
///
/// What the OS answers.
#[cfg(target_os = "linux")]
pub(crate) fn signal_process(pidfd: std::os::fd::BorrowedFd<'_>, number: i32) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    // SAFETY: no memory is handed over: the null stands for what the system fills in itself.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    checked(sent == 0)
}

/// Sends a signal to the child of this number, whose end was not taken: until then it is no
/// other's.
///
/// # Errors
///
/// What the OS answers.
#[cfg(any(not(target_os = "linux"), test))]
pub(crate) fn signal_child(pid: Pid, number: i32) -> io::Result<()> {
    // SAFETY: no memory is handed over.
    checked(unsafe { libc::kill(pid.as_raw_pid(), number) } == 0)
}

/// Sends a signal to all of the group of this number.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn signal_group(group: Pid, number: i32) -> io::Result<()> {
    // SAFETY: no memory is handed over; a number of a process is above 1 and has a negative.
    checked(unsafe { libc::kill(-group.as_raw_pid(), number) } == 0)
}

fn checked(sent: bool) -> io::Result<()> {
    match sent {
        true => Ok(()),
        false => Err(io::Error::last_os_error()),
    }
}
