//! Non-blocking sockets as operations: an attempt at once, a wait, or both in one future.
//! It resolves no names and applies no policy.

mod accept;
mod byte_stream;
mod connect;
pub mod happy_eyeballs;
mod inbox;
mod listener;
mod listeners;
mod options;
mod send_file;
#[cfg_attr(not(target_os = "linux"), path = "no_splice.rs")]
mod splice;
mod tcp;
mod tcp_socket;
pub mod transfer;
mod udp;
mod udp_options;
#[cfg(unix)]
pub mod unix;
pub(crate) mod unread;

pub use self::byte_stream::{ByteStream, RawSocket};
pub use self::connect::{Connect, ConnectOptions};
pub use self::happy_eyeballs::ConnectAny;
pub use self::inbox::Inbox;
pub use self::listener::{ListenOptions, TcpListener};
pub use self::listeners::TcpListeners;
pub use self::options::SocketOptions;
pub use self::send_file::SendFile;
pub use self::tcp::TcpStream;
pub use self::tcp_socket::TcpSocket;
pub use self::transfer::Transfer;
pub use self::udp::{Received, UdpOptions, UdpSocket};
pub use self::udp_options::Interface;
pub use crate::sys::Outgoing;
