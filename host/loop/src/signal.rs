//! Signals of the process as a source of the loop.
//! What a signal means is for the caller to say; signals that no program may catch are refused.

use std::future;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

use signal_hook::SigId;
use signal_hook::consts::FORBIDDEN;
use signal_hook::low_level;

use crate::core::Interest;
use crate::{Handle, Registration};

/// Catches the signals of `set` from now on, by their numbers.
///
/// While a signal is caught it does nothing else. Once it is no longer, it is ignored, not
/// restored.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] for a number that no program may catch, and what the OS answers.
pub fn signals(handle: &Handle, set: &[i32]) -> io::Result<Signals> {
    let watches = set.iter().map(|number| Watch::new(handle, *number));
    Ok(Signals {
        watches: watches.collect::<io::Result<_>>()?,
    })
}

/// Signals on their way to the loop. Dropping it lets go of them.
#[derive(Debug)]
pub struct Signals {
    watches: Vec<Watch>,
}

impl Signals {
    /// Waits for a signal of the set; returns its number. Dropping the future loses none.
    pub async fn recv(&self) -> i32 {
        future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Ready with the number of a signal that arrived. Each arrival counts, up to what a socket
    /// buffers.
    pub fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<i32> {
        for watch in &self.watches {
            if watch.poll_arrival(cx).is_ready() {
                return Poll::Ready(watch.number);
            }
        }
        Poll::Pending
    }
}

/// One signal: its handler writes a byte to one end of a pair, the loop reads the other.
#[derive(Debug)]
struct Watch {
    // Before the socket: it deregisters while the descriptor is open.
    registration: Registration,
    io: mio::net::UnixStream,
    number: i32,
    id: SigId,
}

impl Watch {
    fn new(handle: &Handle, number: i32) -> io::Result<Self> {
        if FORBIDDEN.contains(&number) {
            let refusal = format!("catch signal {number}: no program may");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, refusal));
        }
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        let mut io = mio::net::UnixStream::from_std(near);
        let registration = Registration::new(handle, &mut io, Interest::Readable)?;
        let id = low_level::pipe::register(number, far)?;
        Ok(Self {
            registration,
            io,
            number,
            id,
        })
    }

    /// Takes one byte at a time, so that two arrivals are never told as one.
    fn poll_arrival(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut byte = [0];
        loop {
            match self.registration.try_read(1, || (&self.io).read(&mut byte)) {
                Ok(_) => return Poll::Ready(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    // A pair of our own whose other end the handler holds open has none.
                    tracing::error!("read signal {}: {error}", self.number);
                    return Poll::Pending;
                }
            }
            std::task::ready!(self.registration.poll_readable(cx));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        low_level::unregister(self.id);
    }
}
