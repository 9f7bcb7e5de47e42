//! A guest that talks TLS with itself: what was agreed on, bytes by every door, and the end.

use aio_guest::tls::Version;
use aio_guest::wit_bindgen::StreamResult;
use aio_guest::{ErrorCode, ShutdownHow, spawn, write_all};
use test_guests::secure::{NAME, Secure, client_options, identity, server_options, session};
use test_guests::{check, equal, fails, read_exactly, succeeds};

aio_guest::main!(run);

const LENGTH: usize = 1 << 20;

async fn run() -> Result<(), String> {
    agreed().await?;
    client_is_known().await?;
    resumed().await?;
    both_ways().await?;
    as_a_stream().await?;
    pieces().await?;
    half_closed().await?;
    closed().await?;
    truncated().await
}

async fn agreed() -> Result<(), String> {
    for (version, suite) in [
        (Version::Tls12, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        (Version::Tls13, "TLS_AES_256_GCM_SHA384"),
    ] {
        let (mut client, mut server) = (client_options()?, server_options()?);
        client.max_version = version;
        client.protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        server.protocols = vec![b"http/1.1".to_vec()];
        let secure = Secure::open(&client, &server).await?;
        let near = session(secure.near.as_handle())?;
        equal(near.version, version, "version")?;
        equal(near.cipher_suite.as_str(), suite, "cipher suite")?;
        equal(near.protocol, Some(b"http/1.1".to_vec()), "protocol")?;
        equal(near.server_name, None, "a client's view of the name")?;
        let certificate = &near.peer_certificates[0];
        equal(certificate.subject.as_str(), "CN=server", "subject")?;
        check(certificate.issuer.starts_with("CN=authority"), "issuer")?;
        equal(certificate.serial.as_str(), "2a", "serial")?;
        let names = &certificate.alternative_names;
        equal(names, &vec![NAME.to_owned()], "names")?;
        check(certificate.not_before < certificate.not_after, "validity")?;
        check(certificate.der.len() > 200, "the certificate itself")?;
        let far = session(secure.far.as_handle())?;
        equal(far.server_name.as_deref(), Some(NAME), "the wanted name")?;
        check(far.peer_certificates.is_empty(), "no client certificate")?;
    }
    Ok(())
}

async fn client_is_known() -> Result<(), String> {
    let (mut client, mut server) = (client_options()?, server_options()?);
    client.identity = Some(identity("client")?);
    let roots = test_guests::secure::roots()?;
    server.clients = aio_guest::tls::ClientAuthentication::Required(roots);
    let secure = Secure::open(&client, &server).await?;
    let far = session(secure.far.as_handle())?;
    equal(
        far.peer_certificates[0].alternative_names.clone(),
        vec!["client.example".to_owned()],
        "the client's names",
    )
}

async fn resumed() -> Result<(), String> {
    use test_guests::secure::{client, server, shake};
    let client = client(&client_options()?)?;
    let server = server(&server_options()?)?;
    for resumed in [false, true] {
        let (near, far) = test_guests::pair().await?;
        let ends = (near.as_handle(), far.as_handle());
        shake((ends.0, &client), (ends.1, &server), NAME)?;
        succeeds(write_all(&far, b"!").await, "write")?;
        read_exactly(&near, 1).await?;
        equal(session(ends.0)?.resumed, resumed, "resumed")?;
    }
    Ok(())
}

fn pattern() -> Vec<u8> {
    (0..LENGTH).map(|index| (index % 251) as u8).collect()
}

/// A megabyte there and back; the reader takes little at a time.
async fn both_ways() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    spawn(async move {
        let mut left = LENGTH;
        while left > 0 {
            let Ok(data) = far.read(1000).await else {
                break;
            };
            left -= data.len();
            if write_all(&far, &data).await.is_err() {
                break;
            }
        }
    });
    let mut sent = pattern();
    let mut back = Vec::new();
    while back.len() < LENGTH {
        if !sent.is_empty() {
            let rest = sent.split_off(sent.len().min(50_000));
            succeeds(write_all(&near, &sent).await, "write")?;
            sent = rest;
        }
        back.extend(succeeds(near.read(7777).await, "read")?);
    }
    check(back == pattern(), "all came back in order")
}

async fn as_a_stream() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    spawn(async move {
        write_all(&far, &pattern()).await.unwrap_or_default();
        far.shutdown(ShutdownHow::Send).unwrap_or_default();
        // Kept open until the reader is done, which then closes.
        far.read(1).await.unwrap_or_default();
    });
    let (mut reader, end) = near.receive();
    let mut all = Vec::new();
    loop {
        let (result, data) = reader.read(Vec::with_capacity(10_000)).await;
        all.extend(data);
        if matches!(result, StreamResult::Dropped) {
            break;
        }
    }
    check(all == pattern(), "all in order by the stream")?;
    succeeds(end.await, "the end of the stream")
}

async fn pieces() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    let pieces = vec![b"on".to_vec(), Vec::new(), b"e".to_vec()];
    let stream = succeeds(aio_guest::ByteStream::by_handle(near.as_handle()), "stream")?;
    equal(stream.write_vectored(pieces).await, Ok(3), "written")?;
    equal(read_exactly(&far, 3).await?, b"one".to_vec(), "the pieces")
}

/// Each side ends its own half, and reads on.
async fn half_closed() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    succeeds(near.shutdown(ShutdownHow::Send), "shutdown")?;
    equal(far.read(10).await, Ok(Vec::new()), "the end")?;
    equal(far.read(10).await, Ok(Vec::new()), "the end again")?;
    fails(
        near.write(b"x".to_vec()).await,
        ErrorCode::BrokenPipe,
        "write",
    )?;
    succeeds(write_all(&far, b"still").await, "write back")?;
    equal(read_exactly(&near, 5).await?, b"still".to_vec(), "read on")?;
    succeeds(far.shutdown(ShutdownHow::Both), "shutdown both")?;
    equal(near.read(10).await, Ok(Vec::new()), "the other end")
}

/// Closing says so to the peer, after all that was written.
async fn closed() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    succeeds(write_all(&near, b"last words").await, "write")?;
    drop(near);
    equal(far.read(100).await, Ok(b"last words".to_vec()), "the words")?;
    equal(far.read(100).await, Ok(Vec::new()), "a clean end")
}

/// A connection that ends below TLS may have been cut short.
async fn truncated() -> Result<(), String> {
    use test_guests::secure::{NO_TIMEOUTS, client};
    let engine = test_guests::secure::server(&server_options()?)?;
    let engine = succeeds(aio_guest::tls::Engine::server(engine.as_handle()), "engine")?;
    let client = client(&client_options()?)?;
    let (near, far) = test_guests::pair().await?;
    spawn(async move {
        while let Ok(data) = far.read(10_000).await
            && engine.incoming(&data).is_ok()
            && engine.is_handshaking()
        {
            write_all(&far, &engine.outgoing(65_536))
                .await
                .unwrap_or_default();
        }
        engine.write(b"some").unwrap_or_default();
        write_all(&far, &engine.outgoing(65_536))
            .await
            .unwrap_or_default();
    });
    let handle = near.as_handle();
    let name = NAME.to_owned();
    let started = aio_guest::tls::start_client(handle, client.as_handle(), name, NO_TIMEOUTS);
    succeeds(started.await, "start")?;
    equal(read_exactly(&near, 4).await?, b"some".to_vec(), "some")?;
    fails(near.read(10).await, ErrorCode::TlsTruncated, "the end")?;
    fails(
        near.read(10).await,
        ErrorCode::TlsTruncated,
        "the end again",
    )
}
