//! A descriptor that comes to stand for something else, under the same number.
#![allow(
    unsafe_code,
    reason = "the safe form asks for an owner that nobody else uses"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Has the number of `old` stand for what `new` does; what it stood for is closed.
///
/// # Errors
///
/// What the OS answers; then `old` is as it was.
pub(crate) fn replace(old: BorrowedFd<'_>, new: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: both are open for the call, and `old` stays so: whoever uses its number meanwhile
    // finds the one or the other.
    let number = unsafe { libc::dup2(new.as_raw_fd(), old.as_raw_fd()) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // The copy is not closed on exec by itself. A child is spared it nevertheless, as one of ours
    // closes all that it is not given.
    Ok(rustix::io::fcntl_setfd(old, rustix::io::FdFlags::CLOEXEC)?)
}
