//! A current C library for WASI: npm's `@yowasp/clang` carries the sysroot, where the servers that
//! publish wasi-sdk are out of reach. Takes the sysroot only, not the compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::debs::{remake, remove};
use crate::progress::step;

const PACKAGE: &str = "@yowasp/clang@22.0.0-git20542-10";
const ARCHIVE: &str = "package/gen/llvm-resources.tar";

/// The folder with `crt1-command.o`, `crt1-reactor.o` and `libc.a`, fetched if it is not there.
pub(super) fn sysroot(tools: &Path) -> Result<PathBuf> {
    let folder = tools.join("wasi-sysroot");
    if !folder.exists() {
        step("fetch the C library for WASI by npm", || {
            fetch(tools, &folder)
        })?;
    }
    Ok(folder.join("lib/wasm32-wasip1"))
}

fn fetch(tools: &Path, folder: &Path) -> Result<()> {
    let work = tools.join("npm");
    remake(&work)?;
    let archive = pack(&work)?;
    command::run(tar(&work).arg("-xzf").arg(archive).arg(ARCHIVE))?;
    let unpacked = work.join("sysroot");
    remake(&unpacked)?;
    command::run(tar(&unpacked).arg("-xf").arg(work.join(ARCHIVE)))?;
    fs::rename(&unpacked, folder).with_context(|| format!("make {}", folder.display()))?;
    remove(&work)
}

/// Downloads the package, and returns the file that npm wrote.
fn pack(folder: &Path) -> Result<PathBuf> {
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", PACKAGE]).current_dir(folder);
    let printed = command::output(&mut npm)?;
    let name = printed.lines().last().context("npm pack names no file")?;
    Ok(folder.join(name))
}

fn tar(folder: &Path) -> Command {
    let mut command = Command::new("tar");
    command.arg("-C").arg(folder);
    command
}
