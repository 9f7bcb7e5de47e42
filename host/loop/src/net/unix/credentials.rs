//! Who is at the other end of a Unix socket, by the word of the OS.

use std::io;
use std::os::fd::AsFd;

/// Who made, connected or listened with the socket at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The process; `None` when it cannot be seen from here. It may be gone, and its number another
    /// one's.
    pub process: Option<u32>,
    /// The user it acted as.
    pub user: u32,
    /// The group it acted as.
    pub group: u32,
}

#[cfg(target_os = "linux")]
pub(super) fn of_peer(socket: impl AsFd) -> io::Result<Credentials> {
    let (process, user, group) = crate::sys::peer_credentials(socket)?;
    Ok(Credentials {
        process: u32::try_from(process).ok().filter(|process| *process > 0),
        user,
        group,
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of_peer(_socket: impl AsFd) -> io::Result<Credentials> {
    Err(io::ErrorKind::Unsupported.into())
}
