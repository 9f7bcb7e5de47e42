//! Descriptors that belong to others as well, such as the standard streams: `O_NONBLOCK` is never
//! set on them. Whether an operation would block is asked of the OS before each one; a terminal,
//! whose answer is of the first byte only, is opened once more.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll, ready};

use mio::unix::SourceFd;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Dev, FileType, OFlags};
use rustix::net::{RecvFlags, SendFlags};

use crate::core::{Attempt, Interest};
use crate::net::unix::NO_SIGNAL;
use crate::net::unread::Unread;
use crate::{Handle, Registration};

/// What a pipe that is writable takes without blocking: the `PIPE_BUF` of Linux.
const WRITE_MAX: usize = 4096;

/// A descriptor shared with others. Dropping it closes this copy.
///
/// Nothing is read ahead and nothing is buffered. A descriptor that others read or write at the
/// same time may make an operation wait for them.
#[derive(Debug)]
pub struct Stdio {
    // Before the descriptor: it deregisters while that is open. `None` for what the OS does not
    // poll.
    registration: Option<Registration>,
    fd: OwnedFd,
    guard: Guard,
    unread: Unread,
}

/// What keeps an operation from blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// A question to the OS before it.
    Question,
    /// Flags that sockets take with each.
    Flags,
    /// The mode of a description that nobody shares.
    Mode,
}

impl Stdio {
    /// Takes a copy of the standard input.
    ///
    /// # Errors
    ///
    /// As for [`Stdio::new`].
    pub fn stdin(handle: &Handle) -> io::Result<Self> {
        Self::new(handle, io::stdin().as_fd().try_clone_to_owned()?)
    }

    /// Takes a copy of the standard output. What `std` has buffered for it is not seen.
    ///
    /// # Errors
    ///
    /// As for [`Stdio::new`].
    pub fn stdout(handle: &Handle) -> io::Result<Self> {
        Self::new(handle, io::stdout().as_fd().try_clone_to_owned()?)
    }

    /// Takes a copy of the standard error output.
    ///
    /// # Errors
    ///
    /// As for [`Stdio::new`].
    pub fn stderr(handle: &Handle) -> io::Result<Self> {
        Self::new(handle, io::stderr().as_fd().try_clone_to_owned()?)
    }

    /// Takes over `fd` as it is. Files, and others that the OS does not poll, are always ready.
    ///
    /// # Errors
    ///
    /// What the OS answers to the registration.
    pub fn new(handle: &Handle, fd: OwnedFd) -> io::Result<Self> {
        let mode = rustix::fs::fcntl_getfl(&fd)? & OFlags::ACCMODE;
        let (fd, guard) = guarded(fd, mode)?;
        let interest = match mode {
            OFlags::WRONLY => Interest::Writable,
            _ => Interest::Readable,
        };
        let registration = match Registration::new(handle, &mut Borrowed(fd.as_raw_fd()), interest)
        {
            // What epoll answers to regular files, directories and /dev/null.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            registration => Some(registration?),
        };
        Ok(Self {
            registration,
            fd,
            guard,
            unread: Unread::default(),
        })
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        rustix::termios::isatty(&self.fd)
    }

