//! Takes the end of a child from the system, with what the child has used: it is told once.
#![allow(unsafe_code, reason = "a system call that writes to a structure")]

use std::{io, mem};

use rustix::process::Pid;

/// How a child ended, as the system writes it, and what it has used.
pub(crate) struct Reaped {
    pub(crate) status: i32,
    pub(crate) usage: libc::rusage,
}

/// Takes the end of the child `pid`, which was not taken before, and may wait for it; none if it
/// runs.
///
/// # Errors
///
/// What the OS answers: somebody else has taken it.
pub(crate) fn reap(pid: Pid, waits: bool) -> io::Result<Option<Reaped>> {
    let mut status = 0;
    // SAFETY: the structure holds integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    let options = if waits { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: both are borrowed for the call, which writes to nothing else.
        let reaped =
            unsafe { libc::wait4(pid.as_raw_pid(), &raw mut status, options, &raw mut usage) };
        if reaped > 0 {
            return Ok(Some(Reaped { status, usage }));
        }
        if reaped == 0 {
            return Ok(None);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
