//! A connection of any kind: what carries it, and what is on top of that. To the handle table, the
//! ring and the imports all connections are alike.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

#[cfg(unix)]
use aio_loop::net::unix::UnixStream;
use aio_loop::net::{ByteStream, RawSocket, TcpStream};
use aio_loop::{Port, Readiness, Registration};

/// A connection. All methods take `&self`; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Stream {
    transport: Transport,
}

/// What carries the bytes.
#[derive(Debug)]
enum Transport {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self {
            transport: Transport::Tcp(stream),
        }
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self {
            transport: Transport::Unix(stream),
        }
    }
}

impl Stream {
    /// The Unix connection, if that is what carries it.
    #[cfg(unix)]
    pub(crate) fn unix(&self) -> Option<&UnixStream> {
        match &self.transport {
            Transport::Unix(stream) => Some(stream),
            Transport::Tcp(_) => None,
        }
    }

    /// The TCP connection, if that is what carries it.
    pub(crate) fn tcp(&self) -> Option<&TcpStream> {
        match &self.transport {
            Transport::Tcp(stream) => Some(stream),
            #[cfg(unix)]
            Transport::Unix(_) => None,
        }
    }

    /// The source of the socket below. Its readiness is not the stream's: see
    /// [`Stream::readiness`].
    fn registration(&self) -> &Registration {
        match &self.transport {
            Transport::Tcp(stream) => stream.registration(),
            #[cfg(unix)]
            Transport::Unix(stream) => stream.registration(),
        }
    }

    /// What is known of the stream now: a hint that an operation is worth a try.
    pub(crate) fn readiness(&self) -> Readiness {
        self.registration().readiness()
    }

    /// Posts `key` to `port` whenever an event brings news.
    pub(crate) fn attach(&self, port: &Port, key: u64) {
        self.registration().attach(port, key);
    }

    /// Asks the OS to tell when the stream is writable.
    pub(crate) fn want_writable(&self) -> io::Result<()> {
        self.registration().want_writable()
    }

    /// Ends all that waits on the stream.
    pub(crate) fn close(&self) {
        self.registration().close();
    }

    /// Reads what is there; `WouldBlock` when nothing is.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.transport {
            Transport::Tcp(stream) => stream.try_read(buf),
            #[cfg(unix)]
            Transport::Unix(stream) => stream.try_read(buf),
        }
    }

    /// Writes what there is room for; `WouldBlock` when there is none.
    pub(crate) fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.transport {
            Transport::Tcp(stream) => stream.try_write(buf),
            #[cfg(unix)]
            Transport::Unix(stream) => stream.try_write(buf),
        }
    }

    /// Writes what there is room for of `bufs`, as if they were one.
    pub(crate) fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.transport {
            Transport::Tcp(stream) => stream.try_write_vectored(bufs),
            #[cfg(unix)]
            Transport::Unix(stream) => stream.try_write_vectored(bufs),
        }
    }

    /// Ends one half of the stream, or both.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match &self.transport {
            Transport::Tcp(stream) => stream.shutdown(how),
            #[cfg(unix)]
            Transport::Unix(stream) => stream.shutdown(how),
        }
    }

    /// Ready when a read is worth a try.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.registration().poll_readable(cx)
    }

    /// Ready when a write is worth a try.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.registration().poll_writable(cx)
    }

    /// Ready as soon as something could be read.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.try_read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.poll_readable(cx));
        }
    }

    /// Ready as soon as something could be written.
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_output(cx, |stream| stream.try_write(buf))
    }

    /// Ready as soon as something of `bufs` could be written.
    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_output(cx, |stream| stream.try_write_vectored(bufs))
    }

    /// Writes all of `buf`.
    pub(crate) async fn write_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let written = std::future::poll_fn(|cx| self.poll_write(cx, buf)).await?;
            buf = buf.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    fn poll_output<T>(
        &self,
        cx: &mut Context<'_>,
        attempt: impl Fn(&Self) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            match attempt(self) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.poll_writable(cx));
        }
    }
}

/// What a transfer asks of a connection.
impl ByteStream for Stream {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write(cx, buf)
    }

    fn unread(&self, bytes: &[u8]) {
        match &self.transport {
            Transport::Tcp(stream) => ByteStream::unread(stream, bytes),
            #[cfg(unix)]
            Transport::Unix(stream) => ByteStream::unread(stream, bytes),
        }
    }

    fn has_unread(&self) -> bool {
        match &self.transport {
            Transport::Tcp(stream) => ByteStream::has_unread(stream),
            #[cfg(unix)]
            Transport::Unix(stream) => ByteStream::has_unread(stream),
        }
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        match &self.transport {
            Transport::Tcp(stream) => stream.socket(),
            #[cfg(unix)]
            Transport::Unix(stream) => stream.socket(),
        }
    }
}
