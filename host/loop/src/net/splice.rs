//! A pipe through which the kernel moves bytes from socket to socket. It is filled when empty and
//! emptied before it is filled again, so that "would block" always speaks of the socket.

use std::io;
use std::task::{Context, Poll, ready};

use rustix::fd::OwnedFd;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};

use super::byte_stream::RawSocket;

/// A pipe and how much is in it.
#[derive(Debug)]
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    held: usize,
}

impl Pipe {
    /// `None` when the OS has none to give; copying needs no descriptor.
    pub(super) fn open() -> Option<Self> {
        let opened = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC);
        let opened = opened.inspect_err(|error| tracing::debug!("open a pipe: {error}"));
        let (read, write) = opened.ok()?;
        Some(Self {
            read,
            write,
            held: 0,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Fills the empty pipe with up to `max` bytes off `socket`; 0 at its end.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        socket: RawSocket<'_>,
        max: usize,
    ) -> Poll<io::Result<usize>> {
        debug_assert!(
            self.is_empty(),
            "a full pipe would be taken for an empty socket"
        );
        let fill = || {
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            Ok(splice(socket.fd, None, &self.write, None, max, flags)?)
        };
        loop {
            // A short one is no sign that the socket is empty: a pipe holds few small packets.
            match socket.registration.try_input(fill) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.held = *result.as_ref().unwrap_or(&0);
                    return Poll::Ready(result);
                }
            }
            ready!(socket.registration.poll_readable(cx));
        }
    }

    /// Gives `socket` some of what is held.
    pub(super) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        socket: RawSocket<'_>,
    ) -> Poll<io::Result<usize>> {
        let drain = || {
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            Ok(splice(&self.read, None, socket.fd, None, self.held, flags)?)
        };
        loop {
            match socket.registration.try_write(self.held, drain) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.held -= *result.as_ref().unwrap_or(&0);
                    return Poll::Ready(result);
                }
            }
            ready!(socket.registration.poll_writable(cx));
        }
    }

    /// Takes out what is held, behind what is in `bytes`.
    pub(super) fn take(&mut self, bytes: &mut Vec<u8>) {
        let mut left = std::mem::take(&mut self.held);
        let begin = bytes.len();
        bytes.resize(begin + left, 0);
        let mut room = &mut bytes[begin..];
        while left > 0 {
            match rustix::io::read(&self.read, &mut *room) {
                Ok(count) if count > 0 => {
                    left -= count;
                    room = &mut room[count..];
                }
                Err(rustix::io::Errno::INTR) => {}
                ended => {
                    tracing::error!("empty a pipe of {left} bytes: {ended:?}");
                    break;
                }
            }
        }
        bytes.truncate(bytes.len() - left);
    }
}
