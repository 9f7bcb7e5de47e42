//! Folders under the names that they have on the host, so that a program, its arguments and its
//! tracebacks speak of files as python3's do.

use std::env;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use aio_host::Policy;
use aio_host::capability::DirGrant;

use crate::report::Failure;

/// Where paths begin.
pub(super) struct Places {
    /// The working directory, without links.
    pub(super) cwd: PathBuf,
    /// `PYTHONPATH`.
    pub(super) modules: OsString,
}

impl Places {
    pub(super) fn find() -> Result<Self, Failure> {
        let cwd = env::current_dir().and_then(|path| path.canonicalize());
        let failed = |error| Failure::System(format!("find the working directory: {error}"));
        Ok(Self {
            cwd: cwd.map_err(failed)?,
            modules: env::var_os("PYTHONPATH").unwrap_or_default(),
        })
    }

    /// Directories that were granted by relative names, by those of the host.
    pub(super) fn named_as_on_the_host(&self, grants: Vec<DirGrant>) -> Vec<DirGrant> {
        let named = |grant: DirGrant| DirGrant {
            guest: self.absolute(&grant.guest),
            ..grant
        };
        grants.into_iter().map(named).collect()
    }

    fn absolute(&self, name: &str) -> String {
        let mut path = self.cwd.clone();
        for component in Path::new(name).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => drop(path.pop()),
                other => path.push(other),
            }
        }
        // What is not Unicode the guest could not name.
        path.to_str().map_or_else(|| name.to_owned(), str::to_owned)
    }

    /// Has `folders` read, those that are not granted already. Nobody means all files who did not
    /// say so.
    pub(super) fn with_reading(
        &self,
        policy: Policy,
        folders: Vec<PathBuf>,
    ) -> Result<Policy, Failure> {
        folders.into_iter().try_fold(policy, |policy, folder| {
            if policy.dirs().iter().any(|grant| reaches(grant, &folder)) {
                return Ok(policy);
            }
            if folder.parent().is_none() {
                let root = folder.display();
                return Err(Failure::Usage(format!(
                    "all files would be read: the program or its modules lie in {root}; \
                     --dir={root}:ro allows it"
                )));
            }
            Ok(policy.allow_dir(DirGrant {
                guest: text(&folder)?,
                host: folder,
                read_only: true,
            }))
        })
    }
}

/// Whether `folder` is found through `grant` under its own path.
fn reaches(grant: &DirGrant, folder: &Path) -> bool {
    let Ok(rest) = folder.strip_prefix(&grant.guest) else {
        return false;
    };
    let host = grant.host.canonicalize();
    host.is_ok_and(|host| host.join(rest) == folder)
}

/// A path as the guest gets it.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        let path = path.display();
        Failure::Usage(format!("path {path} is not UTF-8, which guests require"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            cwd: "/a/b".into(),
            modules: OsString::new(),
        }
    }

    #[test]
    fn relative_names_begin_in_the_working_directory() {
        let names = [".", "c", "./c/../d", "..", "/", "/x/y"];
        let absolute = names.map(|name| places().absolute(name));
        assert_eq!(absolute, ["/a/b", "/a/b/c", "/a/b/d", "/a", "/", "/x/y"]);
    }

    #[test]
    fn a_folder_is_granted_once_and_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let inner = folder.join("inner");
        let text = folder.to_str().unwrap();
        let read = |policy: Policy| {
            let policy = places().with_reading(policy, vec![inner.clone(), inner.clone()]);
            policy.unwrap().dirs().to_vec()
        };
        let added = DirGrant {
            host: inner.clone(),
            guest: format!("{text}/inner"),
            read_only: true,
        };
        std::fs::create_dir(&inner).unwrap();
        assert_eq!(read(Policy::default()), std::slice::from_ref(&added));
        let whole: DirGrant = text.parse().unwrap();
        assert_eq!(read(Policy::default().allow_dir(whole.clone())), [whole]);
        let root = || vec![PathBuf::from("/")];
        let unasked = places().with_reading(Policy::default(), root());
        assert!(matches!(unasked, Err(Failure::Usage(_))));
        let all: DirGrant = "/:ro".parse().unwrap();
        let asked = places().with_reading(Policy::default().allow_dir(all.clone()), root());
        assert_eq!(asked.unwrap().dirs(), [all]);
        let other: DirGrant = format!("/::{text}").parse().unwrap();
        let both = [other.clone(), added];
        assert_eq!(read(Policy::default().allow_dir(other)), both);
    }
}
