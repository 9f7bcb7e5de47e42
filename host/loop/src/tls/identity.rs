//! A certificate with its private key. The key is not given back: it can only be used.

use std::fmt;
use std::sync::Arc;

use rustls::sign::CertifiedKey;

use super::provider::provider;
use super::{Error, pem};

/// A certificate chain and the private key of its first certificate. Clones share both.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads a chain, the own certificate first, and an unencrypted key (PKCS #8, PKCS #1 or SEC
    /// 1). Both may be one text.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPem`], [`Error::PemTooLong`], [`Error::UnsupportedKey`],
    /// [`Error::KeyMismatch`] and [`Error::BadCertificate`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let chain = pem::certificates(chain)?;
        let key = pem::key(key)?;
        let loaded = provider().key_provider.load_private_key(key);
        let key = loaded.map_err(|_| Error::UnsupportedKey)?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match()?;
        Ok(Self(Arc::new(certified)))
    }

    pub(super) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.0
    }
}

/// Shows nothing of the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
