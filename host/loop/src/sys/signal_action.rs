//! Signal handlers, and what the OS does with a signal. The handler itself is the registry's, which
//! keeps what runs in it alive until it has run.
#![allow(unsafe_code, reason = "code in a signal handler, and a structure of C")]

use std::mem::MaybeUninit;
use std::{io, ptr};

use signal_hook_registry::SigId;

/// What is done with a signal.
#[derive(Clone, Copy)]
pub(crate) struct SignalAction(libc::sigaction);

impl SignalAction {
    /// What is done with signal `number` now.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub(crate) fn of(number: i32) -> io::Result<Self> {
        exchange(number, None)
    }

    /// Has this done with signal `number` from now on.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub(crate) fn install(&self, number: i32) -> io::Result<()> {
        exchange(number, Some(&self.0)).map(drop)
    }

    /// Whether both lead to the same handler.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.0.sa_sigaction == other.0.sa_sigaction
    }

    /// The same, but that the OS keeps the ends of children for who waits for them; none if this
    /// one of `SIGCHLD` does already.
    fn with_ends_kept(&self) -> Option<Self> {
        let ignored = self.0.sa_sigaction == libc::SIG_IGN;
        if !ignored && self.0.sa_flags & libc::SA_NOCLDWAIT == 0 {
            return None;
        }
        let mut kept = *self;
        kept.0.sa_flags &= !libc::SA_NOCLDWAIT;
        if ignored {
            kept.0.sa_sigaction = libc::SIG_DFL;
        }
        Some(kept)
    }
}

/// Has the OS keep the ends of children. Whoever started this process may have `SIGCHLD` ignored
/// in it; then nobody could learn how a child ended.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn keep_ends_of_children() -> io::Result<()> {
    match SignalAction::of(libc::SIGCHLD)?.with_ends_kept() {
        Some(kept) => kept.install(libc::SIGCHLD),
        None => Ok(()),
    }
}

fn exchange(number: i32, new: Option<&libc::sigaction>) -> io::Result<SignalAction> {
    let mut old = MaybeUninit::uninit();
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `new` is null or an action that this function has got from the OS, whose handler is a
    // function of this program, or the default; `old` has room for an action.
    let answer = unsafe { libc::sigaction(number, new, old.as_mut_ptr()) };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, and so has filled it.
    Ok(SignalAction(unsafe { old.assume_init() }))
}

/// Has `arrive` called in the handler of signal `number`, with the process that sent it, until it
/// is [unregistered](signal_hook_registry::unregister).
///
/// `arrive` interrupts any code: it takes no lock, allocates nothing, and does not panic. Faults,
/// and what no program can catch, are not for here.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn on_signal(
    number: i32,
    arrive: impl Fn(Option<u32>) + Send + Sync + 'static,
) -> io::Result<SigId> {
    // SAFETY: who calls this vouches, by its contract, that `arrive` may run in a handler.
    unsafe { signal_hook_registry::register_sigaction(number, move |info| arrive(sender(info))) }
}

/// The process that sent a signal; none if none did, or if it cannot be seen from here.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn sender(info: &libc::siginfo_t) -> Option<u32> {
    if ![libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL].contains(&info.si_code) {
        return None;
    }
    // SAFETY: signals of these codes carry the number of a process.
    let process = unsafe { info.si_pid() };
    u32::try_from(process).ok().filter(|process| *process != 0)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sender(_info: &libc::siginfo_t) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_children_are_kept_whatever_else_is_done_with_the_signal() {
        let mut action = SignalAction::of(libc::SIGCHLD).unwrap();
        action.0.sa_flags = libc::SA_NOCLDSTOP;
        for (handler, kept) in [(libc::SIG_IGN, libc::SIG_DFL), (7, 7)] {
            action.0.sa_sigaction = handler;
            action.0.sa_flags |= libc::SA_NOCLDWAIT;
            let action = action.with_ends_kept().unwrap();
            assert_eq!(action.0.sa_sigaction, kept);
            assert_eq!(action.0.sa_flags, libc::SA_NOCLDSTOP);
            assert!(action.with_ends_kept().is_none());
        }
    }
}
