//! TLS: what two engines agree on, why they do not, how they end, and how much they hold. No byte
//! leaves the test; sessions over sockets are in `tls/session.rs`.

mod authority;
mod certificates;
mod config;
mod session;

use std::io::{self, ErrorKind};

use aio_loop::tls::{
    Alert, BUFFERED_MAX, ClientConfig, ClientOptions, Engine, Error, ServerConfig, ServerOptions,
    Version, Versions,
};

use authority::Authority;

const NAME: &str = "server.example";

const ONLY_TLS12: Versions = Versions {
    min: Version::Tls12,
    max: Version::Tls12,
};
const ONLY_TLS13: Versions = Versions {
    min: Version::Tls13,
    max: Version::Tls13,
};

/// A client that trusts `authority`, and a server that it trusts, to be changed.
fn options(authority: &Authority) -> (ClientOptions, ServerOptions) {
    let client = ClientOptions {
        roots: authority.roots(),
        ..ClientOptions::default()
    };
    let server = ServerOptions {
        identities: vec![authority.identity(NAME)],
        ..ServerOptions::default()
    };
    (client, server)
}

struct Pair {
    client: Engine,
    server: Engine,
}

impl Pair {
    fn new((client, server): (ClientOptions, ServerOptions)) -> Self {
        let client = ClientConfig::new(client).unwrap();
        Self::of(&client, &ServerConfig::new(server).unwrap(), NAME)
    }

    fn of(client: &ClientConfig, server: &ServerConfig, name: &str) -> Self {
        Self {
            client: Engine::client(client, Some(name)).unwrap(),
            server: Engine::server(server).unwrap(),
        }
    }

    fn good() -> Self {
        let mut pair = Self::new(options(&Authority::new()));
        pair.shake();
        pair
    }

    /// Passes bytes until neither side has more; tells what each side ran into.
    fn settle(&mut self) -> (Result<(), Error>, Result<(), Error>) {
        let mut ends = (Ok(()), Ok(()));
        while self.client.wants_write() || self.server.wants_write() {
            let (to_server, to_client) = (
                pass(&mut self.client, &mut self.server),
                pass(&mut self.server, &mut self.client),
            );
            ends = (ends.0.and(to_client), ends.1.and(to_server));
        }
        ends
    }

    fn shake(&mut self) {
        assert_eq!(self.settle(), (Ok(()), Ok(())));
        assert!(!self.client.is_handshaking() && !self.server.is_handshaking());
    }

    /// Why the client gave up, and what the server made of it.
    fn client_refuses(&mut self) -> (Error, Error) {
        let (client, server) = self.settle();
        (client.unwrap_err(), server.unwrap_err())
    }
}

/// Passes all that `from` has to say.
fn pass(from: &mut Engine, to: &mut Engine) -> Result<(), Error> {
    let mut result = Ok(());
    let mut buf = [0; 5000];
    while from.wants_write() {
        let len = from.write_tls(&mut buf);
        if result.is_ok() {
            result = to.read_tls(&buf[..len]).map(|taken| assert_eq!(taken, len));
        }
    }
    result
}

fn read(engine: &mut Engine) -> io::Result<Vec<u8>> {
    let mut buf = vec![0; 1 << 17];
    let len = engine.read_plain(&mut buf)?;
    buf.truncate(len);
    Ok(buf)
}

fn read_error(engine: &mut Engine) -> Error {
    Error::of(&read(engine).unwrap_err()).unwrap().clone()
}

#[test]
fn both_versions_carry_bytes_both_ways() {
    for (versions, version, cipher) in [
        (
            ONLY_TLS12,
            Version::Tls12,
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        ),
        (ONLY_TLS13, Version::Tls13, "TLS_AES_256_GCM_SHA384"),
        (
            Versions::default(),
            Version::Tls13,
            "TLS_AES_256_GCM_SHA384",
        ),
    ] {
        let (client, mut server) = options(&Authority::new());
        server.versions = versions;
        let mut pair = Pair::new((client, server));
        assert_eq!(pair.client.negotiated(), None);
        pair.shake();
        for engine in [&pair.client, &pair.server] {
            let negotiated = engine.negotiated().unwrap();
            assert_eq!(negotiated.version, version);
            assert_eq!(negotiated.cipher, cipher);
        }
        pair.client.write_plain(b"ping").unwrap();
        pair.settle().1.unwrap();
        assert_eq!(read(&mut pair.server).unwrap(), b"ping");
        pair.server.write_plain(b"pong").unwrap();
        pair.settle().0.unwrap();
        assert_eq!(read(&mut pair.client).unwrap(), b"pong");
    }
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut pair = Pair::new(options(&Authority::new()));
    pair.client.write_plain(b"early").unwrap();
    let mut byte = [0];
    while pair.client.wants_write() || pair.server.wants_write() {
        if pair.client.write_tls(&mut byte) == 1 {
            assert_eq!(pair.server.read_tls(&byte), Ok(1));
        }
        if pair.server.write_tls(&mut byte) == 1 {
            assert_eq!(pair.client.read_tls(&byte), Ok(1));
        }
    }
    assert_eq!(read(&mut pair.server).unwrap(), b"early");
}

