//! Builds the Python runtime, `guests/python`, by componentize-py. It runs the runtime's imports
//! once and keeps the memory they leave, which takes a minute: done when something has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::cpython::Cpython;
use crate::progress::{say, step};
use crate::project::Project;
use crate::venv;

/// It carries CPython 3.14.0.
const BUILDER: &str = "componentize-py==0.25.1";
const VENV: &str = "python-venv";
const WORLD: &str = "aio:python/python";
/// The module whose import is the build, and which has the main call.
const ENTRY: &str = "aio_python";

/// Builds the runtime unless it is there and made of what is here.
pub(crate) fn build(project: &Project) -> Result<()> {
    make(project, "python", None).map(drop)
}

/// The same with the asyncio that the tests of `cpython` are made for.
pub(crate) fn build_for_suite(project: &Project, cpython: &Cpython) -> Result<PathBuf> {
    make(project, "python-suite", Some(&cpython.overlay()))
}

/// Builds it into the folder `name` of the guests, with `overlay` over a part of the library.
fn make(project: &Project, name: &str, overlay: Option<&Path>) -> Result<PathBuf> {
    let folder = project.guests_target().join(name);
    let (runtime, stamp) = (folder.join("python.wasm"), folder.join("stamp"));
    let wanted = digest(project, overlay)?;
    // A stamp that cannot be read is that of no build.
    if runtime.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        say(format!("{name}: the runtime is up to date"));
        return Ok(runtime);
    }
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let python = venv::with(project, VENV, BUILDER)?;
    let unfinished = folder.join("unfinished.wasm");
    step("build the Python runtime", || {
        let mut builder = builder(project, &python, &unfinished);
        if let Some(overlay) = overlay {
            builder.arg("-p").arg(overlay);
        }
        command::run(&mut builder)
    })?;
    fs::rename(&unfinished, &runtime).with_context(|| format!("make {}", runtime.display()))?;
    fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))?;
    Ok(runtime)
}

fn builder(project: &Project, python: &Path, output: &Path) -> Command {
    let mut command = Command::new(python.with_file_name("componentize-py"));
    // Else it takes packages of another environment in.
    command.env_remove("VIRTUAL_ENV").arg("--quiet");
    command.arg("-d").arg(project.path("wit"));
    command.arg("-d").arg(project.path("guests/python/wit"));
    command.args(["-w", WORLD, "componentize", ENTRY, "-p"]);
    command.arg(project.path("guests/python/src"));
    command.arg("-o").arg(output);
    command
}

/// A digest of all that the runtime is made of.
fn digest(project: &Project, overlay: Option<&Path>) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    BUILDER.hash(&mut hasher);
    let own = ["wit", "guests/python"].map(|folder| project.path(folder));
    for folder in own.iter().map(PathBuf::as_path).chain(overlay) {
        let mut files = files(folder)?;
        files.sort();
        for file in files {
            let bytes = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
            (file.strip_prefix(project.root())?, bytes).hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// All files below `folder`, but what an interpreter leaves there.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("list {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if !path.is_dir() {
            found.push(path);
        } else if !path.ends_with("__pycache__") {
            found.extend(files(&path)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_found_but_compiled_ones() {
        let project = Project::find();
        let found = files(&project.path("guests/python")).unwrap();
        let has = |name: &str| found.iter().any(|file| file.ends_with(name));
        assert!(has("wit/world.wit") && has("src/aio_python/__init__.py"));
        assert!(
            !found
                .iter()
                .any(|file| file.components().any(|c| c.as_os_str() == "__pycache__"))
        );
        let digest = || digest(&project, None).unwrap();
        assert_eq!(digest(), digest());
    }
}
