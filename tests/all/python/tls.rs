//! `ssl` over the host's TLS: programs print what they print with OpenSSL, and talk to it.

use super::super::tls::pki::Pki;
use super::LOOPBACK;
use super::asyncio::prints_the_same;

fn is_as_with_openssl(name: &str) {
    let pki = Pki::new();
    let dir = format!("--dir={}", pki.folder());
    let flags = [&LOOPBACK[..], &[&dir]].concat();
    prints_the_same(&flags, name, &[pki.folder()]);
}

#[test]
fn streams_over_tls_are_as_in_python() {
    is_as_with_openssl("tls_streams");
}

#[test]
fn tls_starts_in_the_middle_as_in_python() {
    is_as_with_openssl("tls_upgrade");
}

#[test]
fn tls_without_a_loop_is_as_in_python() {
    is_as_with_openssl("tls_sockets");
}
