//! Certificates with private keys that a guest may use by name and never sees. Whether the files
//! are there is seen when the guest is loaded, not here.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Denial, RuleError};

/// How many characters a name has at most.
const NAME_MAX: usize = 64;

/// Grants the use of a certificate chain and its private key under a name: `NAME=CERT,KEY`, two
/// files in PEM, or `NAME=FILE` with both in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityGrant {
    /// The name by which the guest knows it.
    pub name: String,
    /// The certificates, the own one first.
    pub chain: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl IdentityGrant {
    /// Takes relative files from `folder` instead of the working directory.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        Self {
            chain: folder.join(&self.chain),
            key: folder.join(&self.key),
            ..self
        }
    }
}

impl FromStr for IdentityGrant {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (name, files) = text.split_once('=').unwrap_or((text, ""));
        let (chain, key) = files.split_once(',').unwrap_or((files, files));
        if chain.is_empty() || key.is_empty() {
            return Err(RuleError::new(
                "an identity is granted as NAME=CERT.pem,KEY.pem, none of them empty",
            ));
        }
        if !is_name(name) {
            return Err(RuleError::new(
                "the name of an identity has 1 to 64 letters, digits, `.`, `-` and `_`",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            chain: chain.into(),
            key: key.into(),
        })
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=NAME_MAX).contains(&text.len()) && text.chars().all(allowed)
}

/// Refuses the use of the identity `name`. What the guest chose may be no name at all.
pub(crate) fn not_granted(name: &str) -> Denial {
    let flag = format!("--tls-identity={name}=CERT.pem,KEY.pem");
    let flag = is_name(name).then_some(flag);
    Denial::not_granted(format!("use the TLS identity {name}"), flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(name: &str, chain: &str, key: &str) -> IdentityGrant {
        IdentityGrant {
            name: name.to_owned(),
            chain: chain.into(),
            key: key.into(),
        }
    }

    #[test]
    fn two_files_or_one() {
        assert_eq!("a=c.pem,k.pem".parse(), Ok(grant("a", "c.pem", "k.pem")));
        assert_eq!("a=b.pem".parse(), Ok(grant("a", "b.pem", "b.pem")));
        assert_eq!("a=x=y,z".parse(), Ok(grant("a", "x=y", "z")));
    }

    #[test]
    fn half_a_grant_is_refused() {
        for text in ["", "a", "a=", "=c,k", "a=,k", "a=c,", "a b=c,k", "a\n=c,k"] {
            assert!(text.parse::<IdentityGrant>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_bounded() {
        let of = |len: usize| format!("{}=c,k", "n".repeat(len)).parse::<IdentityGrant>();
        assert!(of(NAME_MAX).is_ok());
        assert!(of(NAME_MAX + 1).is_err());
    }

    #[test]
    fn only_relative_files_move() {
        let folder = Path::new("/etc/x");
        let moved = |text: &str| text.parse::<IdentityGrant>().unwrap().relative_to(folder);
        assert_eq!(moved("a=c,/k"), grant("a", "/etc/x/c", "/k"));
    }

    #[test]
    fn following_the_advice_of_a_denial_is_a_grant() {
        let denial = not_granted("web.server-1").to_string();
        assert_eq!(
            denial,
            "use the TLS identity web.server-1: not granted; \
             --tls-identity=web.server-1=CERT.pem,KEY.pem would allow it"
        );
        let (_, flag) = denial.split_once("--tls-identity=").unwrap();
        let (grant, _) = flag.split_once(' ').unwrap();
        assert_eq!(grant.parse::<IdentityGrant>().unwrap().name, "web.server-1");
        let denial = not_granted("$(reboot)\n").to_string();
        assert!(denial.ends_with("and no flag would allow it"), "{denial}");
        assert!(!denial.contains('\n'));
    }
}
