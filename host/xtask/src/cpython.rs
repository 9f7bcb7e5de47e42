//! CPython 3.14 with its own test suite, the oracle of the Python runtime: unpacked from Debian's
//! unstable suite into an ignored folder, by an apt that leaves the system's lists alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::debs;
use crate::progress::{say, step};
use crate::project::Project;

const ASYNCIO: &str = "usr/lib/python3.14/asyncio";
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The interpreter, its library and tests, and the shared libraries that it is linked to: those of
/// the system are older.
const PACKAGES: [&str; 15] = [
    "libbz2-1.0",
    "libc6",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libpython3.14-minimal",
    "libpython3.14-stdlib",
    "libpython3.14-testsuite",
    "libsqlite3-0",
    "libssl3t64",
    "libuuid1",
    "libzstd1",
    "python3.14",
    "python3.14-minimal",
    "zlib1g",
];

/// What finds the loader and the libraries beside itself, wherever the folder is.
const WRAPPER: &str = r#"#!/bin/sh
self=$(readlink -f "$0")
top=$(dirname "$(dirname "$self")")
loader=$(echo "$top"/usr/lib*/ld-linux-*.so.*)
libraries=$(dirname "$(echo "$top"/usr/lib/*/libc.so.6)")
export PYTHONHOME="$top/usr"
exec "$loader" --library-path "$libraries" --argv0 "$self" "$top/usr/bin/python3.14" "$@"
"#;

/// The unpacked interpreter.
#[derive(Clone, Debug)]
pub(crate) struct Cpython {
    folder: PathBuf,
}

impl Cpython {
    /// The interpreter, fetched if it is not there. An error says why it cannot be had.
    pub(crate) fn prepare(project: &Project) -> Result<Self> {
        let found = Self {
            folder: project.tools("cpython314"),
        };
        if found.version().is_err() {
            step("unpack CPython 3.14", || found.unpack())?;
        }
        say(format!("CPython: {} from apt", found.version()?));
        Ok(found)
    }

    /// A folder that has the interpreter as `python3`.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// The interpreter.
    pub(crate) fn program(&self) -> PathBuf {
        self.programs().join("python3")
    }

    /// The folder of the package `test`.
    pub(crate) fn suite(&self) -> PathBuf {
        self.folder.join("usr/lib/python3.14/test")
    }

    /// A folder whose `library` has the release's asyncio, and nothing else of its library.
    pub(crate) fn overlay(&self) -> PathBuf {
        self.folder.join("overlay")
    }

    /// As in 3.14.10. Of what is not whole there is none.
    pub(crate) fn version(&self) -> Result<String> {
        let ask = "import platform; print(platform.python_version())";
        let version = command::output(Command::new(self.program()).args(["-c", ask]))?;
        Ok(version.trim_end().to_owned())
    }

    /// The folder has its name only when it is whole.
    fn unpack(&self) -> Result<()> {
        let partial = self.folder.with_extension("partial");
        debs::remake(&partial)?;
        let apt = Apt::within(&partial.join("apt"))?;
        debs::unpack(apt.command(), &PACKAGES.map(str::to_owned), &partial)?;
        debs::remove(&apt.folder)?;
        write_wrapper(&partial.join("bin"))?;
        set_asyncio_apart(&partial)?;
        debs::remove(&self.folder)?;
        fs::rename(&partial, &self.folder)
            .with_context(|| format!("rename {} into place", partial.display()))
    }
}

/// An apt that knows of nothing but Debian's unstable suite.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn within(folder: &Path) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial"] {
            debs::remake(&folder.join(name))?;
        }
        let apt = Self {
            folder: folder.to_owned(),
        };
        let source = format!("deb [signed-by={KEYS}] {} sid main\n", mirror()?);
        apt.write("status", "")?;
        apt.write("sources.list", &source)?;
        apt.write("apt.conf", &apt.configuration())?;
        command::run(apt.command().args(["update", "-qq"]))?;
        Ok(apt)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.env("APT_CONFIG", self.folder.join("apt.conf"));
        command
    }

    fn configuration(&self) -> String {
        let folder = self.folder.display();
        format!(
            "Dir::Etc::SourceList \"{folder}/sources.list\";\n\
             Dir::Etc::SourceParts \"-\";\n\
             Dir::State::Lists \"{folder}/lists\";\n\
             Dir::State::Status \"{folder}/status\";\n\
             Dir::Cache \"{folder}/cache\";\n\
             APT::Sandbox::User \"root\";\n"
        )
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }
}

/// The server of Debian's archive that the system uses.
fn mirror() -> Result<String> {
    let mut ask = Command::new("apt-get");
    ask.args(["indextargets", "--format", "$(REPO_URI)"]);
    let known = command::output(&mut ask)?;
    archive(&known).context("the sources of apt name no server of Debian's archive")
}

fn archive(known: &str) -> Option<String> {
    let mut lines = known.lines();
    lines
        .find(|line| line.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
}

/// Moves asyncio to where it is found alone, and leaves a link in its place.
fn set_asyncio_apart(folder: &Path) -> Result<()> {
    let (place, library) = (folder.join(ASYNCIO), folder.join("overlay/library"));
    debs::remake(&library)?;
    let moved = || -> std::io::Result<()> {
        fs::rename(&place, library.join("asyncio"))?;
        symlink("../../../overlay/library/asyncio", &place)
    };
    moved().with_context(|| format!("set {} apart", place.display()))
}

fn write_wrapper(folder: &Path) -> Result<()> {
    debs::remake(folder)?;
    let path = folder.join("python3");
    fs::write(&path, WRAPPER).with_context(|| format!("write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("make {} executable", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_the_one_that_the_system_uses() {
        let known = "https://a/debian-security/\nhttps://b/node\nhttps://c/x/debian/\n";
        assert_eq!(archive(known).as_deref(), Some("https://c/x/debian/"));
        assert_eq!(archive("https://a/ubuntu/\n"), None);
    }
}
