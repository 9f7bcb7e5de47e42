//! Unix sockets: streams, listeners and datagrams, by abstract name or in an open directory.
//! A path of several components is not resolved here; who may reach what is not decided here.

mod address;
mod backoff;
mod connect;
mod credentials;
mod datagram;
mod file;
mod listener;
mod name;
mod socket;
mod stream;
mod target;

use rustix::net::SendFlags;

pub use self::address::{ABSTRACT_NAME_MAX, FILE_NAME_MAX};
pub use self::connect::UnixConnect;
pub use self::credentials::Credentials;
pub use self::datagram::{Received, UnixDatagram};
pub use self::listener::UnixListener;
pub use self::name::UnixName;
pub use self::socket::UnixSocket;
pub use self::stream::UnixStream;
pub use self::target::UnixTarget;

/// Keeps a send to nobody from raising `SIGPIPE`. Where the OS has no such flag it is raised, which
/// Rust programs ignore.
pub(crate) const NO_SIGNAL: SendFlags = {
    #[cfg(not(target_vendor = "apple"))]
    let flags = SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    let flags = SendFlags::empty();
    flags
};
