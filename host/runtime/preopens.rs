//! The directories that a guest was granted, opened: where the files lie that it names by path.
//! A path of a guest is resolved in one of them and never leads out of it.

#[cfg(unix)]
mod names;
#[cfg(unix)]
mod programs;

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use aio_loop::process::ReachedDirectory;
use cap_primitives::fs::{OpenOptions, open_ambient_dir, open_dir};

use crate::capability::{Denial, DirGrant};
use crate::error::{Error, Result};

/// The directories of one guest.
#[derive(Debug, Default)]
pub(crate) struct Preopens(Vec<Preopen>);

#[derive(Debug)]
struct Preopen {
    grant: DirGrant,
    dir: File,
    /// Its path on the host without links.
    real: PathBuf,
}

/// Where the file of a socket lies or is to be made.
#[derive(Debug)]
pub(crate) struct Place {
    /// The directory.
    pub(crate) dir: File,
    /// The last component of the path: no `..`, and not empty. It may be a link.
    pub(crate) name: String,
}

/// Why a path has no place.
#[derive(Debug)]
pub(crate) enum Unplaced {
    /// It names no file: it is empty, ends in a slash or in dots, or has a NUL.
    Malformed,
    /// It has more than 4,095 bytes.
    TooLong,
    /// It leads out of the directory that it begins in.
    Escapes,
    /// It lies outside of what is granted.
    Denied(Denial),
    /// The system says so.
    Failed(io::Error),
}

/// The longest path, in bytes: what systems take.
const PATH_MAX: usize = 4095;

/// The longest folder that a denial advises to grant.
const ADVICE_MAX: usize = 200;

impl Preopens {
    pub(crate) fn open(grants: &[DirGrant]) -> Result<Self> {
        grants
            .iter()
            .map(Preopen::open)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// What children that are confined to these directories reach of them.
    #[cfg(unix)]
    pub(crate) fn reached(&self) -> impl Iterator<Item = ReachedDirectory<'_>> {
        self.0.iter().map(|preopen| ReachedDirectory {
            directory: preopen.dir.as_fd(),
            writable: !preopen.grant.read_only,
        })
    }

    /// Finds the place of `path`, to write there; `verb` says for a denial what is to be done.
    pub(crate) fn place(&self, verb: &str, path: &str) -> std::result::Result<Place, Unplaced> {
        let (preopen, inner, name) = self.granted(verb, path, true)?;
        let dir = preopen.open_inner(&inner).map_err(unplaced)?;
        let name = name.to_owned();
        Ok(Place { dir, name })
    }

    /// Opens a file to read it. Of what is no regular file it waits for nothing.
    pub(crate) fn file(&self, verb: &str, path: &str) -> std::result::Result<File, Unplaced> {
        let (preopen, inner, name) = self.granted(verb, path, false)?;
        let mut options = OpenOptions::new();
        options.read(true)._cap_fs_ext_nonblock(true);
        // From the directory that is granted, so that links may lead about in all of it.
        let path = Path::new(&inner).join(name);
        cap_primitives::fs::open(&preopen.dir, &path, &options).map_err(unplaced)
    }

    /// Opens a file for a child. Only a regular one is opened, and nothing is waited for.
    #[cfg(unix)]
    pub(crate) fn file_for(
        &self,
        verb: &str,
        path: &str,
        options: &mut OpenOptions,
        writes: bool,
    ) -> std::result::Result<File, Unplaced> {
        let (preopen, inner, name) = self.granted(verb, path, writes)?;
        let path = Path::new(&inner).join(name);
        // What is no regular file must not be emptied or made to wait.
        options._cap_fs_ext_nonblock(true);
        let file = cap_primitives::fs::open(&preopen.dir, &path, options).map_err(unplaced)?;
        let is_file = file.metadata().map_err(Unplaced::Failed)?.is_file();
        let blocks = || rustix::io::ioctl_fionbio(&file, false).map_err(io::Error::from);
        match is_file {
            true => blocks().map_err(Unplaced::Failed)?,
            false => return Err(Unplaced::Failed(io::ErrorKind::Unsupported.into())),
        }
        Ok(file)
    }

    /// Opens a directory; `verb` says for a denial what is to be done there.
    #[cfg(unix)]
    pub(crate) fn directory(&self, verb: &str, path: &str) -> std::result::Result<File, Unplaced> {
        if path.len() > PATH_MAX {
            return Err(Unplaced::TooLong);
        }
        if path.is_empty() || path.contains('\0') {
            return Err(Unplaced::Malformed);
        }
        let parts: Vec<_> = components(path).collect();
        let Some((preopen, depth)) = self.find(&parts) else {
            let flag = format!("--dir=HOST::{}", folder(&format!("{path}/x")));
            let denial = Denial::not_granted(format!("{verb} {path}"), Some(flag));
            return Err(Unplaced::Denied(denial));
        };
        let inner = parts.get(depth..).unwrap_or_default().join("/");
        preopen.open_inner(&inner).map_err(unplaced)
    }

