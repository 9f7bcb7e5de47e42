//! Sessions that do not come about, each with its reason at both ends, and states in which TLS
//! cannot be started.

use aio_guest::tls::{
    self, ClientAuthentication, ClientOptions, ServerOptions, Timeouts, Verification, Version,
};
use aio_guest::{ErrorCode, Ring, write_all};
use test_guests::secure::{
    NAME, NO_TIMEOUTS, Secure, client, client_options, identity, pki, refusals, roots, server,
    server_options,
};
use test_guests::{MILLISECOND, Told, collect_one, equal, fails, look, pair, poll_once, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    certificates().await?;
    agreements().await?;
    clients().await?;
    garbage().await?;
    ends().await?;
    states().await?;
    cancelled().await?;
    slow().await
}

type Change = fn(&mut ClientOptions, &mut ServerOptions) -> Result<(), String>;

async fn refused(
    what: &str,
    change: Change,
    name: &str,
    expected: (ErrorCode, ErrorCode),
) -> Result<(), String> {
    let (mut client, mut server) = (client_options()?, server_options()?);
    change(&mut client, &mut server)?;
    equal(refusals(&client, &server, name).await?, expected, what)
}

async fn certificates() -> Result<(), String> {
    use ErrorCode as Code;
    let alert = Code::TlsAlert;
    let wrong = "other.example";
    refused(
        "name",
        |_, _| Ok(()),
        wrong,
        (Code::CertificateWrongName, alert),
    )
    .await?;
    let stranger: Change = |client, _| {
        client.roots = vec![tls::Roots::Pem(pki("other-ca.pem")?)];
        Ok(())
    };
    let expected = (Code::CertificateUnknownIssuer, alert);
    refused("issuer", stranger, NAME, expected).await?;
    let nobody: Change = |client, _| {
        client.roots = vec![tls::Roots::Nobody];
        Ok(())
    };
    refused("nobody", nobody, NAME, expected).await?;
    let expired: Change = |_, server| {
        server.identities = vec![identity("expired")?];
        Ok(())
    };
    refused("expired", expired, NAME, (Code::CertificateExpired, alert)).await?;
    let early: Change = |_, server| {
        server.identities = vec![identity("early")?];
        Ok(())
    };
    let expected = (Code::CertificateNotYetValid, alert);
    refused("early", early, NAME, expected).await?;
    let revoked: Change = |client, _| {
        let bundle = [pki("ca.pem")?, pki("revoked.crl")?].concat();
        client.roots = vec![tls::Roots::Pem(bundle)];
        Ok(())
    };
    refused("revoked", revoked, NAME, (Code::CertificateRevoked, alert)).await?;
    let purpose: Change = |_, server| {
        server.identities = vec![identity("purpose")?];
        Ok(())
    };
    let expected = (Code::CertificateInvalid, alert);
    refused("purpose", purpose, NAME, expected).await?;
    lenient().await
}

/// What is not asked for is no reason.
async fn lenient() -> Result<(), String> {
    let (mut client, mut server) = (client_options()?, server_options()?);
    client.verification = Verification::None;
    client.roots = Vec::new();
    server.identities = vec![identity("expired")?];
    Secure::open(&client, &server).await?;
    client.verification = Verification::Chain;
    client.roots = roots()?;
    server.identities = vec![identity("client")?];
    Secure::open(&client, &server).await.map(drop)
}

async fn agreements() -> Result<(), String> {
    let versions: Change = |client, server| {
        client.max_version = Version::Tls12;
        server.min_version = Version::Tls13;
        Ok(())
    };
    let expected = (ErrorCode::TlsNoAgreement, ErrorCode::TlsNoAgreement);
    refused("versions", versions, NAME, expected).await?;
    let protocols: Change = |client, server| {
        client.protocols = vec![b"h2".to_vec()];
        server.protocols = vec![b"http/1.1".to_vec()];
        Ok(())
    };
    let expected = (ErrorCode::TlsNoProtocol, ErrorCode::TlsNoProtocol);
    refused("protocols", protocols, NAME, expected).await
}

async fn clients() -> Result<(), String> {
    let none: Change = |_, server| {
        server.clients = ClientAuthentication::Required(roots()?);
        Ok(())
    };
    let required = ErrorCode::CertificateRequired;
    refused("no certificate", none, NAME, (required, required)).await?;
    let bad: Change = |client, server| {
        client.identity = Some(identity("client")?);
        let stranger = tls::Roots::Pem(pki("other-ca.pem")?);
        server.clients = ClientAuthentication::Optional(vec![stranger]);
        Ok(())
    };
    let expected = (ErrorCode::TlsAlert, ErrorCode::CertificateUnknownIssuer);
    refused("a bad certificate", bad, NAME, expected).await
}

async fn garbage() -> Result<(), String> {
    let config = server(&server_options()?)?;
    let (near, far) = pair().await?;
    succeeds(write_all(&near, b"GET / HTTP/1.1\r\n\r\n").await, "write")?;
    let handle = far.as_handle();
    let started = tls::start_server(handle, config.as_handle(), NO_TIMEOUTS).await;
    fails(started, ErrorCode::TlsProtocol, "start")?;
    let alert = succeeds(near.read(100).await, "read")?;
    equal(alert[0], 21, "an alert")?;
    for result in [
        far.read(1).await.map(drop),
        far.write(vec![1]).await.map(drop),
    ] {
        fails(result, ErrorCode::InvalidState, "after a failed handshake")?;
    }
    fails(tls::session_of(handle), ErrorCode::InvalidState, "session")
}

