//! Descriptors that are known by number alone, as a parent process passes them.
#![allow(unsafe_code, reason = "a number says nothing of whom it belongs to")]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// Makes a copy of the descriptor of this number, which stays as it is. A number that is not open
/// is an error.
pub(crate) fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(rustix::io::Errno::BADF.into());
    }
    // SAFETY: the borrow ends with this function, which asks the OS for a copy and nothing else; a
    // number that is not open, or not any more, is an error of that call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned()
}
