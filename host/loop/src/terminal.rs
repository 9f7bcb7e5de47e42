//! Terminals: their size, and raw mode, which ends with the last who holds it. Nothing is changed
//! from the background, where the OS would stop the process for it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::Dev;
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many characters a line has.
    pub columns: u16,
    /// How many lines there are.
    pub rows: u16,
}

/// Tells the size of a terminal; 0 by 0 when nobody has set it.
///
/// # Errors
///
/// [`io::ErrorKind::Unsupported`] for what is no terminal.
pub fn size(terminal: impl AsFd) -> io::Result<Size> {
    let size = tcgetwinsize(terminal).map_err(no_terminal)?;
    Ok(Size {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}

/// A terminal in raw mode. Dropping the last one of a terminal puts back the mode it was in.
#[derive(Debug)]
#[must_use = "a dropped `RawMode` has ended"]
pub struct RawMode {
    terminal: OwnedFd,
    device: Dev,
}

/// A terminal in raw mode, for all who hold it.
struct Held {
    device: Dev,
    holders: usize,
    before: Termios,
}

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RawMode {
    /// Puts a terminal into raw mode: each byte of input at once and as it is, no echo, no signals
    /// by keys, output as it is.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] for what is no terminal, [`io::ErrorKind::ResourceBusy`] in
    /// the background of it, and what the OS answers.
    pub fn enter(terminal: impl AsFd) -> io::Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal).map_err(no_terminal)?;
        if !is_foreground(terminal.as_fd()) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let device = rustix::fs::fstat(&terminal)?.st_rdev;
        let mut held = held();
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &raw)?;
        match held.iter_mut().find(|held| held.device == device) {
            Some(held) => held.holders += 1,
            None => held.push(Held {
                device,
                holders: 1,
                before,
            }),
        }
        Ok(Self { terminal, device })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let mut held = held();
        let Some(index) = held.iter().position(|held| held.device == self.device) else {
            return;
        };
        held[index].holders -= 1;
        if held[index].holders > 0 {
            return;
        }
        let Held { before, .. } = held.swap_remove(index);
        // The shell that put this process into the background has a mode of its own.
        if is_foreground(self.terminal.as_fd())
            && let Err(error) = tcsetattr(&self.terminal, OptionalActions::Now, &before)
        {
            tracing::warn!("put back the mode of the terminal: {error}");
        }
    }
}

fn no_terminal(errno: Errno) -> io::Error {
    match errno {
        Errno::NOTTY | Errno::INVAL => io::ErrorKind::Unsupported.into(),
        other => other.into(),
    }
}

/// Whether the OS lets this process change the terminal. One that is not the process's own is
/// anybody's.
fn is_foreground(terminal: BorrowedFd<'_>) -> bool {
    match tcgetpgrp(terminal) {
        Ok(group) => group == rustix::process::getpgrp(),
        Err(_not_its_own) => true,
    }
}
