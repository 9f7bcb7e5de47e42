//! The certificates and private keys that the policy lets a guest use, read when it is loaded. A
//! guest has their names and no more.

use std::collections::BTreeMap;
use std::path::Path;

use aio_loop::tls::{Identity, PEM_MAX};

use crate::capability::{Denial, IdentityGrant, identity};
use crate::error::{Error, Result};

/// What a guest may appear as, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities(BTreeMap<String, Identity>);

impl Identities {
    /// Reads all that is granted; of two grants of one name the last counts.
    pub(crate) fn load(grants: &[IdentityGrant]) -> Result<Self> {
        let load = |grant: &IdentityGrant| Ok((grant.name.clone(), read(grant)?));
        grants.iter().map(load).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn get(&self, name: &str) -> Result<&Identity, Denial> {
        self.0.get(name).ok_or_else(|| identity::not_granted(name))
    }
}

fn read(grant: &IdentityGrant) -> Result<Identity> {
    let (chain, key) = (read_pem(grant, &grant.chain)?, read_pem(grant, &grant.key)?);
    Identity::from_pem(&chain, &key).map_err(|error| {
        let (name, chain, key) = (&grant.name, grant.chain.display(), grant.key.display());
        Error::Config(format!("TLS identity {name} of {chain} and {key}: {error}"))
    })
}

/// Reads one byte beyond the bound, which is then told as such.
fn read_pem(grant: &IdentityGrant, path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(PEM_MAX as u64 + 1).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) => {
            let (name, path) = (&grant.name, path.display());
            Err(Error::Config(format!(
                "TLS identity {name}: read {path}: {error}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(folder: &Path, text: &str) -> Result<Identities> {
        let grant: IdentityGrant = text.parse().unwrap();
        Identities::load(&[grant.relative_to(folder)])
    }

    fn said(result: Result<Identities>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_is_granted_is_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        std::fs::write(folder.path().join("c.pem"), &chain).unwrap();
        std::fs::write(folder.path().join("k.pem"), &key).unwrap();
        let identities = granted(folder.path(), "web=c.pem,k.pem").unwrap();
        assert!(identities.get("web").is_ok());
        assert!(identities.get("other").is_err());
        std::fs::write(folder.path().join("both.pem"), chain + &key).unwrap();
        assert!(granted(folder.path(), "web=both.pem").is_ok());
    }

    #[test]
    fn a_file_that_is_not_there_or_makes_no_sense_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let missing = said(granted(folder.path(), "web=c.pem"));
        assert!(missing.starts_with("TLS identity web: read "), "{missing}");
        std::fs::write(folder.path().join("c.pem"), "no PEM").unwrap();
        let bad = said(granted(folder.path(), "web=c.pem"));
        assert!(bad.starts_with("TLS identity web of "), "{bad}");
        std::fs::write(folder.path().join("c.pem"), vec![b'\n'; PEM_MAX + 1]).unwrap();
        let long = said(granted(folder.path(), "web=c.pem"));
        assert!(long.ends_with("too long"), "{long}");
    }
}
