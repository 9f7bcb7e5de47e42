//! Who is at the other end of a Unix socket. rustix has no word for a process that cannot be seen
//! from here, whose number is 0.
#![allow(unsafe_code, reason = "a system call that writes to a structure")]

use std::os::fd::{AsFd, AsRawFd};
use std::{io, ptr};

/// Asks for process, user and group of the peer; a process of 0 is one of another namespace.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn peer_credentials(socket: impl AsFd) -> io::Result<(i32, u32, u32)> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: libc::uid_t::MAX,
        gid: libc::gid_t::MAX,
    };
    let size = size_of_val(&peer);
    let mut len = libc::socklen_t::try_from(size).unwrap_or(libc::socklen_t::MAX);
    // SAFETY: `peer` is borrowed for the call and has the length that `len` says; any bytes are a
    // value of it.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            ptr::from_mut(&mut peer).cast(),
            &raw mut len,
        )
    };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((peer.pid, peer.uid, peer.gid))
}
