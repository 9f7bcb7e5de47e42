//! Datagrams in batches where the OS has no call for it: a batch is one, so that what one call
//! answers is what the OS answered.

use std::io;

use socket2::SockRef;

use super::{Head, Outgoing, receive};

/// The most datagrams of one call.
pub(crate) const BATCH_MAX: usize = 1;

/// Receives into the first `size` of `bytes`; says in `heads` what came.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn receive_batch(
    socket: SockRef<'_>,
    bytes: &mut [u8],
    size: usize,
    heads: &mut [Head],
) -> io::Result<usize> {
    let (Some(slot), Some(head)) = (bytes.get_mut(..size), heads.first_mut()) else {
        return Ok(0);
    };
    let message = receive(socket, slot)?;
    *head = Head {
        len: message.len,
        from: message.from.as_socket().unwrap_or(head.from),
        truncated: message.truncated,
    };
    Ok(1)
}

/// Sends the first of `datagrams`.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn send_batch(socket: SockRef<'_>, datagrams: &[Outgoing<'_>]) -> io::Result<usize> {
    let Some(datagram) = datagrams.first() else {
        return Ok(0);
    };
    match datagram.to {
        Some(to) => socket.send_to(datagram.data, &to.into())?,
        None => socket.send(datagram.data)?,
    };
    Ok(1)
}
