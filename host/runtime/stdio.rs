//! Where the three standard streams of a guest lead, through WASI and by handle alike. Decides and
//! opens; how bytes are read and written without ever blocking the loop is told in `stdin.rs` and
//! `stdout.rs`.

mod filter;
mod standard;
pub(crate) mod stdin;
pub(crate) mod stdout;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aio_loop::terminal::{self, RawMode, Size};
use aio_loop::{Handle, fd};
use rustix::io::Errno;
#[cfg(unix)]
use std::os::fd::OwnedFd;

pub(crate) use self::standard::Standard;
use self::stdin::{Source, Stdin};
use self::stdout::{Sink, Stdout};
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
    pub(crate) stdin: Stdin,
    pub(crate) stdout: Stdout,
    pub(crate) stderr: Stdout,
}

impl Streams {
    /// Opens them. What goes to a terminal is filtered unless the guest may control it.
    pub(crate) fn open(handle: &Handle, stdio: &Stdio, controls_terminal: bool) -> Result<Self> {
        let (stdin, stdout, stderr) = match stdio {
            Stdio::Null => (Input::Empty, Output::Null, Output::Null),
            Stdio::Inherit => (Input::Inherit, Output::Inherit, Output::Inherit),
            Stdio::Streams {
                stdin,
                stdout,
                stderr,
            } => (stdin.clone(), stdout.clone(), stderr.clone()),
        };
        let filtered = |stdout: Stdout| match controls_terminal {
            true => stdout,
            false => stdout.filtered(),
        };
        let open = Opener { handle };
        Ok(Self {
            stdin: open
                .stdin(stdin)
                .map_err(|source| Error::host("open standard input", source))?,
            stdout: open
                .stdout(stdout)
                .map(filtered)
                .map_err(|source| Error::host("open standard output", source))?,
            stderr: open
                .stderr(stderr)
                .map(filtered)
                .map_err(|source| Error::host("open standard error", source))?,
        })
    }

    /// The same outputs, and an input that is at its end.
    pub(crate) fn of_worker(&self) -> Self {
        Self {
            stdin: Stdin::new(Source::bytes(Vec::new()), false),
            ..self.clone()
        }
    }

    /// Waits until what the guest has printed is written.
    ///
    /// # Errors
    ///
    /// Why it cannot be.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        let stdout = self.stdout.flush().await;
        self.stderr.flush().await?;
        stdout
    }
}

impl Stdin {
    /// A view of the stream for a handle; none when the host has no such stream.
    pub(crate) fn view(&self, handle: &Handle) -> Option<Standard> {
        (!self.is_absent()).then(|| Standard::input(handle, self))
    }

    /// The terminal.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] for what is none.
    pub(crate) fn terminal(&self) -> io::Result<&fd::Stdio> {
        let terminal = self.fd().filter(|_| self.is_terminal());
        terminal.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Puts the terminal into raw mode.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] for what is no terminal, [`io::ErrorKind::ResourceBusy`] in
    /// the background of it, and what the OS answers.
    pub(crate) fn enter_raw_mode(&self) -> io::Result<RawMode> {
        RawMode::enter(self.terminal()?)
    }

    /// Tells the size of the terminal.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] for what is no terminal.
    pub(crate) fn terminal_size(&self) -> io::Result<Size> {
        terminal::size(self.terminal()?)
    }
}

impl Stdout {
    /// A view of the stream for a handle; none when the host has no such stream.
    pub(crate) fn view(&self, handle: &Handle) -> Option<Standard> {
        (!self.is_absent()).then(|| Standard::output(handle, self))
    }
}

/// Opens streams on a loop.
struct Opener<'a> {
    handle: &'a Handle,
}

impl Opener<'_> {
    fn stdin(&self, input: Input) -> io::Result<Stdin> {
        let source = match input {
            Input::Empty => Source::bytes(Vec::new()),
            Input::Bytes(bytes) => Source::bytes(bytes),
            Input::Inherit => match inherited(0, || fd::Stdio::stdin(self.handle))? {
                Some(fd) => Source::Fd(fd),
                None => Source::Absent,
            },
            #[cfg(unix)]
            Input::Descriptor(fd) => Source::Fd(self.descriptor(&fd)?),
        };
        let terminal = matches!(&source, Source::Fd(fd) if fd.is_terminal());
        Ok(Stdin::new(source, terminal))
    }

    fn stdout(&self, output: Output) -> io::Result<Stdout> {
        let sink = self.sink(output, 1, fd::Stdio::stdout)?;
        let terminal = is_terminal(&sink);
        Ok(Stdout::buffered(self.handle, sink, terminal))
    }

    fn stderr(&self, output: Output) -> io::Result<Stdout> {
        let sink = self.sink(output, 2, fd::Stdio::stderr)?;
        let terminal = is_terminal(&sink);
        Ok(Stdout::unbuffered(self.handle, sink, terminal))
    }

    /// Where `output` goes; `own` opens the stream of the process, which has this number.
    fn sink(
        &self,
        output: Output,
        number: i32,
        own: fn(&Handle) -> io::Result<fd::Stdio>,
    ) -> io::Result<Sink> {
        Ok(match output {
            Output::Null => Sink::Null,
            Output::Inherit => {
                inherited(number, || own(self.handle))?.map_or(Sink::Absent, Sink::Fd)
            }
            Output::Captured(captured) => Sink::Captured(captured),
            #[cfg(unix)]
            Output::Descriptor(fd) => Sink::Fd(self.descriptor(&fd)?),
        })
    }

    #[cfg(unix)]
    fn descriptor(&self, descriptor: &OwnedFd) -> io::Result<fd::Stdio> {
        fd::Stdio::new(self.handle, descriptor.try_clone()?)
    }
}

fn is_terminal(sink: &Sink) -> bool {
    matches!(sink, Sink::Fd(fd) if fd.is_terminal())
}

/// The stream of the process; none if it was started without.
fn inherited(
    number: i32,
    open: impl FnOnce() -> io::Result<fd::Stdio>,
) -> io::Result<Option<fd::Stdio>> {
    if fd::closed_at_start(number) {
        return Ok(None);
    }
    match open() {
        // Programs that are not in Rust can lack it still.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::BADF) => Ok(None),
        opened => opened.map(Some),
    }
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
