//! Descriptors that belong to others as well, such as the standard streams: `O_NONBLOCK` is never
//! set on them. Whether an operation would block is asked of the OS before each one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::task::{Context, Poll, ready};

use mio::unix::SourceFd;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, OFlags};
use rustix::net::{RecvFlags, SendFlags};

use crate::core::{Attempt, Interest};
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
    is_socket: bool,
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
        let file_type = FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode);
        Ok(Self {
            registration,
            fd,
            is_socket: file_type == FileType::Socket,
        })
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
        let attempt = self.attempt()?;
        let result = self.read_now(buf);
        if let (Err(error), Some((registration, attempt))) = (&result, attempt)
            && error.kind() == io::ErrorKind::WouldBlock
        {
            registration.clear_readable(attempt);
        }
        result
    }

    /// Writes at once as much of `buf` as fits; not more than 4096 bytes unless it is a file or a
    /// socket.
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
        if self.is_socket {
            let (read, _) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.fd, &mut *buf, RecvFlags::DONTWAIT)
            })?;
            return Ok(read);
        }
        self.ask(PollFlags::IN)?;
        Ok(rustix::io::retry_on_intr(|| {
            rustix::io::read(&self.fd, &mut *buf)
        })?)
    }

    fn write_now(&self, buf: &[u8]) -> io::Result<usize> {
        if self.is_socket {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let send = || rustix::net::send(&self.fd, buf, flags);
            return Ok(rustix::io::retry_on_intr(send)?);
        }
        self.ask(PollFlags::OUT)?;
        let len = match self.registration {
            Some(_) => buf.len().min(WRITE_MAX),
            None => buf.len(),
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
