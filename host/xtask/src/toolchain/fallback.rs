//! A toolchain of our own, for where rustup reaches no server: Debian's compiler unpacked beside
//! rustup's linkers, its standard library built for wasm. Reuses nothing of another compiler.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{TARGETS, active, debian, standard, wasi};
use crate::command;
use crate::debs::{remake, remove};
use crate::progress::step;
use crate::project::Project;

/// Counts changes in how the toolchain is made; a folder made in another way is made anew.
const RECIPE: u32 = 1;

/// What turns object files into components, taken from the active toolchain.
const LINKERS: [&str; 3] = ["rust-lld", "gcc-ld", "wasm-component-ld"];

/// The folder of the toolchain, whether it is there or not.
#[derive(Debug)]
pub(super) struct Fallback {
    folder: PathBuf,
}

impl Fallback {
    /// Names the folder in `project`.
    pub(super) fn of(project: &Project) -> Self {
        Self {
            folder: project.tools("rust-wasm"),
        }
    }

    /// The compiler, if everything is there and belongs together.
    pub(super) fn ready(&self) -> Result<Option<PathBuf>> {
        let Ok(identity) = self.identity() else {
            return Ok(None);
        };
        let built = |target: &&str| standard::is_built(&self.library(target), &identity);
        let complete = TARGETS.iter().all(built) && self.has_linkers()?;
        Ok(complete.then(|| self.rustc()))
    }

    /// Makes what is missing, and returns the compiler.
    pub(super) fn prepare(&self) -> Result<PathBuf> {
        let linkers = linkers()?;
        if self.identity().is_err() {
            step("unpack Debian's compiler", || self.unpack())?;
        }
        self.link(&linkers)?;
        let identity = self.identity()?;
        for target in TARGETS {
            self.build_library(target, &identity)?;
        }
        Ok(self.rustc())
    }

    /// What the built libraries depend on: the recipe and the exact compiler.
    fn identity(&self) -> Result<String> {
        let version = command::output(Command::new(self.rustc()).arg("-vV"))?;
        Ok(format!("recipe {RECIPE}\n{version}"))
    }

    fn rustc(&self) -> PathBuf {
        self.folder.join("rustc")
    }

    fn library(&self, target: &str) -> PathBuf {
        self.folder.join("usr/lib/rustlib").join(target).join("lib")
    }

    /// A folder is named as the toolchain only when it is whole.
    fn unpack(&self) -> Result<()> {
        let partial = self.folder.with_extension("partial");
        remake(&partial)?;
        debian::unpack(&partial)?;
        write_wrapper(&partial, &active::host()?)?;
        remove(&self.folder)?;
        fs::rename(&partial, &self.folder)
            .with_context(|| format!("rename {} into place", partial.display()))
    }

    fn programs(&self) -> Result<PathBuf> {
        let host = active::host()?;
        Ok(self.folder.join("usr/lib/rustlib").join(host).join("bin"))
    }

    fn has_linkers(&self) -> Result<bool> {
        let folder = self.programs()?;
        // `exists` follows the link: one into a toolchain that is gone does not count.
        Ok(LINKERS.iter().all(|name| folder.join(name).exists()))
    }

    fn link(&self, linkers: &Path) -> Result<()> {
        let folder = self.programs()?;
        remake(&folder)?;
        for name in LINKERS {
            symlink(linkers.join(name), folder.join(name))
                .with_context(|| format!("link {name} into {}", folder.display()))?;
        }
        Ok(())
    }

    fn build_library(&self, target: &str, identity: &str) -> Result<()> {
        let library = self.library(target);
        if standard::is_built(&library, identity) {
            return Ok(());
        }
        let sysroot = if target.contains("wasi") {
            Some(wasi::sysroot(&self.folder)?)
        } else {
            None
        };
        step(&format!("build the standard library for {target}"), || {
            let built = standard::build(&self.rustc(), target, &self.folder)?;
            standard::install(&built, sysroot.as_deref(), &library, identity)?;
            remove(&self.folder.join(standard::WORK))
        })
    }
}

/// Where the active toolchain keeps the linkers.
fn linkers() -> Result<PathBuf> {
    let folder = active::programs()?;
    for name in LINKERS {
        ensure!(
            folder.join(name).exists(),
            "no {name} in {}; a toolchain of rustup has it",
            folder.display()
        );
    }
    Ok(folder)
}

/// Debian's compiler looks for its libraries in the system's folder; the wrapper shows it ours.
fn write_wrapper(folder: &Path, host: &str) -> Result<()> {
    let libraries = host.replace("-unknown-", "-");
    let script = format!(
        "#!/bin/sh\n\
         folder=$(dirname \"$(readlink -f \"$0\")\")\n\
         LD_LIBRARY_PATH=\"$folder/usr/lib/{libraries}\" exec \"$folder/usr/bin/rustc\" \"$@\"\n"
    );
    let path = folder.join("rustc");
    fs::write(&path, script).with_context(|| format!("write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("make {} executable", path.display()))
}
