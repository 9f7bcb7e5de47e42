//! Whom one trusts. The roots of the system are read once in a process and then shared.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;

use super::{Error, pem};

/// The authorities whose certificates are trusted.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Nobody.
    #[default]
    None,
    /// Those that the operating system trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    System,
    /// These, and perhaps others.
    Only(Arc<RootCertStore>),
}

impl Roots {
    /// Reads a bundle of certificates. One that makes no sense is left out.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPem`] when none makes sense, and [`Error::PemTooLong`].
    pub fn from_pem(bundle: &[u8]) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        let (added, left_out) = store.add_parsable_certificates(pem::certificates(bundle)?);
        if added == 0 {
            return Err(Error::InvalidPem);
        }
        if left_out > 0 {
            tracing::debug!("read roots: {left_out} certificates make no sense");
        }
        Ok(Self::Only(Arc::new(store)))
    }

    /// These roots and those of `other`.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let (own, added) = (self.store(), other.store());
        if own.is_empty() {
            return Self::Only(added);
        }
        let mut store = RootCertStore::clone(&own);
        store.extend(added.roots.iter().cloned());
        Self::Only(Arc::new(store))
    }

    pub(super) fn store(&self) -> Arc<RootCertStore> {
        match self {
            Self::None => Arc::new(RootCertStore::empty()),
            Self::System => system(),
            Self::Only(store) => Arc::clone(store),
        }
    }
}

fn system() -> Arc<RootCertStore> {
    static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    Arc::clone(SYSTEM.get_or_init(|| Arc::new(read_system())))
}

fn read_system() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("read the roots of the system: {error}");
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    store
}
