//! `aio:host/sockets` as a guest sees it.

use super::support::{LOOPBACK, guest, passes, run};

#[test]
fn a_socket_becomes_a_listener_or_a_connection_under_its_own_handle() {
    passes(&["-A"], "sockets_talk", &[]);
}

#[test]
fn options_are_told_and_bounded_in_every_state() {
    passes(&["-A"], "sockets_options", &[]);
}

#[cfg(unix)]
#[test]
fn pairs_pipes_and_datagrams_do_without_a_wait() {
    passes(LOOPBACK, "sockets_pairs", &[]);
}

#[test]
fn what_is_not_granted_leaves_a_socket_as_it_was_and_the_flags_are_named() {
    let ran = run(&[], &guest("sockets_granted"), &["nothing"]);
    ran.fails(
        0,
        &[
            "bind to 127.0.0.1:0: not granted; --allow-listen=127.0.0.1:0 would allow it",
            "connect to 127.0.0.1:9: not granted; --allow-net=127.0.0.1:9 would allow it",
            "send to 127.0.0.1:9: not granted; --allow-net=127.0.0.1:9 would allow it",
            "listen at 0.0.0.0:0: not granted; --allow-listen=0.0.0.0:0 would allow it",
        ],
    );
}

#[test]
fn what_is_granted_is_the_address_that_was_asked_for() {
    let ran = run(LOOPBACK, &guest("sockets_granted"), &["connects"]);
    ran.fails(0, &["--allow-listen=0.0.0.0:0 would allow it"]);
}

#[cfg(unix)]
#[test]
fn each_socket_counts_from_the_start() {
    for flag in ["--max-sockets=2", "--max-handles=2"] {
        passes(&["-A", flag], "sockets_granted", &["quota"]);
    }
}
