//! `ssl` over the host's TLS: programs print what they print with OpenSSL, and talk to it.

use std::process::Command;

use super::super::support::installed;
use super::super::tls::peers::{hears_itself, openssl_client, openssl_server};
use super::super::tls::pki::{NAME, Pki};
use super::asyncio::prints_the_same;
use super::{LOOPBACK, prints, start};

/// The folder of certificates, granted, and whom a program may talk to.
fn flags(pki: &Pki) -> [String; 3] {
    let [listen, net] = LOOPBACK.map(str::to_owned);
    [listen, net, format!("--dir={}", pki.folder())]
}

fn words(flags: &[String; 3]) -> [&str; 3] {
    [&flags[0], &flags[1], &flags[2]]
}

fn is_as_with_openssl(pki: &Pki, name: &str) {
    prints_the_same(&words(&flags(pki)), name, &[pki.folder()]);
}

#[test]
fn streams_over_tls_are_as_in_python() {
    is_as_with_openssl(&Pki::new(), "tls_streams");
}

#[test]
fn tls_starts_in_the_middle_as_in_python() {
    is_as_with_openssl(&Pki::new(), "tls_upgrade");
}

#[test]
fn tls_without_a_loop_is_as_in_python() {
    is_as_with_openssl(&Pki::new(), "tls_sockets");
}

#[test]
fn contexts_are_as_in_python() {
    let pki = Pki::new();
    let locked = Command::new(installed("openssl"))
        .args(["pkcs8", "-topk8", "-passout", "pass:secret"])
        .args([
            "-in",
            &pki.path("server.key"),
            "-out",
            &pki.path("locked.key"),
        ])
        .status();
    assert!(locked.unwrap().success());
    is_as_with_openssl(&pki, "tls_contexts");
}

#[test]
fn a_socket_that_waits_talks_to_openssl() {
    let code = "
import socket, ssl, sys
folder, host, port, name = sys.argv[1:]
context = ssl.create_default_context(cafile=folder + '/ca.pem')
context.load_cert_chain(folder + '/client.pem', folder + '/client.key')
context.set_alpn_protocols(['http/1.1'])
with socket.create_connection((host, port), timeout=30) as plain:
    with context.wrap_socket(plain, server_hostname=name) as secure:
        print(secure.version(), secure.selected_alpn_protocol())
        secure.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        print(secure.makefile().readline().strip())
";
    let pki = Pki::new();
    for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let (_server, address) = openssl_server(&pki, flag);
        let port = address.port().to_string();
        let flags = flags(&pki);
        let program = ["-c", code, pki.folder(), "127.0.0.1", &port, NAME];
        let said = prints(&[&words(&flags)[..], &program].concat());
        assert_eq!(said, format!("{version} http/1.1\nHTTP/1.0 200 ok\n"));
    }
}

#[test]
fn a_server_of_streams_talks_to_openssl() {
    let code = "
import asyncio, ssl, sys
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1] + '/server.pem', sys.argv[1] + '/server.key')
context.set_alpn_protocols(['echo'])

async def main():
    ended = asyncio.Event()

    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, '127.0.0.1', 0, ssl=context)
    print('%s:%d' % server.sockets[0].getsockname(), flush=True)
    await ended.wait()
    print('ended')

asyncio.run(main())
";
    for flag in ["-tls1_2", "-tls1_3"] {
        let pki = Pki::new();
        let flags = flags(&pki);
        let words = [&words(&flags)[..], &["-c", code, pki.folder()]].concat();
        let mut server = start(&words);
        let address = server.line().parse().unwrap();
        let mut client = openssl_client(&pki, address, &[flag]);
        hears_itself(&mut client);
        let ran = server.end();
        ran.passes();
        assert_eq!(ran.stdout, "ended\n");
    }
}
