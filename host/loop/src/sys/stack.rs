//! A small stack for a child that runs in the memory of this process until it has a program.
#![allow(unsafe_code, reason = "memory that the language knows nothing of")]

use std::io;
use std::ptr::{self, NonNull};

/// More than is needed: nothing in a child calls deep.
const SIZE: usize = 128 * 1024;

/// Below the stack, where nothing may be touched.
const GUARD: usize = 64 * 1024;

/// Memory for a stack. It grows down from [`Stack::top`]; what runs over it is killed.
#[derive(Debug)]
pub(super) struct Stack(NonNull<u8>);

impl Stack {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: the system chooses the place, where nothing else is.
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                GUARD + SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self(NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?);
        // SAFETY: these are the lowest pages of the memory above, which nobody uses yet.
        match unsafe { libc::mprotect(memory, GUARD, libc::PROT_NONE) } {
            0 => Ok(stack),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The address behind its highest byte, aligned as every system wants it.
    pub(super) fn top(&mut self) -> *mut libc::c_void {
        self.0.as_ptr().wrapping_add(GUARD + SIZE).cast()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the memory is this value's alone; a child that ran on it has its own by now.
        unsafe { libc::munmap(self.0.as_ptr().cast(), GUARD + SIZE) };
    }
}
