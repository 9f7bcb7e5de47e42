//! What tests need: a loop in virtual time and connected sockets.
//! Time stands still until nothing is runnable, then jumps to the next deadline; no test ever waits
//! for it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use crate::core::Clock;
use crate::net::TcpStream;
use crate::{Handle, Limits, Loop};

/// Makes a loop in virtual time.
///
/// When nothing is runnable and no helper thread is at work, time jumps to the next deadline.
/// Without a deadline the loop waits for its sources for real; without a source it panics with
/// "nothing can ever wake this loop", because a wake from another thread is nothing it could know
/// of.
///
/// # Errors
///
/// As for [`Loop::new`].
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop = aio_loop::testing::virtual_loop()?;
/// let handle = event_loop.handle().clone();
/// let begun = handle.now();
/// event_loop.block_on(handle.sleep(Duration::from_secs(86_400)));
/// assert_eq!(handle.now() - begun, Duration::from_secs(86_400));
/// # Ok(())
/// # }
/// ```
pub fn virtual_loop() -> io::Result<Loop> {
    virtual_loop_with(Limits::default())
}

/// Makes a loop in virtual time with bounds of the caller's choice.
///
/// # Errors
///
/// As for [`Loop::new`].
pub fn virtual_loop_with(limits: Limits) -> io::Result<Loop> {
    Loop::with_clock(Clock::autojump(), limits)
}

/// Makes two streams that are connected to each other over loopback.
///
/// # Errors
///
/// What the OS answers to the making of the sockets.
pub fn socket_pair(handle: &Handle) -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    Ok((
        TcpStream::from_std(handle, near)?,
        TcpStream::from_std(handle, far)?,
    ))
}
