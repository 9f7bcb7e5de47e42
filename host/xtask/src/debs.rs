//! Packages of Debian, downloaded by apt and unpacked into a folder. Installs nothing and needs no
//! privilege for that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

/// Unpacks `packages` (as in `NAME` or `NAME=VERSION`) into `folder`. `apt` is `apt-get`, with what
/// it needs to know.
pub(crate) fn unpack(mut apt: Command, packages: &[String], folder: &Path) -> Result<()> {
    let debs = folder.join("debs");
    fs::create_dir_all(&debs).with_context(|| format!("create {}", debs.display()))?;
    apt.args(["download", "-q"]).args(packages);
    command::run(apt.current_dir(&debs))?;
    for deb in files(&debs)? {
        command::run(Command::new("dpkg").arg("-x").arg(deb).arg(folder))?;
    }
    remove(&debs)
}

/// What is in `folder`, which is not empty.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = || -> std::io::Result<Vec<_>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    let files = list().with_context(|| format!("list {}", folder.display()))?;
    if files.is_empty() {
        bail!("nothing is in {}", folder.display());
    }
    Ok(files)
}

/// Makes `folder` exist and be empty.
pub(crate) fn remake(folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))
}

/// Makes `folder` not exist.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("remove {}", folder.display()))
}
