//! Which core does what: the server has one for itself, the load another. Where there is a single
//! core nothing is pinned, and the report says so.

use std::fmt;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that this process may use, and those that were chosen.
#[derive(Debug)]
pub(super) struct Cores {
    allowed: CpuSet,
    pinned: Option<(usize, usize)>,
}

impl Cores {
    /// Takes the first two cores that this process may use.
    pub(super) fn choose() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("ask for the allowed cores")?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let pinned = cores.next().zip(cores.next());
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
        if let Some(core) = core {
            let mut set = CpuSet::new();
            set.set(core);
            pin(&set)?;
        }
        let result = action();
        pin(&self.allowed)?;
        result
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pinned {
            Some((server, load)) => write!(f, "servers on core {server}, load on core {load}"),
            None => f.write_str("one core for servers and load: rates are those of both together"),
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

fn pin(cores: &CpuSet) -> Result<()> {
    sched_setaffinity(None, cores).context("choose the core to run on")
}
