//! Directories of the host under a name for the guest. Whether they exist is seen when they are
//! opened, not here.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::RuleError;

/// Grants a directory of the host, with all below it, under a name: `HOST::GUEST[:ro]`. HOST alone
/// has the same name for the guest; `:ro` grants reading only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirGrant {
    /// The directory on the host.
    pub host: PathBuf,
    /// The name by which the guest knows it.
    pub guest: String,
    /// Whether the guest may only read.
    pub read_only: bool,
}

impl DirGrant {
    /// Takes a relative directory from `folder` instead of the working directory.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        Self {
            host: folder.join(&self.host),
            ..self
        }
    }
}

impl FromStr for DirGrant {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (host, guest) = match text.split_once("::") {
            Some((host, guest)) => (Some(host), guest),
            None => (None, text),
        };
        let (guest, read_only) = match guest.strip_suffix(":ro") {
            Some(guest) => (guest, true),
            None => (guest, false),
        };
        let host = host.unwrap_or(guest);
        if host.is_empty() || guest.is_empty() {
            return Err(RuleError::new(
                "a directory is granted as HOST::GUEST, neither of them empty",
            ));
        }
        if guest.contains("::") || text.contains('\0') {
            return Err(RuleError::new("a directory's name has no `::` and no NUL"));
        }
        Ok(Self {
            host: host.into(),
            guest: guest.to_owned(),
            read_only,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(host: &str, guest: &str, read_only: bool) -> DirGrant {
        DirGrant {
            host: host.into(),
            guest: guest.to_owned(),
            read_only,
        }
    }

    #[test]
    fn both_names_and_the_mode() {
        assert_eq!("a::/b".parse(), Ok(grant("a", "/b", false)));
        assert_eq!("a::/b:ro".parse(), Ok(grant("a", "/b", true)));
        assert_eq!("a:ro::/b".parse(), Ok(grant("a:ro", "/b", false)));
    }

    #[test]
    fn one_name_serves_both() {
        assert_eq!("data".parse(), Ok(grant("data", "data", false)));
        assert_eq!("/data:ro".parse(), Ok(grant("/data", "/data", true)));
    }

    #[test]
    fn half_a_grant_is_refused() {
        for text in ["", "::", "a::", "::a", ":ro", "a:::ro", "a::b::c", "a\0::b"] {
            assert!(text.parse::<DirGrant>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_relative_directories_move() {
        let folder = Path::new("/etc/x");
        let moved = |text: &str| text.parse::<DirGrant>().unwrap().relative_to(folder);
        assert_eq!(moved("a::/a"), grant("/etc/x/a", "/a", false));
        assert_eq!(moved("/a::/a"), grant("/a", "/a", false));
    }
}
