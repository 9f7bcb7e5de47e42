//! What a transfer asks of a stream, so that one kind can be moved into another.

use std::io;
use std::ops::Deref;
use std::task::{Context, Poll};

use super::TcpStream;
use crate::Registration;

/// A stream of bytes in both directions.
pub trait ByteStream {
    /// Ready as soon as something could be read; `Ok(0)` is the end.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Ready as soon as something could be written.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;

    /// Takes back bytes that were read: the next read returns them first.
    fn unread(&self, bytes: &[u8]);

    /// Whether there are bytes that were taken back.
    fn has_unread(&self) -> bool;

    /// The socket, if the bytes on it are those of the stream.
    fn socket(&self) -> Option<RawSocket<'_>>;
}

/// A socket that the OS may move bytes from and to.
#[derive(Clone, Copy, Debug)]
pub struct RawSocket<'a> {
    /// Its source.
    pub registration: &'a Registration,
    /// Its descriptor.
    #[cfg(unix)]
    pub fd: std::os::fd::BorrowedFd<'a>,
}

impl<T: Deref<Target: ByteStream>> ByteStream for T {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        (**self).poll_write(cx, buf)
    }

    fn unread(&self, bytes: &[u8]) {
        (**self).unread(bytes);
    }

    fn has_unread(&self) -> bool {
        (**self).has_unread()
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        (**self).socket()
    }
}

impl ByteStream for TcpStream {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write(cx, buf)
    }

    fn unread(&self, bytes: &[u8]) {
        self.unread(bytes);
    }

    fn has_unread(&self) -> bool {
        self.has_unread()
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        Some(RawSocket {
            registration: self.registration(),
            #[cfg(unix)]
            fd: std::os::fd::AsFd::as_fd(self),
        })
    }
}
