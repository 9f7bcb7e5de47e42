//! Pipes that no program inherits by accident, on systems with a call for that and on others.

use std::io;
use std::os::fd::OwnedFd;

/// Both ends of a pipe, which block and which no program that begins here inherits.
///
/// # Errors
///
/// What the OS answers.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// Both ends of a pipe, which block. A program that begins at this very moment may inherit them;
/// ours close what they are not given.
///
/// # Errors
///
/// What the OS answers.
#[cfg(target_vendor = "apple")]
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe()?;
    for end in [&reader, &writer] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((reader, writer))
}
