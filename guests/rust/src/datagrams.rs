//! Sockets for datagrams: what their options are by default.

use crate::BindOptions;

impl Default for BindOptions {
    /// An address of its own, no broadcasting, and the system's choice for IPv6.
    fn default() -> Self {
        Self {
            reuse_address: false,
            reuse_port: false,
            ipv6_only: None,
            broadcast: false,
        }
    }
}