#[test]
fn the_server_chooses_the_protocol() {
    let (mut client, mut server) = options(&Authority::new());
    client.protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    server.protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let mut pair = Pair::new((client, server));
    pair.shake();
    for engine in [&pair.client, &pair.server] {
        let negotiated = engine.negotiated().unwrap();
        assert_eq!(negotiated.protocol.as_deref(), Some(&b"http/1.1"[..]));
    }
}

#[test]
fn without_an_offer_no_protocol_is_chosen() {
    let (client, mut server) = options(&Authority::new());
    server.protocols = vec![b"h2".to_vec()];
    let mut pair = Pair::new((client, server));
    pair.shake();
    assert_eq!(pair.client.negotiated().unwrap().protocol, None);
}

#[test]
fn no_common_protocol_is_told_to_both_sides() {
    let (mut client, mut server) = options(&Authority::new());
    client.protocols = vec![b"h2".to_vec()];
    server.protocols = vec![b"http/1.1".to_vec()];
    let (client, server) = Pair::new((client, server)).settle();
    assert_eq!(client, Err(Error::NoCommonProtocol));
    assert_eq!(server, Err(Error::NoCommonProtocol));
}

#[test]
fn no_common_version_is_told_to_both_sides() {
    for (ours, theirs) in [(ONLY_TLS12, ONLY_TLS13), (ONLY_TLS13, ONLY_TLS12)] {
        let (mut client, mut server) = options(&Authority::new());
        client.versions = ours;
        server.versions = theirs;
        let (client, server) = Pair::new((client, server)).settle();
        assert_eq!(client, Err(Error::NoCommonVersion));
        assert_eq!(server, Err(Error::NoCommonVersion));
    }
}

/// A greeting of TLS 1.2 that offers nothing but a cipher suite of old.
fn old_hello() -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    // No session; TLS_RSA_WITH_AES_128_CBC_SHA; no compression.
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    // Extensions: group secp256r1, ecdsa_secp256r1_sha256, extended master secret.
    let extensions = [
        0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3, 0, 23, 0, 0,
    ];
    hello.extend([0, u8::try_from(extensions.len()).unwrap()]);
    hello.extend(extensions);
    let len = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, len + 4, 1, 0, 0, len];
    record.extend(hello);
    record
}

#[test]
fn no_common_cipher_is_told() {
    let mut server = Pair::new(options(&Authority::new())).server;
    assert_eq!(server.read_tls(&old_hello()), Err(Error::NoCommonCipher));
    let mut alert = [0; 7];
    assert_eq!(server.write_tls(&mut alert), 7);
    let mut client = Pair::new(options(&Authority::new())).client;
    let told = client.read_tls(&alert).unwrap_err();
    assert_eq!(told, Error::Alert(Alert::HandshakeFailure));
    assert_eq!(client.alert(), Some(Alert::HandshakeFailure));
    assert_eq!(server.alert(), None);
}

