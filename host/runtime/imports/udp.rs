//! `aio:host/udp`: datagrams.

/// A socket of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
#[expect(dead_code, reason = "not linked yet")]
pub struct Socket(u64);
