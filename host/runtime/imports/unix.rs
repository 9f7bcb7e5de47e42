//! `aio:host/unix`: sockets between programs of one machine.

/// A listener of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
#[expect(dead_code, reason = "not linked yet")]
pub struct Listener(u64);

/// A datagram socket of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
#[expect(dead_code, reason = "not linked yet")]
pub struct Datagrams(u64);
