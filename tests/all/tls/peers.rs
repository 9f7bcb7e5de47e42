//! TLS as others wrote it: openssl on both sides, and nginx.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use super::pki::{NAME, Pki};
use crate::support::{LOOPBACK, Running, guest, installed, run, wait_until};

/// A program of others, ended with the test.
pub(crate) struct Peer(pub(crate) Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Peer {
    fn start(command: &mut Command) -> Self {
        Self(command.stderr(Stdio::null()).spawn().unwrap())
    }
}

/// Starts openssl as a server, and reads where it listens.
pub(crate) fn openssl_server(pki: &Pki, version: &str) -> (Peer, SocketAddr) {
    let mut peer = Peer::start(
        Command::new(installed("openssl"))
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", version])
            .args(["-cert", &pki.path("server.pem")])
            .args(["-key", &pki.path("server.key")])
            .args(["-CAfile", &pki.path("ca.pem"), "-Verify", "1"])
            .args(["-verify_return_error", "-alpn", "http/1.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    );
    let mut lines = BufReader::new(peer.0.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line = line.unwrap();
        line.strip_prefix("ACCEPT ")?.parse().ok()
    });
    // Nobody reads on, and what it has to say is little.
    std::mem::forget(lines);
    (peer, address.unwrap())
}

fn ask(pki: &Pki, address: SocketAddr, request: &str) -> crate::support::Ran {
    let dir = pki.dir();
    let flags = [LOOPBACK, &[&dir]].concat();
    let address = address.to_string();
    let args = [address.as_str(), NAME, request, "http/1.1"];
    run(&flags, &guest("tls_client"), &args)
}

#[test]
fn a_client_talks_to_openssl() {
    let pki = Pki::new();
    for (flag, first_line) in [
        (
            "-tls1_2",
            "Version::Tls12 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 http/1.1 CN=server",
        ),
        (
            "-tls1_3",
            "Version::Tls13 TLS_AES_256_GCM_SHA384 http/1.1 CN=server",
        ),
    ] {
        let (_server, address) = openssl_server(&pki, flag);
        let ran = ask(&pki, address, "GET / HTTP/1.0\\r\\n\\r\\n");
        ran.passes();
        let mut lines = ran.stdout.lines();
        assert_eq!(lines.next(), Some(first_line));
        assert!(ran.stdout.contains("HTTP/1.0 200 ok"), "{ran:?}");
        // The page tells of the client's certificate.
        assert!(ran.stdout.contains("client"), "{ran:?}");
    }
}

/// openssl as a client, whose input and output the test has.
pub(crate) fn openssl_client(pki: &Pki, address: SocketAddr, flags: &[&str]) -> Peer {
    Peer::start(
        Command::new(installed("openssl"))
            .args(["s_client", "-quiet", "-no_ign_eof", "-connect"])
            .arg(address.to_string())
            .args(["-servername", NAME, "-alpn", "echo"])
            .args(["-CAfile", &pki.path("ca.pem"), "-verify_return_error"])
            .args(["-verify_hostname", NAME])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    )
}

fn talks_to(client_flags: &[&str], server_args: &[&str]) {
    let pki = Pki::new();
    let (dir, identity) = (pki.dir(), pki.identity());
    let flags = [LOOPBACK, &[&dir, &identity]].concat();
    let (mut server, address) = Running::serve(&flags, &guest("tls_server"), server_args);
    let mut client = openssl_client(&pki, address, client_flags);
    let mut input = client.0.stdin.take().unwrap();
    let mut output = BufReader::new(client.0.stdout.take().unwrap());
    assert_eq!(server.line(), format!("{NAME} echo"));
    for said in ["hello\n", "and again\n"] {
        input.write_all(said.as_bytes()).unwrap();
        let mut heard = String::new();
        // What openssl prints of a conversation before TLS is not for us.
        while !heard.ends_with(said) {
            assert_ne!(output.read_line(&mut heard).unwrap(), 0, "{heard:?}");
        }
    }
    drop(input);
    server.end().passes();
}

#[test]
fn a_server_talks_to_openssl() {
    talks_to(&["-tls1_2"], &[]);
    talks_to(&["-tls1_3"], &[]);
}

#[test]
fn tls_starts_in_the_middle_of_a_conversation() {
    talks_to(&["-starttls", "smtp"], &["starttls"]);
}

#[test]
fn the_example_sends_back_what_openssl_says() {
    let pki = Pki::new();
    let identity = pki.identity();
    let flags = [LOOPBACK, &[&identity]].concat();
    let (_server, address) = Running::serve(&flags, &guest("echo_tls"), &["127.0.0.1:0"]);
    hears_itself(&mut openssl_client(&pki, address, &[]));
}

/// What a client says comes back to it; then it ends.
pub(crate) fn hears_itself(client: &mut Peer) {
    let mut input = client.0.stdin.take().unwrap();
    let mut output = BufReader::new(client.0.stdout.take().unwrap());
    input.write_all(b"hello\n").unwrap();
    let mut heard = String::new();
    output.read_line(&mut heard).unwrap();
    assert_eq!(heard, "hello\n");
}

/// What a page of nginx is made of.
const PAGE: usize = 1 << 20;

/// A server of nginx, at a port that was free a moment ago.
fn nginx(pki: &Pki) -> (Peer, SocketAddr) {
    let folder = pki.folder();
    fs::write(pki.path("page"), vec![b'x'; PAGE]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
         events {{}}
         http {{
           access_log off;
           client_body_temp_path {folder}; proxy_temp_path {folder};
           fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
           server {{
             listen {address} ssl;
             ssl_certificate server.pem; ssl_certificate_key server.key;
             ssl_client_certificate ca.pem; ssl_verify_client on;
             ssl_protocols TLSv1.2 TLSv1.3;
             root {folder};
             location = /who {{ return 200 \"$ssl_client_s_dn\\n\"; }}
           }}
         }}"
    );
    fs::write(pki.path("nginx.conf"), config).unwrap();
    drop(listener);
    let peer = Peer::start(
        Command::new(installed("nginx"))
            .args(["-p", folder, "-c", &pki.path("nginx.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    );
    wait_until("nginx listens", || TcpStream::connect(address).is_ok());
    (peer, address)
}

#[test]
fn a_client_talks_to_nginx() {
    let pki = Pki::new();
    let (_server, address) = nginx(&pki);
    let get = |path: &str| {
        let request =
            format!("GET {path} HTTP/1.1\\r\\nHost: {NAME}\\r\\nConnection: close\\r\\n\\r\\n");
        let ran = ask(&pki, address, &request);
        ran.passes();
        ran.stdout
    };
    let who = get("/who");
    assert!(who.starts_with("Version::Tls13 "), "{who:?}");
    assert!(who.ends_with("\r\n\r\nCN=client\n"), "{who:?}");
    let page = get("/page");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(body.bytes().all(|byte| byte == b'x'));
    assert_eq!(body.len(), PAGE);
}

/// A server that speaks plainly is no server of TLS.
#[test]
fn a_plain_server_is_a_code() {
    let pki = Pki::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let plain = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        peer.read_exact(&mut [0; 100]).unwrap();
        peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // The alert, and the end.
        peer.read_to_end(&mut Vec::new()).ok();
    });
    let ran = ask(&pki, address, "x");
    ran.fails(1, &["start: tls-protocol"]);
    plain.join().unwrap();
}

/// The start of a ClientHello, and what is none.
const BEGUN: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
const GARBAGE: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

#[cfg(target_os = "linux")]
#[test]
fn peers_that_break_a_handshake_off_leave_no_descriptor() {
    let pki = Pki::new();
    let identity = pki.identity();
    let flags = [LOOPBACK, &[&identity]].concat();
    // The first run compiles, with files that are open for a while; the second finds it done.
    drop(Running::serve(&flags, &guest("echo_tls"), &["127.0.0.1:0"]));
    let (server, address) = Running::serve(&flags, &guest("echo_tls"), &["127.0.0.1:0"]);
    let open = server.descriptors();
    for number in 0..60 {
        let mut peer = TcpStream::connect(address).unwrap();
        let hello = if number % 2 == 0 { BEGUN } else { GARBAGE };
        peer.write_all(hello).unwrap();
        if number % 3 == 0 {
            // Closing resets the connection then.
            let socket = socket2::SockRef::from(&peer);
            socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
    }
    wait_until("all of them are closed", || server.descriptors() <= open);
    hears_itself(&mut openssl_client(&pki, address, &[]));
}
