//! An authority of the tests' own, and the files that a guest sees as `/pki`.

use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

/// The name that the good certificate is for.
pub(crate) const NAME: &str = "server.example";

/// The number of the good certificate, which is also the one that `revoked.crl` revokes.
const SERIAL: u64 = 42;

/// The files, and flags that give them to a guest.
pub(crate) struct Pki {
    folder: TempDir,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

impl Pki {
    /// Issues all that the guests ask for.
    pub(crate) fn new() -> Self {
        let pki = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let authority = authority("authority");
        pki.write("ca.pem", &authority.pem());
        pki.write("other-ca.pem", &self::authority("another authority").pem());
        pki.write("revoked.crl", &revoke(&authority));
        pki.issue(&authority, "server", NAME, |params| {
            params.serial_number = Some(SerialNumber::from(SERIAL));
        });
        pki.issue(&authority, "client", "client.example", |_| {});
        pki.issue(&authority, "localhost", "localhost", |_| {});
        pki.issue(&authority, "expired", NAME, |params| {
            params.not_after = date_time_ymd(2020, 1, 1);
        });
        pki.issue(&authority, "early", NAME, |params| {
            params.not_before = date_time_ymd(4000, 1, 1);
        });
        pki.issue(&authority, "purpose", NAME, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        pki.write_self_signed("alone", NAME);
        pki
    }

    /// Where a file is for the host.
    pub(crate) fn path(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// The folder of the files, which others may put theirs in.
    pub(crate) fn folder(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Grants the files as `/pki`.
    pub(crate) fn dir(&self) -> String {
        format!("--dir={}::/pki:ro", self.folder())
    }

    /// Grants the good certificate by the name `web`.
    pub(crate) fn identity(&self) -> String {
        let (chain, key) = (self.path("server.pem"), self.path("server.key"));
        format!("--tls-identity=web={chain},{key}")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn issue(
        &self,
        authority: &Authority,
        file: &str,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let common_name = DnType::CommonName;
        params.distinguished_name.push(common_name, file);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        self.write(&format!("{file}.pem"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }

    /// A server that is an authority itself.
    fn write_self_signed(&self, file: &str, name: &str) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        self.write(&format!("{file}.pem"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn revoke(authority: &Authority) -> String {
    let day = date_time_ymd(2020, 1, 1);
    let list = CertificateRevocationListParams {
        this_update: day,
        next_update: date_time_ymd(4000, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(SERIAL),
            revocation_time: day,
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(authority).unwrap().pem().unwrap()
}
