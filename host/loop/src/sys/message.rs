//! One datagram with what the OS tells of it. Works for every family of addresses.
#![allow(
    unsafe_code,
    reason = "a buffer that is initialized passes for one that need not be"
)]

use std::io;
use std::mem::MaybeUninit;

use socket2::{MaybeUninitSlice, SockAddr, SockRef};

/// A datagram that was received.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) len: usize,
    /// As the OS wrote it. A socket of the Unix family that has no name has an empty one.
    pub(crate) from: SockAddr,
    /// Whether bytes that found no room in the buffer are lost.
    pub(crate) truncated: bool,
}

/// Receives one datagram into `buf`.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn receive(socket: SockRef<'_>, buf: &mut [u8]) -> io::Result<Message> {
    let size = buf.len();
    let mut bufs = [MaybeUninitSlice::new(uninit(buf))];
    let (len, flags, from) = socket.recv_from_vectored(&mut bufs)?;
    Ok(Message {
        len: len.min(size),
        from,
        truncated: flags.is_truncated(),
    })
}

fn uninit(buf: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let bytes: *mut [u8] = buf;
    // SAFETY: both have one layout and the borrow is the same. Nobody writes uninitialized bytes to
    // it: `receive` hands it to `socket2` alone, which promises not to.
    unsafe { &mut *(bytes as *mut [MaybeUninit<u8>]) }
}
