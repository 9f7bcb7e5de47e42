//! Why TLS failed, as exactly as a program can use it; what rustls tells of more cases is folded
//! into these.

use std::error;
use std::fmt;
use std::io;

use rustls::{
    AlertDescription as Alert, CertificateError, Error as Rustls, InconsistentKeys,
    PeerIncompatible as Incompatible,
};

/// Why a configuration is refused, a handshake failed or a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The certificate is for another name.
    BadName,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate was issued by nobody who is trusted.
    UnknownIssuer,
    /// The certificate was revoked by its issuer.
    Revoked,
    /// The certificate is bad in another way.
    BadCertificate(String),
    /// No certificate was shown where one is required, here or by the peer.
    CertificateRequired,
    /// The two sides have no version of TLS in common.
    NoCommonVersion,
    /// The two sides have no cipher suite, group or signature scheme in common.
    NoCommonCipher,
    /// The two sides have no application protocol in common.
    NoCommonProtocol,
    /// The peer ended the session with this alert.
    Alert(Alert),
    /// What the peer sent is not TLS.
    NotTls,
    /// The peer broke the rules of TLS.
    Misbehaved(String),
    /// The peer's bytes ended without a `close_notify`, so there may have been more.
    Truncated,
    /// This side has sent its `close_notify` and writes no more.
    Closed,
    /// The text is not PEM, or has nothing of what is wanted.
    InvalidPem,
    /// The text is longer than [`PEM_MAX`](super::PEM_MAX).
    PemTooLong,
    /// The private key is of a kind that is not supported.
    UnsupportedKey,
    /// The private key is not that of the certificate.
    KeyMismatch,
    /// The name of the server is neither a host name nor an address.
    InvalidName,
    /// A server without an identity, certificates to check without roots, or no version at all.
    InvalidOptions,
    /// What has no word of its own.
    Other(String),
}

impl Error {
    /// The TLS error inside an error of I/O, if there is one.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::BadName => "the certificate is for another name",
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::UnknownIssuer => "the issuer of the certificate is not trusted",
            Self::Revoked => "the certificate was revoked",
            Self::BadCertificate(what) => return write!(f, "the certificate is bad: {what}"),
            Self::CertificateRequired => "a certificate is required and none was shown",
            Self::NoCommonVersion => "no version of TLS in common",
            Self::NoCommonCipher => "no cipher suite in common",
            Self::NoCommonProtocol => "no application protocol in common",
            Self::Alert(alert) => return write!(f, "the peer sent the alert {alert:?}"),
            Self::NotTls => "the peer does not speak TLS",
            Self::Misbehaved(what) => return write!(f, "the peer broke the protocol: {what}"),
            Self::Truncated => "the stream ended without close_notify",
            Self::Closed => "this side of the session is closed",
            Self::InvalidPem => "not PEM, or nothing of what is wanted in it",
            Self::PemTooLong => "the PEM is too long",
            Self::UnsupportedKey => "the private key is of an unsupported kind",
            Self::KeyMismatch => "the private key is not that of the certificate",
            Self::InvalidName => "neither a host name nor an address",
            Self::InvalidOptions => "the options make no sense together",
            Self::Other(what) => return f.write_str(what),
        };
        f.write_str(text)
    }
}

impl error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Truncated => io::ErrorKind::UnexpectedEof,
            Error::Closed => io::ErrorKind::BrokenPipe,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

impl From<Rustls> for Error {
    fn from(error: Rustls) -> Self {
        match error {
            Rustls::InvalidCertificate(why) => why.into(),
            Rustls::NoCertificatesPresented => Self::CertificateRequired,
            Rustls::PeerIncompatible(why) => why.into(),
            Rustls::NoApplicationProtocol => Self::NoCommonProtocol,
            Rustls::AlertReceived(alert) => alert.into(),
            Rustls::InvalidMessage(_) => Self::NotTls,
            Rustls::InconsistentKeys(InconsistentKeys::KeyMismatch) => Self::KeyMismatch,
            Rustls::DecryptError
            | Rustls::PeerMisbehaved(_)
            | Rustls::PeerSentOversizedRecord
            | Rustls::InappropriateMessage { .. }
            | Rustls::InappropriateHandshakeMessage { .. } => Self::Misbehaved(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<CertificateError> for Error {
    fn from(error: CertificateError) -> Self {
        use CertificateError as Why;
        match error {
            Why::NotValidForName | Why::NotValidForNameContext { .. } => Self::BadName,
            Why::Expired | Why::ExpiredContext { .. } => Self::Expired,
            Why::NotValidYet | Why::NotValidYetContext { .. } => Self::NotYetValid,
            Why::UnknownIssuer => Self::UnknownIssuer,
            Why::Revoked => Self::Revoked,
            other => Self::BadCertificate(other.to_string()),
        }
    }
}

impl From<Incompatible> for Error {
    fn from(error: Incompatible) -> Self {
        match error {
            Incompatible::ServerDoesNotSupportTls12Or13
            | Incompatible::ServerTlsVersionIsDisabledByOurConfig
            | Incompatible::SupportedVersionsExtensionRequired
            | Incompatible::Tls12NotOffered
            | Incompatible::Tls12NotOfferedOrEnabled => Self::NoCommonVersion,
            Incompatible::NoCipherSuitesInCommon
            | Incompatible::NoKxGroupsInCommon
            | Incompatible::NoEcPointFormatsInCommon
            | Incompatible::NoSignatureSchemesInCommon
            | Incompatible::NoCertificateRequestSignatureSchemesInCommon => Self::NoCommonCipher,
            other => Self::Misbehaved(format!("{other:?}")),
        }
    }
}

/// Alerts that mean one thing only are told as that thing, whichever side found it.
impl From<Alert> for Error {
    fn from(alert: Alert) -> Self {
        match alert {
            Alert::ProtocolVersion => Self::NoCommonVersion,
            Alert::NoApplicationProtocol => Self::NoCommonProtocol,
            Alert::CertificateRequired => Self::CertificateRequired,
            other => Self::Alert(other),
        }
    }
}
