//! Whom one trusts. The roots of the system are read once in a process and then shared.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, Der, TrustAnchor};

use super::{Error, pem};

/// The authorities whose certificates are trusted.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Nobody.
    #[default]
    None,
    /// Those that the operating system trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    System,
    /// One that has vouched for nobody, so that all certificates are refused.
    Nobody,
    /// These, and perhaps others.
    Only(Arc<Trusted>),
}

/// Authorities, and the certificates that they were read from.
#[derive(Clone, Debug)]
pub struct Trusted {
    store: Arc<RootCertStore>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Reads a bundle of certificates. One that makes no sense is left out.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPem`] when none makes sense, and [`Error::PemTooLong`].
    pub fn from_pem(bundle: &[u8]) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        let certificates = pem::certificates(bundle)?;
        let (added, left_out) = store.add_parsable_certificates(certificates.iter().cloned());
        if added == 0 {
            return Err(Error::InvalidPem);
        }
        if left_out > 0 {
            tracing::debug!("read roots: {left_out} certificates make no sense");
        }
        Ok(Self::only(store, certificates))
    }

    fn only(store: RootCertStore, certificates: Vec<CertificateDer<'static>>) -> Self {
        Self::Only(Arc::new(Trusted {
            store: Arc::new(store),
            certificates,
        }))
    }

    /// These roots and those of `other`.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let mut store = RootCertStore::clone(&self.store());
        store.extend(other.store().roots.iter().cloned());
        let certificates = [self.certificates(), other.certificates()].concat();
        Self::only(store, certificates)
    }

    /// Those of the authorities that were named one by one.
    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        match self {
            Self::Only(trusted) => &trusted.certificates,
            _ => &[],
        }
    }

    pub(super) fn store(&self) -> Arc<RootCertStore> {
        match self {
            Self::None => Arc::new(RootCertStore::empty()),
            Self::System => system(),
            Self::Nobody => Arc::new(RootCertStore {
                roots: vec![nobody()],
            }),
            Self::Only(trusted) => Arc::clone(&trusted.store),
        }
    }
}

/// An authority whose key and name are none.
fn nobody() -> TrustAnchor<'static> {
    TrustAnchor {
        subject: Der::from_slice(b"nobody"),
        subject_public_key_info: Der::from_slice(b""),
        name_constraints: None,
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
