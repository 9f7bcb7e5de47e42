//! Builds the workspace of guests with the toolchain that was prepared. Cargo decides what is
//! fresh; nothing is downloaded here but crates.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{self, cargo};
use crate::progress::step;
use crate::project::Project;
use crate::toolchain::{self, Toolchain};

/// The target that guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Builds all guests. Refuses when no toolchain is ready.
pub(crate) fn build(project: &Project, fallback: bool) -> Result<()> {
    let toolchain = toolchain::find(project, fallback)?;
    step("build guests", || {
        command::run(cargo_for(project, &toolchain, "build")?.arg("--release"))
    })
}

/// A cargo command over every crate, program and example of the workspace of guests.
pub(crate) fn cargo_for(project: &Project, toolchain: &Toolchain, what: &str) -> Result<Command> {
    let manifest = project.guests_manifest();
    ensure!(manifest.exists(), "no manifest at guests/Cargo.toml");
    let mut command = cargo(project);
    command.arg(what).arg("--manifest-path").arg(manifest);
    command.args(["--workspace", "--lib", "--bins", "--examples"]);
    command.args(["--target", TARGET]);
    command.env("CARGO_TARGET_DIR", project.guests_target());
    toolchain.apply(&mut command);
    Ok(command)
}

/// The path of the built guest `name` (with dashes), or the remedy when it is not there.
pub(crate) fn program(project: &Project, name: &str) -> Result<PathBuf> {
    let release = project.guests_target().join(TARGET).join("release");
    let file = format!("{}.wasm", name.replace('-', "_"));
    [
        release.join("examples").join(&file),
        release.join(&file),
        release.join(format!("{name}.wasm")),
    ]
    .into_iter()
    .find(|path| path.exists())
    .ok_or_else(|| anyhow::anyhow!("guest {name} is missing; build it with `cargo xtask guests`"))
}