async fn ends() -> Result<(), String> {
    let config = client(&client_options()?)?;
    let (near, far) = pair().await?;
    drop(far);
    let start = |handle| tls::start_client(handle, config.as_handle(), NAME.into(), NO_TIMEOUTS);
    let ended = start(near.as_handle()).await;
    let code = ended.err().map(|code| code.name().to_owned());
    // A close that leaves the greeting unread is a reset.
    let expected = ["tls-truncated", "connection-reset", "broken-pipe"];
    test_guests::check(
        code.as_deref().is_some_and(|code| expected.contains(&code)),
        format_args!("a close during the handshake, not {code:?}"),
    )
}

async fn states() -> Result<(), String> {
    let config = client(&client_options()?)?.as_handle();
    let client = client(&client_options()?)?;
    let server = server(&server_options()?)?;
    let (near, _far) = pair().await?;
    let handle = near.as_handle();
    let start = |connection, config, name: &str| {
        tls::start_client(connection, config, name.to_owned(), NO_TIMEOUTS)
    };
    let bad = ErrorCode::BadHandle;
    fails(start(handle, config, NAME).await, bad, "a closed config")?;
    let other = server.as_handle();
    fails(start(handle, other, NAME).await, bad, "a server's config")?;
    let client = client.as_handle();
    fails(start(client, client, NAME).await, bad, "no connection")?;
    fails(start(handle, handle, NAME).await, bad, "no config")?;
    let server_side = tls::start_server(handle, client, NO_TIMEOUTS);
    fails(server_side.await, bad, "a client's config")?;
    for name in ["", "a b", "-a.example", &"a".repeat(300)] {
        let invalid = ErrorCode::InvalidArgument;
        fails(start(handle, client, name).await, invalid, "name")?;
    }
    for (handshake, shutdown) in [(Some(0), None), (None, Some((1 << 62) + 1))] {
        let timeouts = Timeouts {
            handshake,
            shutdown,
        };
        let started = tls::start_client(handle, client, NAME.into(), timeouts);
        fails(started.await, ErrorCode::OutOfRange, "timeouts")?;
    }
    fails(tls::session_of(handle), ErrorCode::InvalidState, "no TLS")?;
    fails(tls::session_of(client), bad, "a config has no session")?;
    waits(handle, client).await?;
    let Secure { near, .. } = Secure::simple().await?;
    let again = start(near.as_handle(), client, NAME).await;
    fails(again, ErrorCode::InvalidState, "TLS in TLS")
}

/// What waits on the ring would be overtaken.
async fn waits(connection: u64, config: u64) -> Result<(), String> {
    let mut ring = Ring::new();
    ring.read(1, connection, 10);
    look(&mut ring)?;
    let start = || tls::start_client(connection, config, NAME.into(), NO_TIMEOUTS);
    fails(start().await, ErrorCode::InvalidState, "a read waits")?;
    ring.cancel(2, 1);
    look(&mut ring)?;
    // The longest and the shortest span are in range.
    let timeouts = Timeouts {
        handshake: Some(1),
        shutdown: Some(1 << 62),
    };
    let started = tls::start_client(connection, config, NAME.into(), timeouts);
    fails(started.await, ErrorCode::TimedOut, "a nanosecond")
}

/// A handshake that is given up leaves a connection that can only be closed, and frees it.
async fn cancelled() -> Result<(), String> {
    let config = client(&client_options()?)?;
    let (near, far) = pair().await?;
    let handle = near.as_handle();
    {
        let start = tls::start_client(handle, config.as_handle(), NAME.into(), NO_TIMEOUTS);
        let mut start = Box::pin(start);
        test_guests::check(poll_once(start.as_mut()).is_pending(), "it waits")?;
        fails(near.read(1).await, ErrorCode::InvalidState, "meanwhile")?;
    }
    fails(near.read(1).await, ErrorCode::InvalidState, "afterwards")?;
    let (ringed, _far) = pair().await?;
    let mut ring = Ring::new();
    ring.start_tls(1, ringed.as_handle(), config.as_handle(), NAME);
    ring.cancel(2, 1);
    let told = test_guests::collect(&mut ring, 2)?;
    equal(
        told,
        vec![(1, Told::Failed(ErrorCode::Cancelled)), (2, Told::Done)],
        "cancelled on the ring",
    )?;
    let (closed, _far) = pair().await?;
    ring.start_tls(1, closed.as_handle(), config.as_handle(), NAME);
    look(&mut ring)?;
    ring.close(2, closed.as_handle()).quiet();
    equal(
        collect_one(&mut ring)?,
        Told::Failed(ErrorCode::Closed),
        "closed",
    )?;
    drop(near);
    // The greeting, and then the end.
    while !succeeds(far.read(1000).await, "read")?.is_empty() {}
    Ok(())
}

/// A peer that sends a byte now and then does not hold the handshake for ever.
async fn slow() -> Result<(), String> {
    let config = server(&server_options()?)?;
    let (near, far) = pair().await?;
    aio_guest::spawn(async move {
        for byte in [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3] {
            if near.write(vec![byte]).await.is_err() {
                break;
            }
            aio_guest::timers::sleep(10 * MILLISECOND)
                .await
                .unwrap_or_default();
        }
    });
    let timeouts = Timeouts {
        handshake: Some(50 * MILLISECOND),
        shutdown: None,
    };
    let started = tls::start_server(far.as_handle(), config.as_handle(), timeouts).await;
    fails(started, ErrorCode::TimedOut, "a slow peer")
}