    /// The directory that is the guest's root, if that is granted.
    #[cfg(unix)]
    pub(crate) fn root(&self) -> Option<io::Result<File>> {
        let (preopen, depth) = self.find(&[])?;
        (depth == 0).then(|| preopen.open_inner(""))
    }

    /// The directory that `path` begins in, the folders from there on, and the name in the last.
    fn granted<'a>(
        &self,
        verb: &str,
        path: &'a str,
        writes: bool,
    ) -> std::result::Result<(&Preopen, String, &'a str), Unplaced> {
        if path.len() > PATH_MAX {
            return Err(Unplaced::TooLong);
        }
        let (components, name) = split(path).ok_or(Unplaced::Malformed)?;
        let operation = || format!("{verb} {path}");
        let Some((preopen, depth)) = self.find(&components) else {
            let flag = format!("--dir=HOST::{}", folder(path));
            return Err(Unplaced::Denied(Denial::not_granted(
                operation(),
                Some(flag),
            )));
        };
        if writes && preopen.grant.read_only {
            let flag = format!("--dir=HOST::{} without :ro", preopen.grant.guest);
            return Err(Unplaced::Denied(Denial::not_granted(
                operation(),
                Some(flag),
            )));
        }
        let inner = components.get(depth..).unwrap_or_default().join("/");
        Ok((preopen, inner, name))
    }

    /// The directory whose name is the longest beginning of `path`, and how many components that
    /// has.
    fn find(&self, path: &[&str]) -> Option<(&Preopen, usize)> {
        let matching = self.0.iter().filter_map(|preopen| {
            let name: Vec<_> = components(&preopen.grant.guest).collect();
            path.starts_with(&name).then_some((preopen, name.len()))
        });
        matching.max_by_key(|(_, depth)| *depth)
    }
}

impl Preopen {
    fn open(grant: &DirGrant) -> Result<Self> {
        let failed = |error| {
            let host = grant.host.display();
            Error::Config(format!("open directory {host}: {error}"))
        };
        let authority = cap_primitives::ambient_authority();
        Ok(Self {
            grant: grant.clone(),
            dir: open_ambient_dir(&grant.host, authority).map_err(failed)?,
            real: std::fs::canonicalize(&grant.host).map_err(failed)?,
        })
    }

    fn open_inner(&self, inner: &str) -> io::Result<File> {
        match inner {
            "" => self.dir.try_clone(),
            inner => open_dir(&self.dir, Path::new(inner)),
        }
    }
}

/// What `cap-primitives` says of a path that leads out has no number of the system's.
fn unplaced(error: io::Error) -> Unplaced {
    let escapes = error.kind() == io::ErrorKind::PermissionDenied;
    if escapes && error.raw_os_error().is_none() {
        Unplaced::Escapes
    } else {
        Unplaced::Failed(error)
    }
}

/// The parts of a path as WASI's libraries see them: the current directory is the root.
fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}

/// Splits the name of a file off; none if the path names a directory.
fn split(path: &str) -> Option<(Vec<&str>, &str)> {
    let name = path.rsplit('/').next()?;
    if matches!(name, "" | "." | "..") || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<_> = components(path).collect();
    parts.pop();
    Some((parts, name))
}

