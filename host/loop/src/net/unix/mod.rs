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
mod stream;
mod target;

pub use self::address::{ABSTRACT_NAME_MAX, FILE_NAME_MAX};
pub use self::connect::UnixConnect;
pub use self::credentials::Credentials;
pub use self::datagram::{Received, UnixDatagram};
pub use self::listener::UnixListener;
pub use self::name::UnixName;
pub use self::stream::UnixStream;
pub use self::target::UnixTarget;
