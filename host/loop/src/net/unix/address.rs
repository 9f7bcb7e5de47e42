//! Addresses of Unix sockets in the form that the OS takes.
//! Files are named by open descriptors, so that a link that is set meanwhile leads nowhere else.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

/// The longest name of a file that a socket is bound to, in bytes: what is left of the 107 bytes of
/// a path when its directory is named by a descriptor.
pub const FILE_NAME_MAX: usize = 80;

/// The longest abstract name, in bytes.
pub const ABSTRACT_NAME_MAX: usize = 107;

/// Refuses what is not the name of one file in a directory.
pub(super) fn check_file_name(name: &[u8]) -> io::Result<()> {
    let is_file = !name.is_empty() && name != b"." && name != b"..";
    if !is_file || name.iter().any(|byte| matches!(byte, 0 | b'/')) {
        return Err(Errno::INVAL.into());
    }
    Ok(())
}

/// The address of an abstract name.
pub(super) fn of_abstract_name(name: &[u8]) -> io::Result<SocketAddrUnix> {
    if name.is_empty() {
        return Err(Errno::INVAL.into());
    }
    if name.len() > ABSTRACT_NAME_MAX {
        return Err(Errno::NAMETOOLONG.into());
    }
    abstract_address(name)
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_name: &[u8]) -> io::Result<SocketAddrUnix> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The address to bind at to make the file `name` in `dir`.
///
/// It holds in other processes of the same user too, for as long as `dir` is open: whoever gets a
/// datagram may answer to it.
#[cfg(target_os = "linux")]
pub(super) fn in_directory(dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<SocketAddrUnix> {
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStrExt;

    check_file_name(name)?;
    if name.len() > FILE_NAME_MAX {
        return Err(Errno::NAMETOOLONG.into());
    }
    // Our number by the count of this very /proc, which may be that of another namespace.
    let me = std::fs::read_link("/proc/self").map_err(needs_proc)?;
    let mut path = b"/proc/".to_vec();
    path.extend_from_slice(me.as_os_str().as_bytes());
    path.extend_from_slice(format!("/fd/{}/", dir.as_raw_fd()).as_bytes());
    path.extend_from_slice(name);
    Ok(SocketAddrUnix::new(path)?)
}

/// The address of an open socket file.
#[cfg(target_os = "linux")]
pub(super) fn of_file(file: BorrowedFd<'_>) -> io::Result<SocketAddrUnix> {
    use std::os::fd::AsRawFd;

    Ok(SocketAddrUnix::new(format!(
        "/proc/self/fd/{}",
        file.as_raw_fd()
    ))?)
}

#[cfg(target_os = "linux")]
fn needs_proc(error: io::Error) -> io::Error {
    tracing::warn!("bind a Unix socket in a directory: read /proc/self: {error}");
    io::ErrorKind::Unsupported.into()
}

/// Not possible here: there is no race-free way to name a socket in an open directory.
#[cfg(not(target_os = "linux"))]
pub(super) fn in_directory(_dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<SocketAddrUnix> {
    check_file_name(name)?;
    Err(io::ErrorKind::Unsupported.into())
}
