//! TLS by itself: two engines of one guest, and the bytes between them by hand.

use aio_guest::ErrorCode;
use aio_guest::tls::{ClientConfig, Engine, ServerConfig, Version};
use test_guests::secure::{NAME, client, client_options, server, server_options};
use test_guests::{check, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut options = client_options()?;
    options.protocols = vec![b"x".to_vec()];
    let client = client(&options)?;
    let mut options = server_options()?;
    options.protocols = vec![b"x".to_vec()];
    let server = server(&options)?;
    talk(&client, &server)?;
    bounds(&client, &server)?;
    ends(&client, &server)?;
    failures(&client, &server)
}

struct Pair {
    near: Engine,
    far: Engine,
}

impl Pair {
    fn new(client: &ClientConfig, server: &ServerConfig) -> Result<Self, String> {
        let near = Engine::client(client.as_handle(), NAME);
        let far = Engine::server(server.as_handle());
        Ok(Self {
            near: succeeds(near, "client")?,
            far: succeeds(far, "server")?,
        })
    }

    fn open(client: &ClientConfig, server: &ServerConfig) -> Result<Self, String> {
        let pair = Self::new(client, server)?;
        pair.settle()?;
        check(!pair.near.is_handshaking(), "the client is done")?;
        check(!pair.far.is_handshaking(), "the server is done")?;
        Ok(pair)
    }

    /// Carries all there is to carry.
    fn settle(&self) -> Result<(), String> {
        while carry(&self.near, &self.far)? + carry(&self.far, &self.near)? > 0 {}
        Ok(())
    }
}

fn carry(from: &Engine, to: &Engine) -> Result<usize, String> {
    let data = from.outgoing(1000);
    if !data.is_empty() {
        let taken = succeeds(to.incoming(&data), "incoming")?;
        equal(taken as usize, data.len(), "taken")?;
    }
    Ok(data.len())
}

fn talk(client: &ClientConfig, server: &ServerConfig) -> Result<(), String> {
    let pair = Pair::new(client, server)?;
    let early = pair.near.session().map(drop);
    fails(early, ErrorCode::InvalidState, "no session yet")?;
    equal(
        pair.near.write(b"early"),
        Ok(0),
        "before the end of the handshake",
    )?;
    equal(pair.near.read(10), Ok(None), "nothing to read yet")?;
    pair.settle()?;
    let session = succeeds(pair.near.session(), "session")?;
    equal(session.version, Version::Tls13, "version")?;
    equal(session.protocol, Some(b"x".to_vec()), "protocol")?;
    let far = succeeds(pair.far.session(), "session")?;
    equal(far.server_name.as_deref(), Some(NAME), "the wanted name")?;
    equal(pair.near.write(b"hello"), Ok(5), "written")?;
    check(!pair.near.outgoing(0).len() > 0, "nothing of nothing")?;
    pair.settle()?;
    equal(pair.far.read(0), Ok(Some(Vec::new())), "a read of nothing")?;
    equal(
        pair.far.read(2),
        Ok(Some(b"he".to_vec())),
        "the first bytes",
    )?;
    equal(pair.far.read(100), Ok(Some(b"llo".to_vec())), "the rest")?;
    equal(pair.far.read(100), Ok(None), "no more for now")
}

fn bounds(client: &ClientConfig, server: &ServerConfig) -> Result<(), String> {
    let pair = Pair::open(client, server)?;
    let data = vec![7; 65_537];
    equal(pair.near.write(&data), Ok(65_536), "64 KiB at once")?;
    equal(pair.near.write(b"x"), Ok(0), "and no more")?;
    equal(
        pair.near.outgoing(u32::MAX).len(),
        65_536,
        "64 KiB out at once",
    )?;
    let rest = pair.near.outgoing(u32::MAX);
    check(!rest.is_empty(), "the records are longer than the bytes")?;
    check(pair.near.outgoing(100).is_empty(), "all is out")?;
    back_pressure(client, server)
}

/// What is not read holds the peer back.
fn back_pressure(client: &ClientConfig, server: &ServerConfig) -> Result<(), String> {
    let pair = Pair::open(client, server)?;
    equal(pair.near.write(&vec![7; 65_536]), Ok(65_536), "written")?;
    let mut sent = pair.near.outgoing(u32::MAX);
    sent.extend(pair.near.outgoing(u32::MAX));
    let mut rest = &sent[..];
    let mut received = 0;
    let mut held_back = false;
    while received < 65_536 {
        let taken = succeeds(pair.far.incoming(rest), "incoming")? as usize;
        rest = &rest[taken..];
        held_back |= !rest.is_empty();
        while let Some(data) = succeeds(pair.far.read(10_000), "read")? {
            received += data.len();
        }
    }
    check(held_back, "not all was taken at once")?;
    equal((received, rest.len()), (65_536, 0), "all came through")
}

fn ends(client: &ClientConfig, server: &ServerConfig) -> Result<(), String> {
    let pair = Pair::open(client, server)?;
    equal(pair.near.write(b"all"), Ok(3), "written")?;
    pair.near.close();
    pair.settle()?;
    fails(pair.near.write(b"x"), ErrorCode::BrokenPipe, "write")?;
    equal(pair.far.read(10), Ok(Some(b"all".to_vec())), "all")?;
    equal(pair.far.read(10), Ok(Some(Vec::new())), "a clean end")?;
    equal(pair.far.incoming(b"more"), Ok(0), "what follows the end")?;
    let pair = Pair::open(client, server)?;
    equal(pair.near.write(b"some"), Ok(4), "written")?;
    pair.settle()?;
    equal(pair.far.incoming(&[]), Ok(0), "the end of the bytes")?;
    equal(pair.far.read(10), Ok(Some(b"some".to_vec())), "some")?;
    fails(pair.far.read(10), ErrorCode::TlsTruncated, "cut short")
}

fn failures(client: &ClientConfig, server: &ServerConfig) -> Result<(), String> {
    let bad = ErrorCode::BadHandle;
    let (near, far) = (client.as_handle(), server.as_handle());
    fails(
        Engine::client(far, NAME).map(drop),
        bad,
        "a server's config",
    )?;
    fails(Engine::server(near).map(drop), bad, "a client's config")?;
    fails(Engine::server(77).map(drop), bad, "no config")?;
    let unnamed = Engine::client(near, "").map(drop);
    fails(unnamed, ErrorCode::InvalidArgument, "no name")?;
    let pair = Pair::new(client, server)?;
    let garbage = pair.far.incoming(b"GET / HTTP/1.1\r\n\r\n");
    fails(garbage, ErrorCode::TlsProtocol, "garbage")?;
    equal(pair.far.outgoing(100)[0], 21, "an alert")?;
    fails(pair.far.read(10), ErrorCode::TlsProtocol, "read")?;
    fails(pair.far.incoming(b"more"), ErrorCode::TlsProtocol, "more")?;
    alerts(client, server)
}

/// Why the peer ended the session is told to the other side only.
fn alerts(client: &ClientConfig, server: &ServerConfig) -> Result<(), String> {
    let pair = Pair::new(client, server)?;
    equal(pair.near.alert(), None, "no alert yet")?;
    let garbage = pair.far.incoming(b"\x16\x03\x01\x00\x01garbage");
    fails(garbage, ErrorCode::TlsProtocol, "garbage")?;
    let told = pair.near.incoming(&pair.far.outgoing(100));
    fails(told, ErrorCode::TlsAlert, "the alert")?;
    check(pair.near.alert().is_some(), "an alert")?;
    equal(pair.far.alert(), None, "none of its own")
}
