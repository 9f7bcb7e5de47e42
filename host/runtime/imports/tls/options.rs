//! A guest's options of TLS, checked and turned into those of the loop.

use aio_loop::tls::{
    self, ClientCertificates, ClientConfig, Identity, Roots, ServerConfig, Verification, Versions,
};

use super::super::convert::tls_code;
use super::super::io::Refusal;
use super::super::wit::tls::{
    ClientAuthentication, ClientOptions, Identity as WitIdentity, Roots as WitRoots, ServerOptions,
    Verification as WitVerification, Version,
};
use super::super::wit::types::ErrorCode;
use crate::identities::Identities;

const PROTOCOLS_MAX: usize = 32;
/// The length of a protocol's name, whose place in the handshake has one byte for it.
const PROTOCOL_LENGTHS: std::ops::RangeInclusive<usize> = 1..=255;
const IDENTITIES_MAX: usize = 32;
const ROOTS_MAX: usize = 32;

/// Makes a client's configuration.
pub(super) fn client(options: ClientOptions, known: &Identities) -> Result<ClientConfig, Refusal> {
    let identity = options.identity.as_ref();
    let trust = Trust::of(&options.roots)?;
    let options = tls::ClientOptions {
        roots: trust.roots,
        verification: match options.verification {
            WitVerification::Full => Verification::Full,
            WitVerification::Chain => Verification::ChainOnly,
            WitVerification::None => Verification::None,
        },
        revocations: trust.revocations,
        protocols: protocols(options.protocols)?,
        identity: identity.map(|own| identity_of(own, known)).transpose()?,
        versions: versions(options.min_version, options.max_version),
        tells_name: options.server_name_indication,
    };
    Ok(ClientConfig::new(options).map_err(|error| config_code(&error))?)
}

/// Makes a server's configuration.
pub(super) fn server(options: ServerOptions, known: &Identities) -> Result<ServerConfig, Refusal> {
    if options.identities.len() > IDENTITIES_MAX {
        return Err(ErrorCode::OutOfRange.into());
    }
    let identities = options.identities.iter();
    let identities = identities.map(|own| identity_of(own, known));
    let identities = identities.collect::<Result<_, Refusal>>()?;
    let (client_certificates, revocations) = clients(&options.clients)?;
    let options = tls::ServerOptions {
        identities,
        client_certificates,
        revocations,
        protocols: protocols(options.protocols)?,
        versions: versions(options.min_version, options.max_version),
    };
    Ok(ServerConfig::new(options).map_err(|error| config_code(&error))?)
}

/// Whom to trust, and whom not any more.
#[derive(Default)]
struct Trust {
    roots: Roots,
    revocations: Vec<Vec<u8>>,
}

impl Trust {
    fn of(sources: &[WitRoots]) -> Result<Self, ErrorCode> {
        if sources.len() > ROOTS_MAX {
            return Err(ErrorCode::OutOfRange);
        }
        let mut trust = Self::default();
        for source in sources {
            match source {
                WitRoots::System => trust.roots = trust.roots.and(&Roots::System),
                WitRoots::Pem(bundle) => trust.add(bundle)?,
                WitRoots::Nobody => trust.roots = trust.roots.and(&Roots::Nobody),
            }
        }
        Ok(trust)
    }

    fn add(&mut self, bundle: &[u8]) -> Result<(), ErrorCode> {
        let roots = Roots::from_pem(bundle).map_err(|error| config_code(&error))?;
        self.roots = std::mem::take(&mut self.roots).and(&roots);
        // Revocation lists are sections of the same text.
        self.revocations.push(bundle.to_vec());
        Ok(())
    }
}

fn clients(asked: &ClientAuthentication) -> Result<(ClientCertificates, Vec<Vec<u8>>), ErrorCode> {
    Ok(match asked {
        ClientAuthentication::None => (ClientCertificates::None, Vec::new()),
        ClientAuthentication::Optional(roots) => {
            let trust = Trust::of(roots)?;
            (ClientCertificates::Optional(trust.roots), trust.revocations)
        }
        ClientAuthentication::Required(roots) => {
            let trust = Trust::of(roots)?;
            (ClientCertificates::Required(trust.roots), trust.revocations)
        }
    })
}

fn identity_of(own: &WitIdentity, known: &Identities) -> Result<Identity, Refusal> {
    match own {
        WitIdentity::Named(name) => Ok(known.get(name)?.clone()),
        WitIdentity::Pem(pem) => {
            let identity = Identity::from_pem(&pem.certificates, &pem.key);
            Ok(identity.map_err(|error| config_code(&error))?)
        }
    }
}

/// What is wrong with a guest's own certificate is no word on a peer's.
fn config_code(error: &tls::Error) -> ErrorCode {
    match error {
        tls::Error::BadCertificate(_) => ErrorCode::TlsBadIdentity,
        error => tls_code("TLS options", error),
    }
}

fn protocols(names: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, ErrorCode> {
    let fit = |name: &Vec<u8>| PROTOCOL_LENGTHS.contains(&name.len());
    match names.len() <= PROTOCOLS_MAX && names.iter().all(fit) {
        true => Ok(names),
        false => Err(ErrorCode::OutOfRange),
    }
}

fn versions(min: Version, max: Version) -> Versions {
    Versions {
        min: version(min),
        max: version(max),
    }
}

fn version(version: Version) -> tls::Version {
    match version {
        Version::Tls12 => tls::Version::Tls12,
        Version::Tls13 => tls::Version::Tls13,
    }
}