#[test]
fn what_is_not_tls_is_told_apart() {
    let Pair { mut server, .. } = Pair::new(options(&Authority::new()));
    let error = server.read_tls(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
    assert_eq!(error, Error::NotTls);
    assert!(server.wants_write());
    let Pair { mut client, .. } = Pair::new(options(&Authority::new()));
    let error = client.read_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(error, Err(Error::NotTls));
    assert_eq!(client.read_tls(b"again"), Err(Error::NotTls));
    assert_eq!(read_error(&mut client), Error::NotTls);
    assert!(client.write_plain(b"x").is_err());
}

#[test]
fn a_record_that_was_changed_on_its_way_is_a_breach() {
    let mut pair = Pair::good();
    pair.client.write_plain(b"secret").unwrap();
    let mut record = [0; 100];
    let len = pair.client.write_tls(&mut record);
    record[len - 1] ^= 1;
    let error = pair.server.read_tls(&record[..len]).unwrap_err();
    assert!(matches!(error, Error::Misbehaved(_)), "{error:?}");
}

#[test]
fn what_was_read_before_a_failure_is_still_there() {
    let mut pair = Pair::good();
    pair.client.write_plain(b"good").unwrap();
    pair.settle().1.unwrap();
    assert_eq!(pair.server.read_tls(b"garbage"), Err(Error::NotTls));
    assert!(pair.server.is_readable());
    assert_eq!(read(&mut pair.server).unwrap(), b"good");
    assert_eq!(read_error(&mut pair.server), Error::NotTls);
}

#[test]
fn a_clean_end_is_told_apart_from_a_truncation() {
    let mut pair = Pair::good();
    pair.client.write_plain(b"all").unwrap();
    pair.client.close_notify();
    pair.settle().1.unwrap();
    assert!(pair.server.has_ended());
    assert_eq!(read(&mut pair.server).unwrap(), b"all");
    assert_eq!(read(&mut pair.server).unwrap(), b"");
    pair.server.end_tls();
    assert_eq!(read(&mut pair.server).unwrap(), b"");

    let mut pair = Pair::good();
    pair.client.write_plain(b"some").unwrap();
    pair.settle().1.unwrap();
    pair.server.end_tls();
    assert_eq!(read(&mut pair.server).unwrap(), b"some");
    let end = read(&mut pair.server).unwrap_err();
    assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(Error::of(&end), Some(&Error::Truncated));
}

#[test]
fn a_side_that_has_closed_still_reads() {
    for versions in [ONLY_TLS12, ONLY_TLS13] {
        let (client, mut server) = options(&Authority::new());
        server.versions = versions;
        let mut pair = Pair::new((client, server));
        pair.shake();
        pair.client.close_notify();
        pair.client.close_notify();
        pair.settle().1.unwrap();
        let error = pair.client.write_plain(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        pair.server.write_plain(b"still here").unwrap();
        pair.server.close_notify();
        pair.settle().0.unwrap();
        assert_eq!(read(&mut pair.client).unwrap(), b"still here");
        assert_eq!(read(&mut pair.client).unwrap(), b"");
    }
}

#[test]
fn what_follows_the_end_is_left() {
    let mut pair = Pair::good();
    pair.client.close_notify();
    let mut bytes = [0; 100];
    let end = pair.client.write_tls(&mut bytes);
    assert_eq!(pair.server.read_tls(&bytes), Ok(end));
    assert_eq!(pair.server.read_tls(b"GET / HTTP/1.1"), Ok(0));
    assert_eq!(read(&mut pair.server).unwrap(), b"");
}

#[test]
fn keys_can_be_renewed_in_the_middle() {
    let mut pair = Pair::good();
    for round in 0..3_u8 {
        pair.client.update_keys().unwrap();
        pair.client.write_plain(&[round]).unwrap();
        pair.settle().1.unwrap();
        assert_eq!(read(&mut pair.server).unwrap(), [round]);
        pair.server.write_plain(&[round]).unwrap();
        pair.settle().0.unwrap();
        assert_eq!(read(&mut pair.client).unwrap(), [round]);
    }
    let (client, mut server) = options(&Authority::new());
    server.versions = ONLY_TLS12;
    let mut old = Pair::new((client, server));
    old.shake();
    assert!(old.client.update_keys().is_err());
}

#[test]
fn what_is_written_is_bounded_before_and_after_the_handshake() {
    let mut pair = Pair::new(options(&Authority::new()));
    let data = vec![7; BUFFERED_MAX + 1];
    let full = |engine: &mut Engine| {
        assert_eq!(engine.write_plain(&data).unwrap(), BUFFERED_MAX);
        let error = engine.write_plain(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(engine.write_plain(b"").unwrap(), 0);
    };
    full(&mut pair.client);
    drain(&mut pair);
    full(&mut pair.client);
    full(&mut pair.server);
}

/// Passes and reads until all that the client has written has come.
fn drain(pair: &mut Pair) {
    let mut received = 0;
    let mut buf = [0; 1000];
    while received < BUFFERED_MAX {
        let len = pair.client.write_tls(&mut buf);
        assert_eq!(pair.server.read_tls(&buf[..len]), Ok(len));
        received += read(&mut pair.server).map_or(0, |plain| plain.len());
        pass(&mut pair.server, &mut pair.client).unwrap();
    }
}

#[test]
fn what_is_not_read_holds_the_peer_back() {
    let mut pair = Pair::good();
    pair.client.write_plain(&vec![7; BUFFERED_MAX]).unwrap();
    let mut sent = vec![0; 2 * BUFFERED_MAX];
    let len = pair.client.write_tls(&mut sent);
    let mut rest = &sent[..len];
    let taken = pair.server.read_tls(rest).unwrap();
    assert!((16 << 10..40 << 10).contains(&taken), "{taken}");
    rest = &rest[taken..];
    assert_eq!(pair.server.read_tls(rest), Ok(0));
    let mut received = 0;
    while received < BUFFERED_MAX {
        received += read(&mut pair.server).unwrap().len();
        let taken = pair.server.read_tls(rest).unwrap();
        rest = &rest[taken..];
    }
    assert_eq!((received, rest.len()), (BUFFERED_MAX, 0));
}

#[test]
fn a_session_is_resumed_by_the_same_configuration() {
    for versions in [ONLY_TLS12, ONLY_TLS13] {
        let (client, mut server) = options(&Authority::new());
        server.versions = versions;
        let client = ClientConfig::new(client).unwrap();
        let server = ServerConfig::new(server).unwrap();
        for resumed in [false, true] {
            let mut pair = Pair::of(&client, &server, NAME);
            pair.shake();
            assert_eq!(pair.client.negotiated().unwrap().resumed, resumed);
            assert_eq!(pair.server.negotiated().unwrap().resumed, resumed);
        }
    }
}
