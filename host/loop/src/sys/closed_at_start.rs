//! Which standard descriptors were closed when the process began. Afterwards nobody can tell: the
//! runtime of Rust opens the null device in their place before `main`.
#![allow(
    unsafe_code,
    reason = "what runs before `main` is named to the linker, and asks by number"
)]

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU8, Ordering};

/// One bit for each of the three.
static CLOSED: AtomicU8 = AtomicU8::new(0);

// SAFETY: the C runtime calls what this section lists once, before `main`, when there is one
// thread; the function takes nothing and touches nothing but system calls and the static above.
#[unsafe(link_section = ".init_array")]
#[used]
static ASK: extern "C" fn() = ask;

extern "C" fn ask() {
    for number in 0..3 {
        // SAFETY: asks for the flags of a number and touches no memory; one that is not open is
        // an error.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } == -1 {
            CLOSED.fetch_or(1 << number, Ordering::Relaxed);
        }
    }
}

/// Whether the standard descriptor `number` was closed when the process began.
pub(crate) fn closed_at_start(number: RawFd) -> bool {
    (0..3).contains(&number) && CLOSED.load(Ordering::Relaxed) & (1 << number) != 0
}
