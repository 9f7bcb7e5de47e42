//! Where to connect or send to: a socket's file, held open, or an abstract name.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

#[cfg(target_os = "linux")]
use rustix::fs::{FileType, Mode, OFlags};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

use super::address;

/// The socket to connect or send to.
///
/// Of a file this is the very file that was opened: whatever takes its place in the directory is
/// not reached.
#[derive(Debug)]
pub struct UnixTarget {
    address: SocketAddrUnix,
    /// Its number is in the address.
    _file: Option<OwnedFd>,
}

impl UnixTarget {
    /// Opens the socket file `name` in `dir`. A symbolic link is not followed.
    ///
    /// # Errors
    ///
    /// `EINVAL` when `name` is empty, `.`, `..`, or has a slash or a NUL; `ELOOP` for a symbolic
    /// link; `ECONNREFUSED` for what is no socket; [`io::ErrorKind::Unsupported`] elsewhere than on
    /// Linux; and what the OS answers.
    #[cfg(target_os = "linux")]
    pub fn open_at(dir: impl AsFd, name: &[u8]) -> io::Result<Self> {
        address::check_file_name(name)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(dir, name, flags, Mode::empty())?;
        match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
            FileType::Socket => {}
            FileType::Symlink => return Err(Errno::LOOP.into()),
            _ => return Err(Errno::CONNREFUSED.into()),
        }
        Ok(Self {
            address: address::of_file(file.as_fd())?,
            _file: Some(file),
        })
    }

    /// Not possible here: there is no race-free way to name an open socket file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`].
    #[cfg(not(target_os = "linux"))]
    pub fn open_at(_dir: impl AsFd, _name: &[u8]) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The socket that is bound to an abstract name of 1 to 107 bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an empty name, `ENAMETOOLONG` for one that is too long,
    /// [`io::ErrorKind::Unsupported`] elsewhere than on Linux.
    pub fn abstract_name(name: &[u8]) -> io::Result<Self> {
        Ok(Self {
            address: address::of_abstract_name(name)?,
            _file: None,
        })
    }

    pub(super) fn address(&self) -> &SocketAddrUnix {
        &self.address
    }
}
