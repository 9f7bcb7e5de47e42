//! What the TLS guests share: configurations out of `/pki`, and a session of the guest with itself.

use aio_guest::tls::{
    self, ClientAuthentication, ClientConfig, ClientOptions, Identity, PemIdentity, Roots,
    ServerConfig, ServerOptions, Timeouts, Verification, Version,
};
use aio_guest::{ErrorCode, Handle, Ring, TcpStream};

use crate::{Told, collect, pair, succeeds};

/// The name that the test's certificate is for.
pub const NAME: &str = "server.example";

/// The defaults.
pub const NO_TIMEOUTS: Timeouts = Timeouts {
    handshake: None,
    shutdown: None,
};

/// A file of the test.
pub fn pki(name: &str) -> Result<Vec<u8>, String> {
    std::fs::read(format!("/pki/{name}")).map_err(|error| format!("read {name}: {error}"))
}

/// The test's authority.
pub fn roots() -> Result<Vec<Roots>, String> {
    Ok(vec![Roots::Pem(pki("ca.pem")?)])
}

/// A certificate and its key out of the files of this name.
pub fn identity(name: &str) -> Result<Identity, String> {
    Ok(Identity::Pem(PemIdentity {
        certificates: pki(&format!("{name}.pem"))?,
        key: pki(&format!("{name}.key"))?,
    }))
}

/// A client that trusts the test's authority.
pub fn client_options() -> Result<ClientOptions, String> {
    Ok(ClientOptions {
        roots: roots()?,
        verification: Verification::Full,
        identity: None,
        protocols: Vec::new(),
        min_version: Version::Tls12,
        max_version: Version::Tls13,
        server_name_indication: true,
    })
}

/// A server with the test's certificate.
pub fn server_options() -> Result<ServerOptions, String> {
    Ok(ServerOptions {
        identities: vec![identity("server")?],
        clients: ClientAuthentication::None,
        protocols: Vec::new(),
        min_version: Version::Tls12,
        max_version: Version::Tls13,
    })
}

/// Makes a client's configuration.
pub fn client(options: &ClientOptions) -> Result<ClientConfig, String> {
    succeeds(ClientConfig::create(options), "client config")
}

/// Makes a server's configuration.
pub fn server(options: &ServerOptions) -> Result<ServerConfig, String> {
    succeeds(ServerConfig::create(options), "server config")
}

/// The guest's two ends of one session, and what they are configured by.
pub struct Secure {
    /// The side that connected.
    pub near: TcpStream,
    /// The side that accepted.
    pub far: TcpStream,
}

/// Upgrades both ends of `near` and `far` at once, and tells what came of the client's and of the
/// server's.
pub fn shake(
    (near, client): (Handle, &ClientConfig),
    (far, server): (Handle, &ServerConfig),
    name: &str,
) -> Result<(Told, Told), String> {
    let mut ring = Ring::new();
    ring.start_tls(1, near, client.as_handle(), name);
    ring.start_tls(2, far, server.as_handle(), "");
    let mut told = collect(&mut ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let server = told.pop().map(|(_, told)| told);
    let client = told.pop().map(|(_, told)| told);
    client.zip(server).ok_or_else(String::new)
}

impl Secure {
    /// Connects this guest to itself with TLS.
    pub async fn open(client: &ClientOptions, server: &ServerOptions) -> Result<Self, String> {
        let (client, server) = (self::client(client)?, self::server(server)?);
        let (near, far) = pair().await?;
        let (near_end, far_end) = (near.as_handle(), far.as_handle());
        let told = shake((near_end, &client), (far_end, &server), NAME)?;
        crate::equal(told, (Told::Done, Told::Done), "both handshakes")?;
        Ok(Self { near, far })
    }

    /// The same with the options of this module.
    pub async fn simple() -> Result<Self, String> {
        Self::open(&client_options()?, &server_options()?).await
    }
}

/// Why a client and a server do not come together: the client's reason and the server's.
pub async fn refusals(
    client: &ClientOptions,
    server: &ServerOptions,
    name: &str,
) -> Result<(ErrorCode, ErrorCode), String> {
    let (client, server) = (self::client(client)?, self::server(server)?);
    let (near, far) = pair().await?;
    let told = shake(
        (near.as_handle(), &client),
        (far.as_handle(), &server),
        name,
    )?;
    match told {
        (Told::Failed(client), Told::Failed(server)) => Ok((client, server)),
        // In TLS 1.3 a client is done before the server has looked at its certificate.
        (Told::Done, Told::Failed(server)) => match near.read(1).await {
            Err(client) => Ok((client, server)),
            Ok(data) => Err(format!("the client read {data:?}")),
        },
        other => Err(format!("the handshakes ended with {other:?}")),
    }
}

/// What was agreed on at one end.
pub fn session(connection: Handle) -> Result<tls::Session, String> {
    succeeds(tls::session_of(connection), "session")
}
