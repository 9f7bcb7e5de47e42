//! The cryptography, named explicitly and made once, and the versions of TLS: nothing depends on a
//! default of the process.

use std::sync::{Arc, OnceLock};

use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};

use super::Error;

pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}

/// A version of TLS. Older ones are not spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    pub(super) fn from_rustls(version: rustls::ProtocolVersion) -> Option<Self> {
        match version {
            rustls::ProtocolVersion::TLSv1_2 => Some(Self::Tls12),
            rustls::ProtocolVersion::TLSv1_3 => Some(Self::Tls13),
            _ => None,
        }
    }
}

/// The versions that are spoken, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The oldest; 1.2 by default.
    pub min: Version,
    /// The newest; 1.3 by default.
    pub max: Version,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            min: Version::Tls12,
            max: Version::Tls13,
        }
    }
}

impl Versions {
    pub(super) fn list(self) -> Result<&'static [&'static SupportedProtocolVersion], Error> {
        // The newest first, and so in the order of preference.
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match (self.min, self.max) {
            (Version::Tls12, Version::Tls12) => Ok(&ALL[1..]),
            (Version::Tls12, Version::Tls13) => Ok(&ALL),
            (Version::Tls13, Version::Tls13) => Ok(&ALL[..1]),
            (Version::Tls13, Version::Tls12) => Err(Error::InvalidOptions),
        }
    }
}
