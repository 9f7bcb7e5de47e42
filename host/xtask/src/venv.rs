//! Programs and modules that come by pip, each in a virtual environment of its own in an ignored
//! folder. Versions are pinned by whoever asks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::progress::step;
use crate::project::Project;

/// The real path of the interpreter: what is on the search path may be a script that looks for it.
pub(crate) fn interpreter() -> Result<PathBuf> {
    let ask = ["-c", "import sys; print(sys.executable)"];
    let path = command::output(Command::new("python3").args(ask))?;
    Ok(PathBuf::from(path.trim_end()))
}

/// The interpreter of the environment `name` that has `requirement` (as in `uvloop==0.22.1`),
/// made if it is not there.
pub(crate) fn with(project: &Project, name: &str, requirement: &str) -> Result<PathBuf> {
    let venv = project.tools(name);
    let python = venv.join("bin/python");
    if !has(&python, requirement) {
        let what = format!("make a venv with {requirement}");
        step(&what, || make(&venv, &python, requirement))?;
    }
    Ok(python)
}

/// Another version is not what was asked for.
fn has(python: &Path, requirement: &str) -> bool {
    let (package, version) = requirement.split_once("==").unwrap_or((requirement, ""));
    let ask = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))";
    let found = command::output(Command::new(python).args(["-c", ask, package]));
    found.is_ok_and(|found| found.trim_end() == version)
}

fn make(venv: &Path, python: &Path, requirement: &str) -> Result<()> {
    let mut command = Command::new(interpreter()?);
    command.args(["-m", "venv", "--clear"]).arg(venv);
    command::output(&mut command)?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", requirement]);
    command::output(&mut pip)
        .map(drop)
        .with_context(|| format!("install {requirement} by pip"))
}
