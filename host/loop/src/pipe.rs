//! Pipes: one end is read, the other written. An end that is shut down keeps its number, which
//! stands for a pipe that has ended from then on, so that nothing else comes to have it.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::task::{Context, Poll};

use mio::unix::pipe::{Receiver, Sender};
use rustix::fs::OFlags;

use crate::core::Interest;
use crate::net::unread::Unread;
use crate::net::{ByteStream, RawSocket};
use crate::{Handle, Registration, sys};

/// Makes a pipe with both ends on the loop.
///
/// # Errors
///
/// What the OS answers.
pub fn pipe(handle: &Handle) -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = sys::pipe()?;
    let reader = PipeReader::from_fd(handle, reader)?;
    Ok((reader, PipeWriter::from_fd(handle, writer)?))
}

/// Makes a pipe that is read here and written by a child, for which its end blocks.
///
/// # Errors
///
/// What the OS answers.
pub fn from_child(handle: &Handle) -> io::Result<(PipeReader, OwnedFd)> {
    let (reader, writer) = sys::pipe()?;
    Ok((PipeReader::from_fd(handle, reader)?, writer))
}

/// Makes a pipe that is written here and read by a child, for which its end blocks.
///
/// # Errors
///
/// What the OS answers.
pub fn to_child(handle: &Handle) -> io::Result<(PipeWriter, OwnedFd)> {
    let (reader, writer) = sys::pipe()?;
    Ok((PipeWriter::from_fd(handle, writer)?, reader))
}

/// The end of a pipe that is read. Dropping it closes it. All methods take `&self`.
#[derive(Debug)]
pub struct PipeReader {
    // Before the descriptor: it deregisters while that is open.
    registration: Registration,
    io: Receiver,
    unread: Unread,
}

impl PipeReader {
    /// Takes over the reading end of a pipe and makes it non-blocking, for all who share it.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn from_fd(handle: &Handle, fd: OwnedFd) -> io::Result<Self> {
        set_nonblocking(&fd)?;
        Self::new(handle, fd)
    }

    fn new(handle: &Handle, fd: OwnedFd) -> io::Result<Self> {
        Ended::get()?;
        let mut io = Receiver::from(fd);
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self {
            registration,
            io,
            unread: Unread::default(),
        })
    }

    /// Reads what is there, up to the length of `buf`; `Ok(0)` is the end, or an empty `buf`.
    ///
    /// Without readiness no system call is made. Less than asked for means that there is no more
    /// for now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, [`io::ErrorKind::NotConnected`] after
    /// [`Registration::close`], and what the OS answers.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.unread
            .or_read(&self.registration, buf, |buf| (&self.io).read(buf))
    }

    /// Ready as soon as something could be read; errors are those of [`PipeReader::try_read`].
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_input(cx, || self.try_read(buf))
    }

    /// Waits for something to read. A future that is dropped has read nothing.
    ///
    /// # Errors
    ///
    /// Those of [`PipeReader::try_read`].
    pub async fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.registration.input(|| self.try_read(buf)).await
    }

    /// Closes this end of the pipe, though it is still borrowed: reads find the end, and who writes
    /// is told that nobody reads.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn shutdown(&self) -> io::Result<()> {
        self.registration.release();
        sys::replace(self.as_fd(), Ended::get()?.reader.as_fd())
    }

    /// The source of this end.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Opens this end of the pipe once more, so that it blocks for who gets it, and never here.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] elsewhere than on Linux, and what the OS answers.
    pub fn reopen_blocking(&self) -> io::Result<OwnedFd> {
        reopen_blocking(self.as_fd(), OFlags::RDONLY)
    }
}

/// The end of a pipe that is written. Dropping it closes it. All methods take `&self`.
///
/// A pipe that nobody reads any more raises `SIGPIPE`, which Rust programs ignore.
#[derive(Debug)]
pub struct PipeWriter {
    // Before the descriptor: it deregisters while that is open.
    registration: Registration,
    io: Sender,
}