/// The folder of a path, for the advice to grant it, which people paste into shells.
fn folder(path: &str) -> &str {
    let folder = match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => ".",
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if folder.len() <= ADVICE_MAX && folder.chars().all(plain) {
        folder
    } else {
        "GUEST"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        /// `out/` beside `in/`, in which `sub/` and links that lead about.
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            for folder in ["out", "in/sub"] {
                std::fs::create_dir_all(tree.path().join(folder)).unwrap();
            }
            #[cfg(unix)]
            for (to, link) in [("sub", "inside"), ("../out", "up"), ("/", "root")] {
                std::os::unix::fs::symlink(to, tree.path().join("in").join(link)).unwrap();
            }
            Self(tree)
        }

        fn preopens(&self, guests: &[&str]) -> Preopens {
            let host = self.0.path().join("in");
            let grants: Vec<DirGrant> = guests
                .iter()
                .map(|guest| format!("{}::{guest}", host.display()).parse().unwrap())
                .collect();
            Preopens::open(&grants).unwrap()
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_read_wherever_a_link_leads_within_the_directory() {
        let tree = Tree::new();
        let data = tree.0.path().join("in");
        std::fs::write(data.join("file"), "").unwrap();
        std::os::unix::fs::symlink("../file", data.join("sub/link")).unwrap();
        let preopens = tree.preopens(&["/data:ro"]);
        assert!(preopens.file("read", "/data/sub/link").is_ok());
        assert!(preopens.file("read", "/data/inside/../file").is_ok());
        let out = preopens.file("read", "/data/up/file");
        assert!(matches!(out, Err(Unplaced::Escapes)), "{out:?}");
    }

    fn place(preopens: &Preopens, path: &str) -> String {
        match preopens.place("connect to", path) {
            Ok(place) => place.name,
            Err(Unplaced::Malformed) => "malformed".into(),
            Err(Unplaced::TooLong) => "too long".into(),
            Err(Unplaced::Escapes) => "escapes".into(),
            Err(Unplaced::Denied(denial)) => denial.to_string(),
            Err(Unplaced::Failed(error)) => format!("{:?}", error.kind()),
        }
    }

    #[test]
    fn a_path_is_found_in_the_directory_it_begins_with() {
        let tree = Tree::new();
        let preopens = tree.preopens(&["/data"]);
        for path in ["/data/s", "data/s", "./data/s", "/data//./s", "/data/sub/s"] {
            assert_eq!(place(&preopens, path), "s", "{path}");
        }
        for path in ["/data2/s", "/dat/s", "/s", "/data", "/x/../data/s"] {
            assert!(place(&preopens, path).contains("not granted"), "{path}");
        }
    }

    #[test]
    fn the_root_and_the_current_directory_are_names_too() {
        let tree = Tree::new();
        for name in ["/", "."] {
            let preopens = tree.preopens(&[name]);
            for path in ["/s", "s", "./s", "/sub/s"] {
                assert_eq!(place(&preopens, path), "s", "{name} {path}");
            }
        }
    }

    #[test]
    fn the_longest_name_counts() {
        let tree = Tree::new();
        let grant = |text: String| text.parse::<DirGrant>().unwrap();
        let host = tree.0.path().display();
        let preopens = Preopens::open(&[
            grant(format!("{host}/out::/data/sub")),
            grant(format!("{host}/in::/data:ro")),
        ]);
        let preopens = preopens.unwrap();
        assert_eq!(place(&preopens, "/data/sub/s"), "s");
        assert!(place(&preopens, "/data/s").contains("without :ro"));
    }

    #[test]
    fn what_names_no_file_is_malformed() {
        let tree = Tree::new();
        let preopens = tree.preopens(&["/data"]);
        for path in [
            "",
            "/",
            ".",
            "..",
            "/data/",
            "/data/.",
            "/data/sub/..",
            "/data/a\0b",
        ] {
            assert_eq!(place(&preopens, path), "malformed", "{path:?}");
        }
    }

    #[test]
    fn a_denial_names_the_flag() {
        let tree = Tree::new();
        let none = tree.preopens(&[]);
        assert_eq!(
            place(&none, "/run/x/s\x1b"),
            "connect to /run/x/s\\u{1b}: not granted; --dir=HOST::/run/x would allow it"
        );
        assert_eq!(
            place(&none, "/$(reboot)/s"),
            "connect to /$(reboot)/s: not granted; --dir=HOST::GUEST would allow it"
        );
    }

    #[test]
    fn the_longest_path_has_4095_bytes() {
        let tree = Tree::new();
        let longest = format!("/data{}s", "/".repeat(PATH_MAX - 6));
        assert_eq!(place(&tree.preopens(&["/data"]), &longest), "s");
        let longer = format!("/{longest}");
        assert_eq!(place(&tree.preopens(&["/data"]), &longer), "too long");
        let denied = place(&tree.preopens(&[]), &longest);
        assert!(denied.contains("--dir=HOST::GUEST"), "{denied}");
    }

    #[cfg(unix)]
    #[test]
    fn no_path_leads_out() {
        let tree = Tree::new();
        let preopens = tree.preopens(&["/data"]);
        assert_eq!(place(&preopens, "/data/inside/s"), "s");
        assert_eq!(place(&preopens, "/data/sub/../s"), "s");
        for path in [
            "/data/../s",
            "/data/../in/s",
            "/data/sub/../../out/s",
            "/data/up/s",
            "/data/root/s",
            "/data/inside/../../s",
        ] {
            assert_eq!(place(&preopens, path), "escapes", "{path}");
        }
        assert_eq!(place(&preopens, "/data/missing/s"), "NotFound");
    }
}
