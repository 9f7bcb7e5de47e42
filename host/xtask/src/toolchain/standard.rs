//! The standard library for one wasm target, built from source and put where the compiler looks.
//! A stamp beside it says which compiler built it; another compiler must not read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::debs::{remake, remove};

/// The folder that building uses, under the toolchain.
pub(super) const WORK: &str = "build-std";

const STAMP: &str = "built-by";

/// An empty crate: what is wanted is what it depends on.
const MANIFEST: &str = "\
[package]
name = \"empty\"
version = \"0.0.0\"
edition = \"2024\"

[workspace]

[profile.release]
opt-level = \"s\"
panic = \"abort\"
";

/// Returns whether `library` holds what the compiler `identity` built.
pub(super) fn is_built(library: &Path, identity: &str) -> bool {
    fs::read_to_string(library.join(STAMP)).is_ok_and(|stamp| stamp == identity)
}

/// Builds the library for `target` in a folder under `tools`, and returns the folder with the
/// compiled crates.
pub(super) fn build(rustc: &Path, target: &str, tools: &Path) -> Result<PathBuf> {
    let work = tools.join(WORK);
    remake(&work.join("src"))?;
    write(&work.join("src/lib.rs"), "")?;
    write(&work.join("Cargo.toml"), MANIFEST)?;
    let output = work.join("target");
    remove(&output)?;
    command::run(&mut cargo(rustc, target, &work, &output))?;
    Ok(output.join(target).join("release/deps"))
}

/// Moves the crates in `built` to `library`, with the C library of `sysroot` if the target has
/// one. The stamp comes last, so that an interrupted move is repeated.
pub(super) fn install(
    built: &Path,
    sysroot: Option<&Path>,
    library: &Path,
    identity: &str,
) -> Result<()> {
    remake(library)?;
    for path in crates(built)? {
        copy_into(&path, library)?;
    }
    if let Some(sysroot) = sysroot {
        let folder = library.join("self-contained");
        remake(&folder)?;
        for name in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
            copy_into(&sysroot.join(name), &folder)?;
        }
    }
    write(&library.join(STAMP), identity)
}

fn cargo(rustc: &Path, target: &str, work: &Path, output: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(work).args(["build", "--release"]);
    command.args(["--target", target]);
    // The unstable flags are those of building the standard library itself.
    command.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features="]);
    command.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
    // Cargo would leave the bitcode out, and guests could not be optimised across crates.
    command.env("RUSTFLAGS", "-Cembed-bitcode=yes");
    command.env("CARGO_TARGET_DIR", output);
    command
}

/// The compiled crates, without the empty one that pulled them in.
fn crates(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut crates = Vec::new();
    for entry in entries {
        let path = entry.context("list compiled crates")?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            crates.push(path);
        }
    }
    Ok(crates)
}

fn copy_into(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file has a name")?;
    fs::copy(file, folder.join(name))
        .with_context(|| format!("copy {} to {}", file.display(), folder.display()))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_another_compiler_does_not_count() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let built = folder.join("built");
        fs::create_dir_all(&built).unwrap();
        for name in ["libstd-1.rlib", "libempty-1.rlib", "libstd-1.rmeta"] {
            fs::write(built.join(name), name).unwrap();
        }
        let library = folder.join("lib");
        assert!(!is_built(&library, "rustc 1"));
        install(&built, None, &library, "rustc 1").unwrap();
        assert!(is_built(&library, "rustc 1"));
        assert!(!is_built(&library, "rustc 2"));
        assert!(library.join("libstd-1.rlib").exists());
        assert!(!library.join("libempty-1.rlib").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
