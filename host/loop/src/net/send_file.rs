//! Bytes of a file to a stream: by the kernel where it can, else through one buffer. Reading a file
//! may wait for the disk, as all of the host's reading of files does; it is done in small pieces.

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::ByteStream;

/// The most bytes of one step.
const PIECE: usize = 64 * 1024;

/// Steps in one turn of the loop, after which others have theirs.
const STEPS: usize = 16;

/// Sends a part of a file, or all of it. The file's own position is neither used nor changed.
///
/// Dropping it ends the sending; a part may be sent.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SendFile<D: ByteStream> {
    file: File,
    sink: D,
    offset: u64,
    left: u64,
    moved: u64,
    /// Whether the OS is asked to move the bytes by itself.
    by_kernel: bool,
    /// For copying: the bytes read at `offset`, of which none is sent.
    buffer: Vec<u8>,
}

impl<D: ByteStream> SendFile<D> {
    /// Prepares to send `file` from `offset` on, up to `max` bytes or to the end it has now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for what is no regular file, and what the OS answers.
    pub fn new(file: File, sink: D, offset: u64, max: Option<u64>) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let what = "send a file: it is not a regular one";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        // Known beforehand, so that the last piece is not taken for a sink without room.
        let rest = metadata.len().saturating_sub(offset);
        Ok(Self {
            file,
            by_kernel: sink.socket().is_some(),
            sink,
            offset,
            left: max.unwrap_or(u64::MAX).min(rest),
            moved: 0,
            buffer: Vec::new(),
        })
    }

    /// How many bytes the sink has taken.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    fn piece(&self) -> usize {
        usize::try_from(self.left).unwrap_or(PIECE).min(PIECE)
    }

    /// Sends some bytes; 0 at the end of the file.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.by_kernel {
            match ready!(self.poll_by_kernel(cx)) {
                // Not every file system can.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    self.by_kernel = false;
                }
                result => return Poll::Ready(result),
            }
        }
        self.poll_copy(cx)
    }

    #[cfg(target_os = "linux")]
    fn poll_by_kernel(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(socket) = self.sink.socket() else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        let piece = self.piece();
        let send = || {
            let mut offset = self.offset;
            let sent = rustix::fs::sendfile(socket.fd, &self.file, Some(&mut offset), piece);
            Ok(sent?)
        };
        socket
            .registration
            .poll_output(cx, || socket.registration.try_write(piece, send))
    }

    #[cfg(not(target_os = "linux"))]
    fn poll_by_kernel(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::InvalidInput.into()))
    }

    fn poll_copy(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buffer.is_empty() {
            let mut buffer = vec![0; self.piece()];
            let count = read_at(&self.file, &mut buffer, self.offset)?;
            buffer.truncate(count);
            self.buffer = buffer;
        }
        if self.buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let count = ready!(self.sink.poll_write(cx, &self.buffer))?;
        self.buffer.drain(..count);
        Poll::Ready(Ok(count))
    }

    fn poll_steps(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        for _ in 0..STEPS {
            let count = match self.left {
                0 => 0,
                _ => ready!(self.poll_send(cx))? as u64,
            };
            if count == 0 {
                return Poll::Ready(Ok(self.moved));
            }
            self.offset += count;
            self.moved += count;
            self.left -= count;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<D: ByteStream + Unpin> Future for SendFile<D> {
    /// The number of bytes sent. After an error [`SendFile::moved`] has it.
    type Output = io::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_steps(cx)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match std::os::unix::fs::FileExt::read_at(file, buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(windows)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}
