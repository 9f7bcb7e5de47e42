//! Non-blocking sockets as operations: an attempt at once, a wait, or both in one future.
//! It resolves no names and applies no policy.

mod connect;
pub mod happy_eyeballs;
mod inbox;
mod listener;
mod listeners;
mod options;
mod tcp;
mod tcp_socket;

pub use self::connect::{Connect, ConnectOptions};
pub use self::happy_eyeballs::ConnectAny;
mod udp;
mod udp_options;

pub use self::inbox::Inbox;
pub use self::listener::{ListenOptions, TcpListener};
pub use self::listeners::TcpListeners;
pub use self::options::SocketOptions;
pub use self::tcp::TcpStream;
pub use self::tcp_socket::TcpSocket;
pub use self::udp::{Received, UdpOptions, UdpSocket};
pub use self::udp_options::Interface;
pub use crate::sys::Outgoing;
