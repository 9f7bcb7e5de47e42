//! `aio:host/streams` as a guest sees it: what TCP and Unix connections have in common.

use super::support::{LOOPBACK, passes};

#[test]
fn a_vectored_write_is_one_write() {
    passes(LOOPBACK, "streams_vectored", &[]);
}

#[test]
fn a_transfer_moves_every_byte_once_however_it_ends() {
    passes(LOOPBACK, "streams_transfer", &[]);
}
