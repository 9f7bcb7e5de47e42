//! `aio:host/sockets` as a guest sees it.

use super::support::passes;

#[test]
fn a_socket_becomes_a_listener_or_a_connection_under_its_own_handle() {
    passes(&["-A"], "sockets_talk", &[]);
}
