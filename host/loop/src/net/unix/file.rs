//! The file that a socket is bound to, and its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Stat};

use super::address;

/// The file of a bound socket. Dropping it removes the file, unless another took its place or it is
/// to stay.
///
/// It keeps the directory open, because the socket's name leads through that descriptor.
#[derive(Debug)]
pub(super) struct SocketFile {
    dir: OwnedFd,
    name: Vec<u8>,
    /// What it was when it was made; none if it stays.
    stat: Option<Stat>,
}

impl SocketFile {
    /// Binds `socket`, which makes the file `name` in `dir`.
    pub(super) fn bind(socket: impl AsFd, dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<Self> {
        let dir = dir.try_clone_to_owned()?;
        rustix::net::bind(socket, &address::in_directory(dir.as_fd(), name)?)?;
        let stat = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Self {
            dir,
            name: name.to_vec(),
            stat: Some(stat),
        })
    }

    /// Leaves the file in its place when this is dropped.
    pub(super) fn staying(mut self) -> Self {
        self.stat = None;
        self
    }

    fn remove(&self) -> io::Result<()> {
        let Some(then) = &self.stat else {
            return Ok(());
        };
        let name = &self.name[..];
        let now = rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino) {
            rustix::fs::unlinkat(&self.dir, name, AtFlags::empty())?;
        }
        Ok(())
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        match self.remove() {
            // Somebody else removed it, as is their right.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::debug!("remove the file of a Unix socket: {error}"),
            Ok(()) => {}
        }
    }
}
