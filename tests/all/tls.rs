//! `aio:host/tls` as a guest sees it, and as its peers do.

pub(crate) mod peers;
pub(crate) mod pki;

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::support::{LOOPBACK, Running, guest, run};
use pki::Pki;

#[track_caller]
fn passes(flags: &[&str], name: &str, args: &[&str]) {
    let pki = Pki::new();
    let dir = pki.dir();
    let flags = [LOOPBACK, &[&dir], flags].concat();
    run(&flags, &guest(name), args).passes();
}

#[test]
fn a_guest_talks_tls_to_itself() {
    passes(&[], "tls_talk", &[]);
}

#[test]
fn every_refusal_has_its_reason_at_both_ends() {
    passes(&[], "tls_refused", &[]);
}

#[test]
fn tls_is_driven_by_the_ring() {
    passes(&[], "tls_ring", &[]);
}

#[test]
fn tls_works_over_unix_streams_and_transfers_lose_nothing() {
    passes(&[], "tls_unix", &[]);
}

#[test]
fn tls_works_by_itself() {
    passes(&[], "tls_engine", &[]);
}

#[test]
fn a_key_of_the_host_is_used_by_name() {
    let pki = Pki::new();
    let (dir, identity) = (pki.dir(), pki.identity());
    let flags = [LOOPBACK, &[&dir, &identity, "--max-handles=20"]].concat();
    let ran = run(&flags, &guest("tls_options"), &["granted"]);
    ran.fails(
        0,
        &["use the TLS identity other: not granted; --tls-identity=other=CERT.pem,KEY.pem would"],
    );
}

#[test]
fn a_key_of_the_host_needs_a_grant() {
    let pki = Pki::new();
    let dir = pki.dir();
    let flags = ["-A", &dir, "--max-handles=20"];
    let ran = run(&flags, &guest("tls_options"), &["denied"]);
    ran.fails(
        0,
        &["use the TLS identity web: not granted; --tls-identity=web=CERT.pem,KEY.pem would"],
    );
}

#[test]
fn a_key_that_is_not_there_ends_the_host() {
    let flags = ["--tls-identity=web=/nowhere/web.pem"];
    let ran = run(&flags, &guest("tls_engine"), &[]);
    ran.fails(2, &["TLS identity web: read /nowhere/web.pem: "]);
}

#[test]
fn what_was_written_is_sent_after_a_close() {
    passes(&["--max-handles=5"], "tls_close", &["self"]);
}

/// Accepts one connection, and once `begin` allows it reads all of it to a clean end.
fn count(pki: &Pki, listener: &TcpListener, begin: impl FnOnce()) -> usize {
    let chain = CertificateDer::from_pem_file(pki.path("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(pki.path("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let (socket, _) = listener.accept().unwrap();
    let connection = ServerConnection::new(Arc::new(config)).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    stream.conn.complete_io(&mut stream.sock).unwrap();
    begin();
    let mut all = Vec::new();
    // An end without close_notify would be an error.
    stream.read_to_end(&mut all).unwrap();
    all.len()
}

#[test]
fn what_was_written_is_sent_after_the_end_of_the_guest() {
    for how in ["close", "end"] {
        let pki = Pki::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let dir = pki.dir();
        let flags = [LOOPBACK, &[&dir]].concat();
        let mut client = Running::start(&flags, &guest("tls_close"), &[&address, how]);
        let mut filled = String::new();
        let read = count(&pki, &listener, || filled = client.line());
        assert_eq!(read.to_string(), filled, "{how}");
        client.end().passes();
    }
}
