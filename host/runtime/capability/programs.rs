//! Where the programs of this machine lie. The only file of this folder that asks the system: a
//! program is judged by its place, and a name says nothing of that.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where programs are when no PATH says so.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How many links lead from one to the next at most, as for the system.
const LINKS_MAX: usize = 40;

/// Tells the place of `program`: an absolute path without links but maybe for its last component,
/// since a program of many names does what its name says. What has no slash is looked for in the
/// PATH of the host, what is relative in `folder`. None if its folder does not exist.
pub(super) fn find(program: &str, folder: &Path) -> Option<PathBuf> {
    match program.contains('/') {
        true => place(folder, program),
        false => search(program, &path()),
    }
}

/// Tells whether something is there, be it a program or not.
pub(super) fn exists(path: &Path) -> bool {
    path.exists()
}

/// Tells `path` and all that its last component leads to, link by link.
pub(crate) fn links(path: &Path) -> Vec<PathBuf> {
    let next = |path: &PathBuf| {
        let to = path.read_link().ok()?;
        let to = path.parent()?.join(to);
        Some(to.parent()?.canonicalize().ok()?.join(to.file_name()?))
    };
    let links = std::iter::successors(Some(path.to_owned()), next);
    links.take(LINKS_MAX + 1).collect()
}

fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| PATH.into())
}

fn place(folder: &Path, program: &str) -> Option<PathBuf> {
    let (inner, name) = program.rsplit_once('/')?;
    if matches!(name, "" | "." | "..") || name.contains('\0') {
        return None;
    }
    // The part before the first slash of an absolute path is empty.
    let inner = if program.starts_with('/') {
        format!("/{inner}")
    } else {
        inner.to_owned()
    };
    Some(folder.join(inner).canonicalize().ok()?.join(name))
}

/// The first program of the name; if there is none, what the system would complain of. Folders of
/// the PATH that are not absolute are passed over: where they are depends on who asks.
fn search(name: &str, path: &OsString) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    let named = format!("./{name}");
    let places: Vec<_> = folders
        .filter_map(|folder| place(&folder, &named))
        .collect();
    let found = places.iter().find(|place| is_program(place));
    let found = found.or_else(|| places.iter().find(|place| place.exists()));
    found.or_else(|| places.first()).cloned()
}

fn is_program(path: &Path) -> bool {
    path.is_file() && is_executable(path)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    true
}
