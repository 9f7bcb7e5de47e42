//! Certificates, revocation lists and keys out of PEM. A text of nothing else is an error, other
//! sections beside what is wanted are skipped.

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use super::Error;

/// The most bytes of one PEM text: room for every root there is, four times over.
pub const PEM_MAX: usize = 1 << 20;

/// The certificates of `text`, at least one.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = sections::<CertificateDer<'static>>(text)?;
    match found.is_empty() {
        true => Err(Error::InvalidPem),
        false => Ok(found),
    }
}

/// The revocation lists of `texts`, perhaps none.
pub(super) fn revocations(
    texts: &[Vec<u8>],
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let lists: Result<Vec<_>, Error> = texts.iter().map(|text| sections(text)).collect();
    Ok(lists?.concat())
}

/// The first private key of `text`.
pub(super) fn key(text: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    check_length(text)?;
    PrivateKeyDer::from_pem_slice(text).map_err(|_| Error::InvalidPem)
}

fn sections<T: PemObject>(text: &[u8]) -> Result<Vec<T>, Error> {
    check_length(text)?;
    let found: Result<Vec<_>, pem::Error> = T::pem_slice_iter(text).collect();
    found.map_err(|_| Error::InvalidPem)
}

fn check_length(text: &[u8]) -> Result<(), Error> {
    match text.len() {
        0..=PEM_MAX => Ok(()),
        _ => Err(Error::PemTooLong),
    }
}
