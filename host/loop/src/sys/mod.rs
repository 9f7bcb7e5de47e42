//! System calls that nothing else offers in safe form. All unsafe code of the crate is here, one
//! call a block; what is outside sees slices, addresses and `io::Result`.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "batch_linux.rs"]
mod batch;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "batch_of_one.rs"]
mod batch;
#[cfg(target_os = "linux")]
mod closed_at_start;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod confine;
mod message;
#[cfg(unix)]
mod number;
#[cfg(target_os = "linux")]
mod peer_credentials;
#[cfg(unix)]
mod pipe;
#[cfg(unix)]
mod reap;
#[cfg(unix)]
mod replace;
#[cfg(unix)]
mod send_signal;
#[cfg(unix)]
mod signal_action;
#[cfg(unix)]
mod spawn;
#[cfg(target_os = "linux")]
mod stack;

use std::net::SocketAddr;

pub(crate) use batch::{BATCH_MAX, receive_batch, send_batch};
#[cfg(target_os = "linux")]
pub(crate) use closed_at_start::closed_at_start;
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
pub(crate) use confine::{can_filter, confine};
pub(crate) use message::receive;
#[cfg(unix)]
pub(crate) use number::duplicate;
#[cfg(target_os = "linux")]
pub(crate) use peer_credentials::peer_credentials;
#[cfg(unix)]
pub(crate) use pipe::pipe;
#[cfg(unix)]
pub(crate) use reap::{Reaped, reap};
#[cfg(unix)]
pub(crate) use replace::replace;
#[cfg(all(unix, any(not(target_os = "linux"), test)))]
pub(crate) use send_signal::signal_child;
#[cfg(unix)]
pub(crate) use send_signal::signal_group;
#[cfg(target_os = "linux")]
pub(crate) use send_signal::signal_process;
#[cfg(unix)]
pub(crate) use signal_action::{SignalAction, keep_ends_of_children, on_signal};
#[cfg(unix)]
pub use spawn::Group;
#[cfg(target_os = "linux")]
pub(crate) use spawn::spawn;
#[cfg(all(unix, any(not(target_os = "linux"), test)))]
pub(crate) use spawn::spawn_by_fork;
#[cfg(unix)]
pub(crate) use spawn::{Descriptor, Plan};

/// A datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its bytes; may be none.
    pub data: &'a [u8],
    /// Where to; `None` for the peer of a connected socket.
    pub to: Option<SocketAddr>,
}

/// What is known of a datagram that was received, besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) len: usize,
    pub(crate) from: SocketAddr,
    /// Whether bytes that found no room are lost.
    pub(crate) truncated: bool,
}
