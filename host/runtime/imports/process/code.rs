//! Why there is no child, or no signal, as a code: the system's numbers mean other things here than
//! with connections.

use std::io;

use rustix::io::Errno;

use super::super::convert::error_code;
use super::super::wit::types::ErrorCode;

/// Tells the code for a program that could not be started.
pub(super) fn spawn_code(error: &io::Error) -> ErrorCode {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => ErrorCode::NotFound,
        Some(Errno::ACCESS | Errno::PERM | Errno::ISDIR | Errno::TXTBSY) => ErrorCode::NotPermitted,
        Some(Errno::NOEXEC | Errno::INVAL) => ErrorCode::NotExecutable,
        #[cfg(target_os = "linux")]
        Some(Errno::LIBBAD) => ErrorCode::NotExecutable,
        Some(Errno::TOOBIG) => ErrorCode::ArgumentsTooLong,
        Some(Errno::AGAIN) => ErrorCode::InsufficientResources,
        _ => error_code("spawn", error),
    }
}

/// Tells the code for a file of a child that could not be opened.
pub(super) fn file_code(error: &io::Error) -> ErrorCode {
    match Errno::from_io_error(error) {
        Some(Errno::ISDIR) => ErrorCode::NotPermitted,
        // A pipe with a name that nobody reads.
        Some(Errno::NXIO) => ErrorCode::NotSupported,
        _ => error_code("open a file of a child", error),
    }
}

/// Tells the code for a signal that was not sent.
pub(super) fn signal_code(error: &io::Error) -> ErrorCode {
    match Errno::from_io_error(error) {
        Some(Errno::SRCH) => ErrorCode::NoSuchProcess,
        // The child has become another user's.
        Some(Errno::PERM) => ErrorCode::NotPermitted,
        _ => error_code("signal", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no test can bring about on each machine: a system that is full.
    #[test]
    fn a_full_system_is_no_fault_of_the_program() {
        for errno in [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE] {
            let code = spawn_code(&errno.into());
            assert_eq!(code, ErrorCode::InsufficientResources, "{errno}");
        }
    }
}
