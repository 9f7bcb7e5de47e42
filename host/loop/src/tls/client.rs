//! How to be a client: whom to trust, what to offer, and as whom to come.

use std::sync::Arc;

use rustls::sign::SingleCertAndKey;

use super::provider::provider;
use super::{Error, Identity, Roots, Verification, Versions, pem};

/// What a client wants. The default trusts nobody: give it roots.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Whom to trust.
    pub roots: Roots,
    /// How far the server's certificate is checked.
    pub verification: Verification,
    /// Texts in PEM that may have revocation lists.
    pub revocations: Vec<Vec<u8>>,
    /// Application protocols to offer, the favourite first; none offers nothing.
    pub protocols: Vec<Vec<u8>>,
    /// As whom to come, if the server asks.
    pub identity: Option<Identity>,
    /// The versions to speak.
    pub versions: Versions,
    /// Whether the server is told which name is wanted; addresses never are. `true` by default.
    pub tells_name: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            roots: Roots::None,
            verification: Verification::Full,
            revocations: Vec::new(),
            protocols: Vec::new(),
            identity: None,
            versions: Versions::default(),
            tells_name: true,
        }
    }
}

/// A client's configuration, for any number of sessions. Clones share it, and with it up to 256
/// sessions that can be resumed.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    inner: Arc<rustls::ClientConfig>,
    verification: Verification,
}

impl ClientConfig {
    /// Makes a configuration.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOptions`] when certificates are to be checked and there are no roots, or
    /// the versions leave none; [`Error::InvalidPem`] for revocation lists that are none.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        let ClientOptions {
            roots,
            verification,
            revocations,
            ..
        } = &options;
        let revocations = pem::revocations(revocations)?;
        let verifier = verification.verifier(roots, revocations)?;
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(options.versions.list()?)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut inner = match &options.identity {
            Some(identity) => {
                let resolver = SingleCertAndKey::from(Arc::clone(identity.certified()));
                builder.with_client_cert_resolver(Arc::new(resolver))
            }
            None => builder.with_no_client_auth(),
        };
        inner.alpn_protocols = options.protocols;
        inner.enable_sni = options.tells_name;
        Ok(Self {
            inner: Arc::new(inner),
            verification: options.verification,
        })
    }

    pub(super) fn inner(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.inner)
    }

    /// Whether the name of the server has a meaning beyond being told to it.
    pub(super) fn needs_name(&self) -> bool {
        self.verification == Verification::Full
    }
}
