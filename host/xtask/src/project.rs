//! Where the project's things are. Knows paths, and makes no folder.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout that this tool works on.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the checkout: cargo says where the package is, also if the folder was moved.
    pub(crate) fn find() -> Self {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.ancestors().nth(2).unwrap_or(&manifest);
        Self::at(root)
    }

    /// Names the checkout at `root`.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The top folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `relative` to the top folder.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// An ignored folder for fetched tools.
    pub(crate) fn tools(&self, name: &str) -> PathBuf {
        self.path(".tools").join(name)
    }

    /// The manifest of the workspace of guests.
    pub(crate) fn guests_manifest(&self) -> PathBuf {
        self.path("guests/Cargo.toml")
    }

    /// The target folder of the guests. Tests look for programs here, so it does not move.
    pub(crate) fn guests_target(&self) -> PathBuf {
        self.path("target/guests")
    }

    /// The program `name` of the workspace as it is installed: built for release, beside the
    /// folder of this very program.
    ///
    /// That holds for a running program too: a build during a run replaces it, and the system
    /// then names its file as deleted.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf> {
        let own = env::current_exe().context("find the path of xtask")?;
        let target = own
            .parent()
            .and_then(Path::parent)
            .context("find the target folder of xtask")?;
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        Ok(target.join("release").join(file))
    }
}
