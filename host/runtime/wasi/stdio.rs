//! Where the three standard streams of a guest lead. Decides and opens; how bytes are read and
//! written without ever blocking the loop is told in `stdin.rs` and `stdout.rs`.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aio_loop::Handle;
use bytes::Bytes;
#[cfg(unix)]
use std::os::fd::OwnedFd;

use super::stdin::{Source, Stdin};
use super::stdout::{Sink, Stdout};
use crate::error::{Error, Result};

/// The standard streams of a guest.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Stdio {
    /// Standard input is at its end, output and errors go nowhere.
    #[default]
    Null,
    /// The streams of the process. They stay in the mode they are in (`O_NONBLOCK` is not set), and
    /// nothing the guest does with them delays another guest.
    Inherit,
    /// Each stream by itself.
    Streams {
        /// Standard input.
        stdin: Input,
        /// Standard output.
        stdout: Output,
        /// Standard error.
        stderr: Output,
    },
}

/// Where a guest's standard input comes from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Input {
    /// Is at its end.
    #[default]
    Empty,
    /// The standard input of the process.
    Inherit,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A descriptor; a duplicate of it is used.
    #[cfg(unix)]
    Descriptor(Arc<OwnedFd>),
}

/// Where a guest's standard output or error goes to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Output {
    /// Nowhere.
    #[default]
    Null,
    /// The stream of the process of the same name.
    Inherit,
    /// Into memory.
    Captured(Captured),
    /// A descriptor; a duplicate of it is used.
    #[cfg(unix)]
    Descriptor(Arc<OwnedFd>),
}

/// What a guest has written. `Clone` means the same bytes.
#[derive(Clone, Debug)]
pub struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    max: usize,
}

impl Captured {
    /// Captures at most `max` bytes. To a guest that writes more, the stream is closed, as a pipe
    /// is whose reader has gone.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            bytes: Arc::default(),
            max,
        }
    }

    /// Takes out what was written since the last call, which makes room for more.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.lock())
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut captured = self.lock();
        let written = bytes.len().min(self.max.saturating_sub(captured.len()));
        if written < bytes.len() && written == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        captured.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The streams of one guest, opened. Clones have the same position.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(super) stdin: Stdin,
    pub(super) stdout: Stdout,
    pub(super) stderr: Stdout,
}

impl Streams {
    pub(crate) fn open(handle: &Handle, stdio: &Stdio) -> Result<Self> {
        let (stdin, stdout, stderr) = match stdio {
            Stdio::Null => (Input::Empty, Output::Null, Output::Null),
            Stdio::Inherit => (Input::Inherit, Output::Inherit, Output::Inherit),
            Stdio::Streams {
                stdin,
                stdout,
                stderr,
            } => (stdin.clone(), stdout.clone(), stderr.clone()),
        };
        Ok(Self {
            stdin: open_stdin(handle, stdin)
                .map_err(|source| Error::host("open standard input", source))?,
            stdout: open_stdout(handle, stdout)
                .map_err(|source| Error::host("open standard output", source))?,
            stderr: open_stderr(handle, stderr)
                .map_err(|source| Error::host("open standard error", source))?,
        })
    }

    /// The same outputs, and an input that is at its end.
    pub(crate) fn of_worker(&self) -> Self {
        Self {
            stdin: Stdin::new(Source::Bytes(Bytes::new()), false),
            ..self.clone()
        }
    }
}

fn open_stdin(handle: &Handle, input: Input) -> io::Result<Stdin> {
    Ok(match input {
        Input::Empty => Stdin::new(Source::Bytes(Vec::new().into()), false),
        Input::Bytes(bytes) => Stdin::new(Source::Bytes(bytes.into()), false),
        Input::Inherit => Stdin::new(
            Source::Fd(aio_loop::fd::Stdio::stdin(handle)?),
            io::stdin().is_terminal(),
        ),
        #[cfg(unix)]
        Input::Descriptor(fd) => {
            let terminal = fd.is_terminal();
            Stdin::new(
                Source::Fd(aio_loop::fd::Stdio::new(handle, fd.try_clone()?)?),
                terminal,
            )
        }
    })
}

fn open_stdout(handle: &Handle, output: Output) -> io::Result<Stdout> {
    let (sink, terminal) = match output {
        Output::Inherit => (
            Sink::Fd(aio_loop::fd::Stdio::stdout(handle)?),
            io::stdout().is_terminal(),
        ),
        other => open_sink(handle, other)?,
    };
    Ok(Stdout::buffered(handle, sink, terminal))
}

fn open_stderr(handle: &Handle, output: Output) -> io::Result<Stdout> {
    let (sink, terminal) = match output {
        Output::Inherit => (
            Sink::Fd(aio_loop::fd::Stdio::stderr(handle)?),
            io::stderr().is_terminal(),
        ),
        other => open_sink(handle, other)?,
    };
    Ok(Stdout::unbuffered(handle, sink, terminal))
}

fn open_sink(handle: &Handle, output: Output) -> io::Result<(Sink, bool)> {
    Ok(match output {
        Output::Null | Output::Inherit => (Sink::Null, false),
        Output::Captured(captured) => (Sink::Captured(captured), false),
        #[cfg(unix)]
        Output::Descriptor(fd) => {
            let terminal = fd.is_terminal();
            (
                Sink::Fd(aio_loop::fd::Stdio::new(handle, fd.try_clone()?)?),
                terminal,
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_takes_its_maximum_and_no_byte_more() {
        let captured = Captured::new(4);
        assert_eq!(captured.write(b"abc").unwrap(), 3);
        assert_eq!(captured.write(b"de").unwrap(), 1);
        assert_eq!(
            captured.write(b"e").unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
        assert_eq!(captured.take(), b"abcd");
        assert_eq!(captured.write(b"e").unwrap(), 1);
    }
}
