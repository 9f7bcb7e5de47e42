//! What a session asks of the stream that it runs on.

use std::io::{self, IoSlice};
use std::sync::Arc;

use crate::Registration;
use crate::net::TcpStream;

/// A stream of bytes that is read on readiness and written at once.
pub trait Transport {
    /// Reads what is there; `Ok(0)` is the end.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, which clears the readiness.
    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes as much of `bufs` as fits.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, which clears the readiness.
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// The source of the stream, whose readiness is that of the two above.
    fn registration(&self) -> &Registration;
}

impl Transport for TcpStream {
    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, buf)
    }

    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, bufs)
    }

    fn registration(&self) -> &Registration {
        Self::registration(self)
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        T::try_read(self, buf)
    }

    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        T::try_write_vectored(self, bufs)
    }

    fn registration(&self) -> &Registration {
        T::registration(self)
    }
}