impl PipeWriter {
    /// Takes over the writing end of a pipe and makes it non-blocking, for all who share it.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn from_fd(handle: &Handle, fd: OwnedFd) -> io::Result<Self> {
        set_nonblocking(&fd)?;
        Self::new(handle, fd)
    }

    /// It is registered as if it was read: the OS tells in any case that nobody reads any more, and
    /// of room only to whom asks for it.
    fn new(handle: &Handle, fd: OwnedFd) -> io::Result<Self> {
        Ended::get()?;
        let mut io = Sender::from(fd);
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        Ok(Self { registration, io })
    }

    /// Writes at once as much of `buf` as the pipe takes.
    ///
    /// After a write that came up short no system call is made until the OS has told of room.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, [`io::ErrorKind::BrokenPipe`] when
    /// nobody reads any more and after [`PipeWriter::shutdown`], [`io::ErrorKind::NotConnected`]
    /// after [`Registration::close`], and what the OS answers.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.registration
            .try_write(buf.len(), || (&self.io).write(buf))
    }

    /// Writes at once as much of `bufs` as the pipe takes, as if they were one.
    ///
    /// # Errors
    ///
    /// Those of [`PipeWriter::try_write`].
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.registration
            .try_write(len, || (&self.io).write_vectored(bufs))
    }

    /// Ready as soon as something could be written; errors are those of [`PipeWriter::try_write`].
    pub fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_output(cx, || self.try_write(buf))
    }

    /// Waits until something of `buf` is written. A future that is dropped has written nothing.
    ///
    /// # Errors
    ///
    /// Those of [`PipeWriter::try_write`].
    pub async fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.registration.output(|| self.try_write(buf)).await
    }

    /// Writes all of `buf`. A future that is dropped may have written a part.
    ///
    /// # Errors
    ///
    /// Those of [`PipeWriter::try_write`] but `WouldBlock`.
    pub async fn write_all(&self, buf: &[u8]) -> io::Result<()> {
        let write = |rest: &[u8]| self.try_write(rest);
        self.registration.output_all(buf, write).await
    }

    /// Closes this end of the pipe, though it is still borrowed: who reads finds the end behind
    /// what was written.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn shutdown(&self) -> io::Result<()> {
        self.registration.release();
        sys::replace(self.as_fd(), Ended::get()?.writer.as_fd())
    }

    /// The source of this end.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Opens this end of the pipe once more, so that it blocks for who gets it, and never here.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] elsewhere than on Linux, and what the OS answers.
    pub fn reopen_blocking(&self) -> io::Result<OwnedFd> {
        reopen_blocking(self.as_fd(), OFlags::WRONLY)
    }
}

impl AsFd for PipeReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsFd for PipeWriter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

/// What is wanted of the other end.
pub fn wrong_direction() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "the other end of the pipe does")
}

impl ByteStream for PipeReader {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(cx, buf)
    }

    fn poll_write(&self, _cx: &mut Context<'_>, _buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(wrong_direction()))
    }

    fn unread(&self, bytes: &[u8]) {
        self.unread.give_back(bytes);
        self.registration.mark_readable();
    }

    fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        Some(RawSocket {
            registration: &self.registration,
            fd: self.as_fd(),
        })
    }
}

impl ByteStream for PipeWriter {
    fn poll_read(&self, _cx: &mut Context<'_>, _buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(wrong_direction()))
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write(cx, buf)
    }

    fn unread(&self, _bytes: &[u8]) {}

    fn has_unread(&self) -> bool {
        false
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        Some(RawSocket {
            registration: &self.registration,
            fd: self.as_fd(),
        })
    }
}

/// Ends of pipes that have no other end. One pair serves the whole process.
struct Ended {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Ended {
    /// They are opened with the first pipe, so that no end of one fails for want of a descriptor.
    fn get() -> io::Result<&'static Self> {
        static ENDED: OnceLock<Ended> = OnceLock::new();
        if let Some(ended) = ENDED.get() {
            return Ok(ended);
        }
        let (reader, _) = sys::pipe()?;
        let (_, writer) = sys::pipe()?;
        Ok(ENDED.get_or_init(|| Self { reader, writer }))
    }
}

fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags | OFlags::NONBLOCK)?)
}

/// Whether an operation blocks is said by what was opened, which all copies of a descriptor share.
#[cfg(target_os = "linux")]
fn reopen_blocking(fd: BorrowedFd<'_>, mode: OFlags) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;

    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    // Not even the opening may block, as it does for one that has a name and no other end.
    let flags = mode | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(path, flags, rustix::fs::Mode::empty())?;
    rustix::fs::fcntl_setfl(&opened, mode)?;
    Ok(opened)
}

#[cfg(not(target_os = "linux"))]
fn reopen_blocking(_fd: BorrowedFd<'_>, _mode: OFlags) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}
