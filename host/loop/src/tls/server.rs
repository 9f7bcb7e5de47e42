//! How to be a server: as whom, by the name that the client wants, and which clients to let in.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;

use super::provider::provider;
use super::{Error, Identity, Roots, Versions, pem};

/// Whether clients are asked for a certificate.
#[derive(Clone, Debug, Default)]
pub enum ClientCertificates {
    /// Not asked for.
    #[default]
    None,
    /// Asked for; a client without one is let in, one with a bad one is not.
    Optional(Roots),
    /// Required.
    Required(Roots),
}

/// What a server wants.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// As whom to appear: the first whose certificate is for the name that the client wants and
    /// whose key it understands, else the very first. At least one.
    pub identities: Vec<Identity>,
    /// Whether clients are asked for a certificate.
    pub client_certificates: ClientCertificates,
    /// Texts in PEM that may have revocation lists for those.
    pub revocations: Vec<Vec<u8>>,
    /// Application protocols to choose from, the favourite first. A client that offers some and
    /// none of these is refused.
    pub protocols: Vec<Vec<u8>>,
    /// The versions to speak.
    pub versions: Versions,
}

/// A server's configuration, for any number of sessions. Clones share it, and with it up to 256
/// sessions that can be resumed.
#[derive(Clone, Debug)]
pub struct ServerConfig(Arc<rustls::ServerConfig>);

impl ServerConfig {
    /// Makes a configuration.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOptions`] without an identity, without roots where client certificates are
    /// asked for, or when the versions leave none; [`Error::InvalidPem`] for revocation lists that
    /// are none.
    pub fn new(options: ServerOptions) -> Result<Self, Error> {
        let identities = Identities::new(&options.identities)?;
        let verifier = options.client_verifier()?;
        let mut inner = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(options.versions.list()?)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(identities));
        inner.alpn_protocols = options.protocols;
        Ok(Self(Arc::new(inner)))
    }

    pub(super) fn inner(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl ServerOptions {
    fn client_verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, Error> {
        let (roots, optional) = match &self.client_certificates {
            ClientCertificates::None => return Ok(WebPkiClientVerifier::no_client_auth()),
            ClientCertificates::Optional(roots) => (roots.store(), true),
            ClientCertificates::Required(roots) => (roots.store(), false),
        };
        if roots.is_empty() {
            return Err(Error::InvalidOptions);
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider())
            .with_crls(pem::revocations(&self.revocations)?)
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status();
        if optional {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map_err(|_| Error::InvalidPem)
    }
}

/// Chooses by the name that the client wants.
#[derive(Debug)]
struct Identities(Vec<Arc<CertifiedKey>>);

impl Identities {
    fn new(identities: &[Identity]) -> Result<Self, Error> {
        let keys: Vec<_> = identities
            .iter()
            .map(Identity::certified)
            .cloned()
            .collect();
        match keys.is_empty() {
            true => Err(Error::InvalidOptions),
            false => Ok(Self(keys)),
        }
    }
}

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let understood =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let name = hello.server_name();
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let wanted = |key: &&Arc<CertifiedKey>| name.as_ref().is_some_and(|name| is_for(key, name));
        let mut usable = self.0.iter().filter(understood);
        let best = usable.clone().find(wanted).or_else(|| usable.next());
        // With none, rustls finds out what is not in common.
        best.or_else(|| self.0.first()).cloned()
    }
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    certificate.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}
