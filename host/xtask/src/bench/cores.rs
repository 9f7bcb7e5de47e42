//! Which core does what: the server has one for itself, the load another. Where there is a single
//! core nothing is pinned, and the report says so.

use std::fmt;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The cores that this process may use, and those that were chosen.
#[derive(Debug)]
pub(super) struct Cores {
    allowed: Vec<usize>,
    pinned: Option<(usize, usize)>,
}

impl Cores {
    /// Takes the first two cores that this process may use.
    pub(super) fn choose() -> Result<Self> {
        let allowed = system::allowed().context("ask for the allowed cores")?;
        let pinned = match allowed[..] {
            [server, load, ..] => Some((server, load)),
            _ => None,
        };
        Ok(Self { allowed, pinned })
    }

    /// Does `spawn` on the core of the server: a process inherits the core of who starts it, and
    /// so do its threads.
    pub(super) fn on_server<T>(&self, spawn: impl FnOnce() -> Result<T>) -> Result<T> {
        self.on(self.pinned.map(|(server, _)| server), spawn)
    }

    /// Does `action` on the core of the load.
    pub(super) fn on_load<T>(&self, action: impl FnOnce() -> Result<T>) -> Result<T> {
        self.on(self.pinned.map(|(_, load)| load), action)
    }

    fn on<T>(&self, core: Option<usize>, action: impl FnOnce() -> Result<T>) -> Result<T> {
        let Some(core) = core else {
            return action();
        };
        system::pin(&[core]).context("choose the core to run on")?;
        let result = action();
        system::pin(&self.allowed).context("go back to all cores")?;
        result
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pinned {
            Some((server, load)) => write!(f, "servers on core {server}, load on core {load}"),
            None => f.write_str("one core for servers and load: they slow each other down"),
        }
    }
}

/// Lets this process and those it starts open as many files as the system allows.
pub(super) fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("raise the limit of open files")
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::io::Result;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// The cores that this thread may run on.
    pub(super) fn allowed() -> Result<Vec<usize>> {
        let set = sched_getaffinity(None)?;
        let cores = 0..CpuSet::MAX_CPU;
        Ok(cores.filter(|core| set.is_set(*core)).collect())
    }

    /// Keeps this thread, and what it starts, on `cores`.
    pub(super) fn pin(cores: &[usize]) -> Result<()> {
        let mut set = CpuSet::new();
        for core in cores {
            set.set(*core);
        }
        sched_setaffinity(None, &set)
    }
}

/// Elsewhere nothing is pinned.
#[cfg(not(target_os = "linux"))]
mod system {
    use rustix::io::Result;

    pub(super) fn allowed() -> Result<Vec<usize>> {
        Ok(Vec::new())
    }

    pub(super) fn pin(_cores: &[usize]) -> Result<()> {
        Ok(())
    }
}
