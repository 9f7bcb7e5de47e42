//! What the two sides of a session have agreed on, and whom one talks to.

use rustls::{Connection, HandshakeKind};

use super::Version;

/// What was agreed on in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The version of TLS.
    pub version: Version,
    /// The cipher suite, by the name it is registered under.
    pub cipher: String,
    /// The application protocol, if any was.
    pub protocol: Option<Vec<u8>>,
    /// The name that the client wanted, as a server learns it; `None` for a client.
    pub server_name: Option<String>,
    /// The peer's certificates in DER, its own first; empty when it has shown none.
    pub certificates: Vec<Vec<u8>>,
    /// Whether an earlier session went on, without a new look at certificates.
    pub resumed: bool,
}

impl Negotiated {
    /// `None` before the handshake has come that far.
    pub(super) fn of(connection: &Connection) -> Option<Self> {
        let version = Version::from_rustls(connection.protocol_version()?)?;
        let certificates = connection.peer_certificates().unwrap_or_default();
        Some(Self {
            version,
            cipher: cipher_name(connection)?,
            protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            server_name: wanted_name(connection),
            certificates: certificates.iter().map(|cert| cert.to_vec()).collect(),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    }
}

/// rustls says `TLS13_` where the registry says `TLS_`.
fn cipher_name(connection: &Connection) -> Option<String> {
    let suite = connection.negotiated_cipher_suite()?.suite();
    let name = suite.as_str()?;
    Some(name.replacen("TLS13_", "TLS_", 1))
}

fn wanted_name(connection: &Connection) -> Option<String> {
    match connection {
        Connection::Client(_) => None,
        Connection::Server(server) => server.server_name().map(str::to_owned),
    }
}
