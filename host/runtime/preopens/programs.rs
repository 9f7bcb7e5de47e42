//! Programs of the host beside the directories of a guest: none may lie where the guest writes,
//! since it could put another in its place.

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Preopens;
use crate::capability::Policy;
use crate::error::{Error, Result};

impl Preopens {
    /// Refuses a policy that grants a program by name and lets the guest replace it, be it by a
    /// link on the way to it. Where every program is granted it is no more than the others.
    pub(crate) fn refuse_replaceable(&self, policy: &Policy) -> Result<()> {
        for program in policy.programs() {
            if let Some(link) = self.replaced_at(program).map_err(looked_at)? {
                return Err(replaceable(program, &link));
            }
        }
        Ok(())
    }

    /// Where the guest could put something else in the place of `program`, be it a link on the way
    /// to it.
    pub(crate) fn replaced_at(&self, program: &Path) -> io::Result<Option<PathBuf>> {
        let writable = self.writable()?;
        let mut links = crate::capability::links(program).into_iter();
        Ok(links.find(|link| lies_in(link, &writable)))
    }

    /// The directories that the guest may write to, as the system tells them apart.
    fn writable(&self) -> io::Result<HashSet<(u64, u64)>> {
        let writable = self.0.iter().filter(|preopen| !preopen.grant.read_only);
        let identities = writable.map(|preopen| {
            let found = preopen.dir.metadata()?;
            Ok((found.dev(), found.ino()))
        });
        identities.collect()
    }
}

/// By identity, since a directory may be mounted under several paths.
fn lies_in(path: &Path, directories: &HashSet<(u64, u64)>) -> bool {
    let folders = path
        .ancestors()
        .skip(1)
        .filter_map(|path| path.metadata().ok());
    let mut identities = folders.map(|found| (found.dev(), found.ino()));
    identities.any(|identity| directories.contains(&identity))
}

fn looked_at(error: io::Error) -> Error {
    Error::Config(format!("look at a directory: {error}"))
}

fn replaceable(program: &Path, link: &Path) -> Error {
    let (program, link) = (program.display(), link.display());
    Error::Config(format!(
        "--allow-run={program}: the guest may write where {link} lies, and could put another \
         program there; grant that directory with :ro, or every program by --allow-run"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        /// `data/tool` beside `bin/tool` and `bin/link`, which leads to the former.
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            for folder in ["data/sub", "bin"] {
                std::fs::create_dir_all(tree.path().join(folder)).unwrap();
            }
            std::fs::write(tree.path().join("data/sub/tool"), "").unwrap();
            std::fs::write(tree.path().join("bin/tool"), "").unwrap();
            let link = tree.path().join("bin/link");
            std::os::unix::fs::symlink("../data/sub/tool", link).unwrap();
            Self(tree)
        }

        fn refuses(&self, run: &str, dir: &str) -> Option<String> {
            let root = self.0.path().display();
            let run = match run {
                "*" => run.to_owned(),
                run => format!("{root}/{run}"),
            };
            let policy = Policy::default()
                .allow_run(run.parse().unwrap())
                .allow_dir(format!("{root}/{dir}").parse().unwrap());
            let preopens = Preopens::open(policy.dirs()).unwrap();
            let refused = preopens.refuse_replaceable(&policy).err();
            refused.map(|error| error.to_string())
        }
    }

    #[test]
    fn a_program_that_the_guest_could_replace_is_refused() {
        let tree = Tree::new();
        let said = tree.refuses("bin/tool", "bin::/bin").unwrap();
        assert!(said.starts_with("--allow-run=/"), "{said}");
        assert!(said.contains(":ro"), "{said}");
        assert!(tree.refuses("data/sub/tool", "data::/data").is_some());
    }

    #[test]
    fn a_program_beside_or_in_a_directory_to_read_is_not() {
        let tree = Tree::new();
        assert_eq!(tree.refuses("bin/tool", "data::/data"), None);
        assert_eq!(tree.refuses("bin/tool", "bin::/bin:ro"), None);
    }

    #[test]
    fn a_link_that_leads_where_the_guest_writes_is_refused() {
        let tree = Tree::new();
        assert!(tree.refuses("bin/link", "data::/data").is_some());
        assert_eq!(tree.refuses("bin/link", "data::/data:ro"), None);
    }

    #[test]
    fn where_every_program_is_granted_there_is_nothing_to_replace() {
        let tree = Tree::new();
        assert_eq!(tree.refuses("*", "bin::/bin"), None);
    }
}
