//! A terminal for the binary to run at, with the test at the keyboard.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::support::{AIO_HOST, cache, watch};

/// The binary at a terminal that is its own. Dropping it ends the process.
pub(crate) struct Session {
    keyboard: File,
    child: Arc<Mutex<Child>>,
    /// What was shown and not yet looked at.
    shown: Vec<u8>,
    /// Standard error, unless that is the terminal too.
    stderr: Option<ChildStderr>,
    before: Termios,
    _watchdog: Sender<()>,
}

/// Where standard error goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    Apart,
    Shown,
}

impl Session {
    pub(crate) fn start(flags: &[&str], guest: &Path, args: &[&str]) -> Self {
        Self::start_with(Errors::Apart, flags, guest, args)
    }

    pub(crate) fn start_with(errors: Errors, flags: &[&str], guest: &Path, args: &[&str]) -> Self {
        Self::start_in(&[], errors, flags, guest, args)
    }

    /// The same by a command that runs what follows it.
    pub(crate) fn start_in(
        enter: &[&str],
        errors: Errors,
        flags: &[&str],
        guest: &Path,
        args: &[&str],
    ) -> Self {
        let guest = guest.to_str().unwrap();
        let words = [enter, &[AIO_HOST, "run"], flags, &[guest], args].concat();
        Self::launch(errors, &words)
    }

    /// Starts a command, which is the binary or comes to run it.
    pub(crate) fn launch(errors: Errors, words: &[&str]) -> Self {
        let (keyboard, screen) = open();
        let before = tcgetattr(&keyboard).unwrap();
        let stderr = match errors {
            Errors::Apart => Stdio::piped(),
            Errors::Shown => screen.try_clone().unwrap().into(),
        };
        // A session of its own, of which the terminal is the controlling one.
        let mut child = Command::new("setsid")
            .arg("--ctty")
            .args(words)
            .env("XDG_CACHE_HOME", cache())
            .stdin(screen.try_clone().unwrap())
            .stdout(screen)
            .stderr(stderr)
            .spawn()
            .unwrap();
        let stderr = child.stderr.take();
        let child = Arc::new(Mutex::new(child));
        Self {
            _watchdog: watch(&child),
            keyboard,
            child,
            shown: Vec::new(),
            stderr,
            before,
        }
    }

    pub(crate) fn types(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    /// Waits until `text` is shown; what was before it is returned.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> String {
        let text = text.as_bytes();
        loop {
            let found = self.shown.windows(text.len()).position(|part| part == text);
            if let Some(start) = found {
                let before: Vec<u8> = self.shown.drain(..start + text.len()).collect();
                return String::from_utf8_lossy(&before[..start]).into_owned();
            }
            assert!(
                self.see(),
                "no {} in {}",
                text.escape_ascii(),
                self.shown.escape_ascii()
            );
        }
    }

    /// Takes in more of what is shown; none is the end.
    fn see(&mut self) -> bool {
        let mut piece = [0; 4096];
        // When nobody has the terminal open any more, that is an error of Linux.
        let count = self.keyboard.read(&mut piece).unwrap_or(0);
        self.shown.extend_from_slice(&piece[..count]);
        count > 0
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        tcsetwinsize(&self.keyboard, size(columns, rows)).unwrap();
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.lock().unwrap()), signal).unwrap();
    }

    /// The mode of the terminal now, in comparable form.
    pub(crate) fn mode(&self) -> String {
        shown_mode(&tcgetattr(&self.keyboard).unwrap())
    }

    /// Fails the test unless the terminal is as it was at the start.
    #[track_caller]
    pub(crate) fn is_as_before(&self) {
        assert_eq!(self.mode(), shown_mode(&self.before));
    }

    /// Reads the next line of standard error.
    pub(crate) fn error_line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        let stderr = self.stderr.as_mut().unwrap();
        while stderr.read(&mut byte).unwrap() > 0 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }

    /// Waits for the end: the exit code, what was shown last, and the rest of standard error.
    pub(crate) fn end(&mut self) -> (Option<i32>, String, String) {
        while self.see() {}
        let mut errors = String::new();
        if let Some(stderr) = &mut self.stderr {
            stderr.read_to_string(&mut errors).unwrap();
        }
        let code = self.child.lock().unwrap().wait().unwrap().code();
        let shown = String::from_utf8_lossy(&std::mem::take(&mut self.shown)).into_owned();
        (code, shown, errors)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        // It may have ended by itself.
        drop(child.kill());
        drop(child.wait());
    }
}

/// A terminal of 80 by 24: the side of the keyboard, and that of the program.
fn open() -> (File, OwnedFd) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let screen = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    tcsetwinsize(&keyboard, size(80, 24)).unwrap();
    (File::from(keyboard), screen)
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn shown_mode(termios: &Termios) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        termios.input_modes, termios.output_modes, termios.control_modes, termios.local_modes
    )
}
