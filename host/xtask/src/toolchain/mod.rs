//! Rust for wasm: finds a compiler with the targets of the guests, or makes one. Never installs
//! anything into the system; what it fetches is in `.tools`.

mod active;
mod debian;
mod fallback;
mod standard;
mod wasi;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::progress::{say, step};
use crate::project::Project;

use fallback::Fallback;

/// What guests are compiled for: components, and core modules without any system.
pub(crate) const TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-unknown-unknown"];

const REMEDY: &str = "no Rust for wasm could be made ready; with rustup's server in reach run \
    `rustup target add wasm32-wasip2 wasm32-unknown-unknown`, else provide Debian's package \
    rustc-web through apt, and npm, and run `cargo xtask toolchain` again";

/// The compiler that guests are built with.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The one that builds the host has the targets too.
    Active,
    /// One unpacked into `.tools`: the path of its `rustc`.
    Fallback(PathBuf),
}

impl Toolchain {
    /// Makes the cargo `command` use this compiler.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Self::Fallback(rustc) = self {
            command.env("RUSTC", rustc);
        }
    }
}

/// Makes a toolchain ready, by the cheapest way that works. Does nothing if one is.
pub(crate) fn prepare(project: &Project, fallback: bool) -> Result<Toolchain> {
    if let Some(ready) = ready(project, fallback)? {
        say(format!("toolchain: {} is ready", ready.name()));
        return Ok(ready);
    }
    if !fallback && add_targets()? {
        return Ok(Toolchain::Active);
    }
    step("prepare the fallback toolchain", || {
        Fallback::of(project)
            .prepare()
            .map_err(|why| anyhow!("{why:#}; {REMEDY}"))
    })
    .map(Toolchain::Fallback)
}

/// The toolchain that is ready. An error says how to get one.
pub(crate) fn find(project: &Project, fallback: bool) -> Result<Toolchain> {
    match ready(project, fallback)? {
        Some(ready) => Ok(ready),
        None if fallback => bail!("no fallback; run `cargo xtask toolchain --fallback`"),
        None => bail!("no Rust for wasm is ready; run `cargo xtask toolchain`"),
    }
}

impl Toolchain {
    fn name(&self) -> String {
        match self {
            Self::Active => "the active toolchain".to_owned(),
            Self::Fallback(rustc) => format!("the fallback {}", rustc.display()),
        }
    }
}

fn ready(project: &Project, fallback: bool) -> Result<Option<Toolchain>> {
    if !fallback && active::missing()?.is_empty() {
        return Ok(Some(Toolchain::Active));
    }
    let rustc = Fallback::of(project).ready()?;
    Ok(rustc.map(Toolchain::Fallback))
}

/// Asks rustup for the targets. Its refusal is no error: there is another way.
fn add_targets() -> Result<bool> {
    let added = step("add targets by rustup", active::add_targets);
    if let Err(why) = added {
        say(format!("toolchain: rustup cannot ({why:#})"));
        return Ok(false);
    }
    Ok(active::missing()?.is_empty())
}
