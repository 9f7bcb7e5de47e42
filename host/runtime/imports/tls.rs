//! `aio:host/tls`: TLS on connections and by itself.

/// A configuration of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
#[expect(dead_code, reason = "not linked yet")]
pub struct ClientConfig(u64);

/// A configuration of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
#[expect(dead_code, reason = "not linked yet")]
pub struct ServerConfig(u64);

/// TLS by itself.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
#[expect(dead_code, reason = "not linked yet")]
pub struct Engine(u64);
