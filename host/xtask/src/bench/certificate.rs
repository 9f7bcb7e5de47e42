//! The certificate of the TLS servers, made for a run: they read it from files, the load trusts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::project::Project;

/// Whom the certificate is for.
pub(super) const NAME: &str = "localhost";

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// A certificate and its key, in two files.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    /// Makes them in the target folder.
    pub(super) fn make(project: &Project) -> Result<Self> {
        let folder = project.path("target/bench-tls");
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let made =
            rcgen::generate_simple_self_signed([NAME.to_owned()]).context("make a certificate")?;
        let made_files = Self { folder };
        write(&made_files.certificate(), &made.cert.pem())?;
        write(&made_files.key(), &made.signing_key.serialize_pem())?;
        Ok(made_files)
    }

    /// Names those that were made in `folder`.
    pub(super) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    pub(super) fn key(&self) -> PathBuf {
        self.folder.join(KEY)
    }

    /// What a native server shows.
    pub(super) fn server(&self) -> Result<Arc<ServerConfig>> {
        let key = PrivateKeyDer::from_pem_file(self.key()).context("read the key")?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.read()?], key)
            .context("use the certificate")?;
        Ok(Arc::new(config))
    }

    /// What the load trusts.
    pub(super) fn client(&self) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.read()?).context("trust the certificate")?;
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    fn read(&self) -> Result<CertificateDer<'static>> {
        CertificateDer::from_pem_file(self.certificate()).context("read the certificate")
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
