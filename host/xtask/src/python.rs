//! Builds the Python runtime, `guests/python`, by componentize-py. It runs the runtime's imports
//! once and keeps the memory they leave, which takes a minute: done when something has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
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
    let folder = project.guests_target().join("python");
    let (runtime, stamp) = (folder.join("python.wasm"), folder.join("stamp"));
    let wanted = digest(project)?;
    // A stamp that cannot be read is that of no build.
    if runtime.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        say("the Python runtime is up to date");
        return Ok(());
    }
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let python = venv::with(project, VENV, BUILDER)?;
    let unfinished = folder.join("unfinished.wasm");
    step("build the Python runtime", || {
        command::run(&mut builder(project, &python, &unfinished))
    })?;
    fs::rename(&unfinished, &runtime).with_context(|| format!("make {}", runtime.display()))?;
    fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
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
fn digest(project: &Project) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    BUILDER.hash(&mut hasher);
    for folder in ["wit", "guests/python"] {
        let mut files = files(&project.path(folder))?;
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
        assert_eq!(digest(&project).unwrap(), digest(&project).unwrap());
    }
}
