//! A connection of any kind: what carries it, and what is on top of that. To the handle table, the
//! ring and the imports all connections are alike.

#[cfg(unix)]
mod lend;
mod upgrade;

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

#[cfg(unix)]
use aio_loop::net::unix::UnixStream;
use aio_loop::net::{ByteStream, RawSocket, SocketOptions, TcpStream};
#[cfg(unix)]
use aio_loop::pipe::{PipeReader, PipeWriter, wrong_direction};
use aio_loop::tls::{self, BUFFERED_MAX, Transport as _};
use aio_loop::{Port, Readiness, Registration};

use crate::stdio::Standard;
#[cfg(unix)]
pub(crate) use lend::Lent;
#[cfg(unix)]
use lend::LentMark;
use upgrade::Upgrade;

/// A connection. All methods take `&self`; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Stream {
    transport: Transport,
    /// TLS, once it was put on top.
    upgrade: OnceLock<Box<Upgrade>>,
    #[cfg(unix)]
    lent: LentMark,
}

/// What carries the bytes.
#[derive(Debug)]
enum Transport {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(unix)]
    Reader(PipeReader),
    #[cfg(unix)]
    Writer(PipeWriter),
    Standard(Standard),
}

impl Transport {
    /// Ends one half, or both.
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(how),
            #[cfg(unix)]
            Self::Reader(_) if how == Shutdown::Write => Err(wrong_direction()),
            #[cfg(unix)]
            Self::Writer(_) if how == Shutdown::Read => Err(wrong_direction()),
            #[cfg(unix)]
            Self::Reader(pipe) => pipe.shutdown(),
            #[cfg(unix)]
            Self::Writer(pipe) => pipe.shutdown(),
            Self::Standard(view) => view.shutdown(how),
        }
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(buf),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write(buf),
            #[cfg(unix)]
            Self::Reader(_) => Err(wrong_direction()),
            #[cfg(unix)]
            Self::Writer(pipe) => pipe.try_write(buf),
            Self::Standard(view) => view.try_write(buf),
        }
    }
}

impl tls::Transport for Transport {
    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buf),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_read(buf),
            #[cfg(unix)]
            Self::Reader(pipe) => pipe.try_read(buf),
            #[cfg(unix)]
            Self::Writer(_) => Err(wrong_direction()),
            Self::Standard(view) => view.try_read(buf),
        }
    }

    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write_vectored(bufs),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write_vectored(bufs),
            #[cfg(unix)]
            Self::Reader(_) => Err(wrong_direction()),
            #[cfg(unix)]
            Self::Writer(pipe) => pipe.try_write_vectored(bufs),
            Self::Standard(view) => view.try_write(&joined(bufs)),
        }
    }

    fn registration(&self) -> &Registration {
        match self {
            Self::Tcp(stream) => stream.registration(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.registration(),
            #[cfg(unix)]
            Self::Reader(pipe) => pipe.registration(),
            #[cfg(unix)]
            Self::Writer(pipe) => pipe.registration(),
            Self::Standard(view) => view.registration(),
        }
    }
}

/// What a transfer asks of what carries the bytes.
impl Transport {
    fn carrier(&self) -> &dyn ByteStream {
        match self {
            Self::Tcp(stream) => stream,
            #[cfg(unix)]
            Self::Unix(stream) => stream,
            #[cfg(unix)]
            Self::Reader(pipe) => pipe,
            #[cfg(unix)]
            Self::Writer(pipe) => pipe,
            Self::Standard(view) => view,
        }
    }

    /// What is known of it now.
    fn readiness(&self) -> Readiness {
        match self {
            Self::Standard(view) => view.readiness(),
            _ => tls::Transport::registration(self).readiness(),
        }
    }

    /// Whether bytes go in both directions.
    fn is_duplex(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            #[cfg(unix)]
            Self::Unix(_) => true,
            #[cfg(unix)]
            Self::Reader(_) | Self::Writer(_) => false,
            Self::Standard(_) => false,
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::on(Transport::Tcp(stream))
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::on(Transport::Unix(stream))
    }
}

#[cfg(unix)]
impl From<PipeReader> for Stream {
    fn from(pipe: PipeReader) -> Self {
        Self::on(Transport::Reader(pipe))
    }
}

#[cfg(unix)]
impl From<PipeWriter> for Stream {
    fn from(pipe: PipeWriter) -> Self {
        Self::on(Transport::Writer(pipe))
    }
}

impl From<Standard> for Stream {
    fn from(view: Standard) -> Self {
        Self::on(Transport::Standard(view))
    }
}

/// The stream is not in a state in which this is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidState;

impl fmt::Display for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not possible in this state of the connection")
    }
}

impl Error for InvalidState {}

impl From<InvalidState> for io::Error {
    fn from(state: InvalidState) -> Self {
        Self::other(state)
    }
}

impl Stream {
    fn on(transport: Transport) -> Self {
        Self {
            transport,
            upgrade: OnceLock::new(),
            #[cfg(unix)]
            lent: LentMark::default(),
        }
    }

