//! What a Unix socket is called, byte for byte as the OS tells it.

use std::os::unix::ffi::OsStrExt;

use socket2::SockAddr;

/// The name of a Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// It was never bound.
    #[default]
    Unnamed,
    /// A path as its owner wrote it, of 1 to 108 bytes: it need not lead anywhere, from here least
    /// of all.
    Path(Vec<u8>),
    /// An abstract name, which only Linux has: at most 107 bytes, of any value.
    Abstract(Vec<u8>),
}

impl UnixName {
    pub(super) fn new(address: &SockAddr) -> Self {
        if let Some(path) = address.as_pathname() {
            return Self::Path(path.as_os_str().as_bytes().to_vec());
        }
        match address.as_abstract_namespace() {
            Some(name) => Self::Abstract(name.to_vec()),
            None => Self::Unnamed,
        }
    }
}
