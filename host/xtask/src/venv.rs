//! Programs and modules that come by pip, each in a virtual environment of its own in an ignored
//! folder. Versions are pinned by whoever asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::progress::{say, step};
use crate::project::Project;

/// The environment with the packages that tests run: every one is pinned in this file.
const PACKAGES: &str = "packages-venv";
const REQUIREMENTS: &str = "tests/packages/requirements.txt";

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
        step(&what, || make(&venv, &[requirement]))?;
    }
    Ok(python)
}

/// Makes the environment with the packages that tests run, unless it is there.
pub(crate) fn with_packages(project: &Project) -> Result<()> {
    let venv = project.tools(PACKAGES);
    let file = project.path(REQUIREMENTS);
    let wanted = fs::read(&file).with_context(|| format!("read {REQUIREMENTS}"))?;
    let stamp = venv.join("requirements.txt");
    // A stamp that cannot be read is that of no environment.
    if fs::read(&stamp).is_ok_and(|found| found == wanted) {
        say("packages: all Python packages that tests run are there");
        return Ok(());
    }
    let file = file.display().to_string();
    // What is not pinned is not wanted, and what has to be built is not what people have.
    let pinned = ["--no-deps", "--only-binary=:all:", "--requirement", &file];
    step("make a venv with the packages that tests run", || {
        make(&venv, &pinned)
    })?;
    fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
}

/// Another version is not what was asked for.
fn has(python: &Path, requirement: &str) -> bool {
    let (package, version) = requirement.split_once("==").unwrap_or((requirement, ""));
    let ask = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))";
    let found = command::output(Command::new(python).args(["-c", ask, package]));
    found.is_ok_and(|found| found.trim_end() == version)
}

fn make(venv: &Path, requirements: &[&str]) -> Result<()> {
    let mut command = Command::new(interpreter()?);
    command.args(["-m", "venv", "--clear"]).arg(venv);
    command::output(&mut command)?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet"]);
    command::output(pip.args(requirements))
        .map(drop)
        .with_context(|| format!("install {} by pip", requirements.join(" ")))
}
