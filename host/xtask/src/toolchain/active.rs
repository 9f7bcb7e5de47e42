//! The toolchain that builds the host: which wasm targets it has, and rustup's way to add them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::TARGETS;
use crate::command;

/// The wanted targets whose standard library is not there.
pub(super) fn missing() -> Result<Vec<&'static str>> {
    let sysroot = sysroot()?;
    let missing = |target: &&str| !has_standard_library(&sysroot, target);
    Ok(TARGETS.into_iter().filter(missing).collect())
}

/// Lets rustup add the wanted targets to the active toolchain.
pub(super) fn add_targets() -> Result<()> {
    let mut rustup = Command::new("rustup");
    command::run(rustup.args(["target", "add"]).args(TARGETS))
}

/// The folder of the tools that come with the compiler, linkers among them.
pub(super) fn programs() -> Result<PathBuf> {
    let library = sysroot()?.join("lib/rustlib").join(host()?);
    Ok(library.join("bin"))
}

/// The triple of this machine, as the compiler names it.
pub(super) fn host() -> Result<String> {
    let version = command::output(command::rustc().arg("-vV"))?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc -vV names no host")
}

fn sysroot() -> Result<PathBuf> {
    let path = command::output(command::rustc().args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(path.trim_end()))
}

fn has_standard_library(sysroot: &Path, target: &str) -> bool {
    let folder = sysroot.join("lib/rustlib").join(target).join("lib");
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_target_is_there_and_an_unknown_one_is_not() {
        let sysroot = sysroot().unwrap();
        assert!(has_standard_library(&sysroot, &host().unwrap()));
        assert!(!has_standard_library(&sysroot, "wasm32-nonsense"));
    }
}