    /// The source of the descriptor; `None` when it is always ready.
    pub fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }

    /// Reads what is there, up to the length of `buf`; `Ok(0)` is the end of the input, or an empty
    /// `buf`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.try_input(|| self.read_now(buf))
    }

    /// Asks whether a read would find something, be it the end of the input or an error.
    ///
    /// # Errors
    ///
    /// Those of [`Stdio::try_read`].
    pub fn try_readable(&self) -> io::Result<()> {
        self.try_input(|| match self.unread.is_empty() {
            true => self.ask(PollFlags::IN),
            false => Ok(()),
        })
    }

    fn try_input<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let attempt = self.attempt()?;
        let result = operation();
        if let (Err(error), Some((registration, attempt))) = (&result, attempt)
            && error.kind() == io::ErrorKind::WouldBlock
        {
            registration.clear_readable(attempt);
        }
        result
    }

    /// Takes back bytes that were read: the next read, whoever makes it, returns them first.
    pub fn unread(&self, bytes: &[u8]) {
        self.unread.give_back(bytes);
        if let Some(registration) = &self.registration {
            registration.set_readable();
        }
    }

    /// Whether there are bytes that were taken back.
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Writes at once as much of `buf` as fits; to a pipe not more than 4096 bytes.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        let attempt = self.attempt()?;
        let result = self.write_now(buf);
        if let (Err(error), Some((registration, attempt))) = (&result, attempt)
            && error.kind() == io::ErrorKind::WouldBlock
        {
            registration.clear_writable(attempt);
            registration.want_writable()?;
        }
        result
    }

    /// Ready as soon as something could be read; errors are those of [`Stdio::try_read`].
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match (self.try_read(buf), &self.registration) {
                (Err(error), Some(registration)) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(registration.poll_readable(cx));
                }
                (result, _) => return Poll::Ready(result),
            }
        }
    }

    /// Ready as soon as something could be written; errors are those of [`Stdio::try_write`].
    pub fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match (self.try_write(buf), &self.registration) {
                (Err(error), Some(registration)) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(registration.poll_writable(cx));
                }
                (result, _) => return Poll::Ready(result),
            }
        }
    }

    /// Waits for something to read. A future that is dropped has read nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Stdio::try_read`].
    pub async fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match (self.try_read(buf), &self.registration) {
                (Err(error), Some(registration)) if error.kind() == io::ErrorKind::WouldBlock => {
                    registration.readable().await;
                }
                (result, _) => return result,
            }
        }
    }

    /// Waits until something of `buf` is written. A future that is dropped has written nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Stdio::try_write`].
    pub async fn write(&self, buf: &[u8]) -> io::Result<usize> {
        loop {
            match (self.try_write(buf), &self.registration) {
                (Err(error), Some(registration)) if error.kind() == io::ErrorKind::WouldBlock => {
                    registration.writable().await;
                }
                (result, _) => return result,
            }
        }
    }

    /// Writes all of `buf`. A future that is dropped may have written a part.
    ///
    /// # Errors
    ///
    /// Those of [`Stdio::try_write`] but `WouldBlock`.
    pub async fn write_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let written = self.write(buf).await?;
            buf = buf.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    fn attempt(&self) -> io::Result<Option<(&Registration, Attempt)>> {
        let Some(registration) = &self.registration else {
            return Ok(None);
        };
        Ok(Some((registration, registration.attempt()?)))
    }

    fn read_now(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if let Some(count) = self.unread.take(buf) {
            return Ok(count);
        }
        if self.guard == Guard::Flags {
            let (read, _) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.fd, &mut *buf, RecvFlags::DONTWAIT)
            })?;
            return Ok(read);
        }
        if self.guard == Guard::Question {
            self.ask(PollFlags::IN)?;
        }
        Ok(rustix::io::retry_on_intr(|| {
            rustix::io::read(&self.fd, &mut *buf)
        })?)
    }

    fn write_now(&self, buf: &[u8]) -> io::Result<usize> {
        if self.guard == Guard::Flags {
            let flags = SendFlags::DONTWAIT | NO_SIGNAL;
            let send = || rustix::net::send(&self.fd, buf, flags);
            return Ok(rustix::io::retry_on_intr(send)?);
        }
        if self.guard == Guard::Question {
            self.ask(PollFlags::OUT)?;
        }
        let len = match (self.guard, &self.registration) {
            (Guard::Question, Some(_)) => buf.len().min(WRITE_MAX),
            _ => buf.len(),
        };
        let write = || rustix::io::write(&self.fd, &buf[..len]);
        Ok(rustix::io::retry_on_intr(write)?)
    }

    /// Asks the OS whether the operation would block. A hang-up or an error is for the operation to
    /// tell.
    fn ask(&self, flags: PollFlags) -> io::Result<()> {
        let mut asked = [PollFd::new(&self.fd, flags)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        match rustix::event::poll(&mut asked, Some(&now))? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(()),
        }
    }
}

impl AsFd for Stdio {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether the standard descriptor `number` was closed when the process began. Programs in Rust
/// find the null device there, which is always ready and at its end.
#[cfg(target_os = "linux")]
pub fn closed_at_start(number: RawFd) -> bool {
    crate::sys::closed_at_start(number)
}

/// Whether the standard descriptor `number` was closed when the process began: not known here.
#[cfg(not(target_os = "linux"))]
pub fn closed_at_start(_number: RawFd) -> bool {
    false
}

/// What is to be read and written in place of `fd`, and how that is kept from blocking.
fn guarded(fd: OwnedFd, mode: OFlags) -> io::Result<(OwnedFd, Guard)> {
    let stat = rustix::fs::fstat(&fd)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Socket {
        return Ok((fd, Guard::Flags));
    }
    Ok(match own_terminal(fd.as_fd(), mode, stat.st_rdev) {
        Some(own) => (own, Guard::Mode),
        None => (fd, Guard::Question),
    })
}

/// The number of the device that makes a new terminal for each who opens it.
#[cfg(target_os = "linux")]
const PTMX: (u32, u32) = (5, 2);

/// Opens a terminal once more, so that it blocks for those who share it and never here. None for
/// what is none, and for one that this user may not open.
#[cfg(target_os = "linux")]
fn own_terminal(fd: BorrowedFd<'_>, mode: OFlags, device: Dev) -> Option<OwnedFd> {
    let numbers = (rustix::fs::major(device), rustix::fs::minor(device));
    if !rustix::termios::isatty(fd) || numbers == PTMX {
        return None;
    }
    let flags = mode | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    rustix::fs::open(path, flags, rustix::fs::Mode::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn own_terminal(_fd: BorrowedFd<'_>, _mode: OFlags, _device: Dev) -> Option<OwnedFd> {
    None
}

/// A descriptor on its way to the reactor, which does not own it.
pub(crate) struct Borrowed(pub(crate) RawFd);

impl AsRawFd for Borrowed {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl mio::event::Source for Borrowed {
    fn register(
        &mut self,
        registry: &mio::Registry,
        token: mio::Token,
        interests: mio::Interest,
    ) -> io::Result<()> {
        SourceFd(&self.0).register(registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &mio::Registry,
        token: mio::Token,
        interests: mio::Interest,
    ) -> io::Result<()> {
        SourceFd(&self.0).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &mio::Registry) -> io::Result<()> {
        SourceFd(&self.0).deregister(registry)
    }
}