    /// The TCP connection, if that is what carries it.
    pub(crate) fn tcp(&self) -> Option<&TcpStream> {
        match &self.transport {
            Transport::Tcp(stream) => Some(stream),
            #[cfg(unix)]
            _ => None,
        }
    }

    /// Whether it is a view of a standard stream.
    pub(crate) fn is_standard(&self) -> bool {
        matches!(self.transport, Transport::Standard(_))
    }

    /// The options of the socket that carries it; none if none does.
    pub(crate) fn options(&self) -> Option<io::Result<SocketOptions<'_>>> {
        match &self.transport {
            Transport::Tcp(stream) => Some(stream.options()),
            #[cfg(unix)]
            Transport::Unix(stream) => Some(Ok(stream.options())),
            _ => None,
        }
    }

    /// Whether a socket carries it.
    pub(crate) fn is_socket(&self) -> bool {
        #[cfg(unix)]
        return self.tcp().is_some() || self.unix().is_some();
        #[cfg(not(unix))]
        self.tcp().is_some()
    }

    /// The Unix connection, if that is what carries it.
    #[cfg(unix)]
    pub(crate) fn unix(&self) -> Option<&UnixStream> {
        match &self.transport {
            Transport::Unix(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether bytes may go in and out here, and the ends of both may be told.
    fn check(&self) -> Result<(), InvalidState> {
        #[cfg(unix)]
        self.lent.check()?;
        Ok(())
    }

    /// The source of the socket below. Its readiness is not the stream's: see
    /// [`Stream::readiness`].
    fn registration(&self) -> &Registration {
        self.transport.registration()
    }

    /// What is known of the stream now: a hint that an operation is worth a try.
    pub(crate) fn readiness(&self) -> Readiness {
        match self.upgrade.get() {
            None => self.transport.readiness(),
            Some(upgrade) => upgrade.readiness(&self.transport),
        }
    }

    /// Posts `key` to `port` whenever an event brings news.
    pub(crate) fn attach(&self, port: &Port, key: u64) {
        self.registration().attach(port, key);
    }

    /// Asks the OS to tell when the stream is writable.
    pub(crate) fn want_writable(&self) -> io::Result<()> {
        self.registration().want_writable()
    }

    /// Has the next read ask the system. Standard streams are read by others too, and never so.
    pub(crate) fn suppose_readable(&self) {
        if !self.is_standard() {
            self.registration().set_readable();
        }
    }

    /// Reads what is there; `WouldBlock` when nothing is.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let Some(upgrade) = self.upgrade.get() else {
            return self.transport.try_read(buf);
        };
        let read = upgrade.session()?.try_read(&self.transport, buf);
        upgrade.tend();
        read
    }

    /// Writes what there is room for; `WouldBlock` when there is none.
    pub(crate) fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.check()?;
        let Some(upgrade) = self.upgrade.get() else {
            return self.transport.try_write(buf);
        };
        let written = upgrade.session()?.try_write(&self.transport, buf);
        upgrade.tend();
        written
    }

    /// Writes what there is room for of `bufs`, as if they were one.
    pub(crate) fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.check()?;
        match self.upgrade.get() {
            None => self.transport.try_write_vectored(bufs),
            // Together, since each write becomes a record of its own.
            Some(_) => self.try_write(&joined(bufs)),
        }
    }

    /// Ends one half of the stream, or both. With TLS the peer is told that no more is sent, and
    /// the half below stays open for what is on its way.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.check()?;
        let Some(upgrade) = self.upgrade.get() else {
            return self.transport.shutdown(how);
        };
        let session = upgrade.session()?;
        if how != Shutdown::Read {
            session.close_notify();
            upgrade.tend();
        }
        match how {
            Shutdown::Write => Ok(()),
            _ => self.transport.shutdown(Shutdown::Read),
        }
    }

    /// Ready when a read is worth a try.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let readiness = self.readiness();
        if readiness.readable || readiness.closed {
            return Poll::Ready(());
        }
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
        match self.upgrade.get() {
            Some(upgrade) => upgrade.unread(bytes),
            None => self.transport.carrier().unread(bytes),
        }
    }

    fn has_unread(&self) -> bool {
        match self.upgrade.get() {
            Some(upgrade) => upgrade.has_unread(),
            None => self.transport.carrier().has_unread(),
        }
    }

    /// With TLS the bytes on the socket are others.
    fn socket(&self) -> Option<RawSocket<'_>> {
        self.check().ok()?;
        match self.upgrade.get() {
            Some(_) => None,
            None => self.transport.carrier().socket(),
        }
    }
}

/// The first bytes of `bufs`, as many as TLS takes at once.
fn joined(bufs: &[IoSlice<'_>]) -> Vec<u8> {
    let mut joined = Vec::new();
    for buf in bufs {
        let room = BUFFERED_MAX.saturating_sub(joined.len());
        joined.extend_from_slice(&buf[..buf.len().min(room)]);
    }
    joined
}
