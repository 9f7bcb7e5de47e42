//! Bytes from one stream to another without a look at them: through a pipe inside the kernel where
//! the OS can, else through one buffer. What was taken and not passed on goes back to the source.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::ByteStream;
use super::splice::Pipe;

/// The most bytes on their way at a time, which one step moves: what a pipe of Linux holds. With
/// larger ones splicing was no faster.
pub const IN_FLIGHT_MAX: usize = 64 * 1024;

/// Steps in one turn of the loop, after which others have theirs.
const STEPS: usize = 16;

/// Moves bytes from a source to a sink, to the end of the source or up to a number of bytes.
///
/// Dropping it ends the transfer: bytes that the sink has not taken are read from the source again.
/// Reads of the source meanwhile take bytes away from the transfer. The sink is not shut down.
///
/// Where the kernel moves the bytes, a sink whose peer is gone raises `SIGPIPE`, which Rust
/// programs ignore.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Transfer<S: ByteStream, D: ByteStream> {
    source: S,
    sink: D,
    left: u64,
    moved: u64,
    carrier: Carrier,
}

/// What holds the bytes that the source gave and the sink has not taken.
#[derive(Debug, Default)]
struct Carrier {
    /// `None` where the OS has none to give.
    pipe: Option<Pipe>,
    buffer: Vec<u8>,
    /// Where the bytes in the buffer that are left begin and end.
    begin: usize,
    end: usize,
}

impl<S: ByteStream, D: ByteStream> Transfer<S, D> {
    /// Prepares to move up to `max` bytes, or all.
    pub fn new(source: S, sink: D, max: Option<u64>) -> Self {
        let sockets = source.socket().is_some() && sink.socket().is_some();
        let carrier = Carrier {
            pipe: sockets.then(Pipe::open).flatten(),
            ..Carrier::default()
        };
        Self {
            source,
            sink,
            left: max.unwrap_or(u64::MAX),
            moved: 0,
            carrier,
        }
    }

    /// How many bytes the sink has taken.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// Whether the OS moves the bytes by itself.
    pub fn is_spliced(&self) -> bool {
        self.carrier.pipe.is_some()
    }

    /// Takes bytes off the source; 0 at its end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let max = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(IN_FLIGHT_MAX);
        if let (Some(pipe), Some(socket), false) = (
            &mut self.carrier.pipe,
            self.source.socket(),
            self.source.has_unread(),
        ) {
            match ready!(pipe.poll_fill(cx, socket, max)) {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    self.carrier.pipe = None;
                }
                result => return Poll::Ready(result),
            }
        }
        let carrier = &mut self.carrier;
        carrier.buffer.resize(IN_FLIGHT_MAX, 0);
        let room = &mut carrier.buffer[..max];
        let count = ready!(self.source.poll_read(cx, room))?;
        (carrier.begin, carrier.end) = (0, count);
        Poll::Ready(Ok(count))
    }

    /// Gives the sink some of what is held.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let carrier = &mut self.carrier;
        if carrier.begin < carrier.end {
            let held = &carrier.buffer[carrier.begin..carrier.end];
            let count = ready!(self.sink.poll_write(cx, held))?;
            carrier.begin += count;
            return Poll::Ready(Ok(count));
        }
        match (&mut carrier.pipe, self.sink.socket()) {
            (Some(pipe), Some(socket)) => pipe.poll_drain(cx, socket),
            _ => Poll::Ready(Ok(0)),
        }
    }

    /// Makes one step; whether there is another.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.carrier.is_empty() && (self.left == 0 || ready!(self.poll_fill(cx))? == 0) {
            return Poll::Ready(Ok(false));
        }
        let count = ready!(self.poll_drain(cx))? as u64;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.moved += count;
        self.left -= count;
        Poll::Ready(Ok(true))
    }

    fn poll_steps(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..STEPS {
            if !ready!(self.poll_step(cx))? {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: ByteStream, D: ByteStream> Transfer<S, D> {
    fn give_back(&mut self) {
        let held = self.carrier.take();
        if !held.is_empty() {
            self.source.unread(&held);
        }
    }
}

impl<S: ByteStream + Unpin, D: ByteStream + Unpin> Future for Transfer<S, D> {
    /// The number of bytes moved. After an error [`Transfer::moved`] has it.
    type Output = io::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.poll_steps(cx));
        self.give_back();
        Poll::Ready(result.map(|()| self.moved))
    }
}

impl<S: ByteStream, D: ByteStream> Drop for Transfer<S, D> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl Carrier {
    fn is_empty(&self) -> bool {
        self.begin == self.end && self.pipe.as_ref().is_none_or(Pipe::is_empty)
    }

    /// Takes out what is held.
    fn take(&mut self) -> Vec<u8> {
        let mut held = std::mem::take(&mut self.buffer);
        held.truncate(self.end);
        held.drain(..self.begin);
        (self.begin, self.end) = (0, 0);
        if let Some(pipe) = &mut self.pipe {
            pipe.take(&mut held);
        }
        held
    }
}
