//! All data of one guest: what its store carries.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aio_loop::Handle;
use aio_loop::terminal::RawMode;
use wasmtime::component::ResourceTable;

use crate::assets::Assets;
use crate::capability::{Denial, Denials};
#[cfg(unix)]
use crate::children::Children;
use crate::confine;
use crate::error::Result;
use crate::identities::Identities;
use crate::imports::io::{Io, Refusal};
use crate::imports::wit::types::ErrorCode;
use crate::interrupt::Interrupt;
use crate::options::GuestOptions;
use crate::preopens::Preopens;
use crate::quota::Limits;
use crate::solo::Solo;
use crate::stdio::Streams;
use crate::ticker::Pulse;
use crate::wasi::Wasi;
use crate::workers::Workers;

/// What the imports of one guest work on.
pub(crate) struct State {
    /// The loop's door.
    pub(crate) handle: Handle,
    /// The zero of the guest's clock.
    pub(crate) epoch: Instant,
    pub(crate) denials: Denials,
    /// The handle table and the ring. Futures of imports keep it too, so that they need the store
    /// only to start.
    pub(crate) io: Arc<Mutex<Io>>,
    /// Resources of wasmtime's own kind: the plain imports' and WASI's.
    pub(crate) table: ResourceTable,
    pub(crate) interrupt: Interrupt,
    pub(crate) solo: Solo,
    pub(crate) pulse: Pulse,
    pub(crate) wasi: Wasi,
    pub(crate) stdio: Streams,
    /// The terminal, as long as the guest has it in raw mode. It ends with the guest, however that
    /// ends.
    pub(crate) raw: Option<RawMode>,
    pub(crate) memory: MemoryLimiter,
    /// Private keys that the guest may use by name.
    pub(crate) identities: Identities,
    /// What travels with the program.
    pub(crate) assets: Assets,
}

/// What a guest and its workers have in common.
#[derive(Clone)]
pub(crate) struct Common {
    streams: Streams,
    denials: Denials,
    identities: Identities,
    assets: Assets,
    /// Whether it is a worker's.
    is_worker: bool,
}

impl Common {
    pub(crate) fn open(handle: &Handle, assets: &Assets, options: &GuestOptions) -> Result<Self> {
        Ok(Self {
            streams: Streams::open(handle, &options.stdio, options.policy.grants_terminal())?,
            denials: Denials::new(Arc::clone(&options.on_denied)),
            identities: Identities::load(options.policy.tls_identities())?,
            assets: assets.clone(),
            is_worker: false,
        })
    }

    /// What a worker has of it: all but standard input.
    pub(crate) fn of_worker(&self) -> Self {
        Self {
            streams: self.streams.of_worker(),
            is_worker: true,
            ..self.clone()
        }
    }
}

impl State {
    pub(crate) fn new(
        handle: &Handle,
        pulse: Pulse,
        options: GuestOptions,
        common: Common,
        workers: Workers,
    ) -> Result<Self> {
        let GuestOptions {
            policy,
            args,
            inherited,
            park_in_place,
            #[cfg(unix)]
            stdio,
            ..
        } = options;
        let Common {
            streams,
            denials,
            identities,
            assets,
            is_worker,
        } = common;
        let interrupt = Interrupt::default();
        let preopens = Preopens::open(policy.dirs())?;
        #[cfg(unix)]
        preopens.refuse_replaceable(&policy)?;
        confine::require(&policy)?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(resources_max(&policy.limits));
        Ok(Self {
            handle: handle.clone(),
            epoch: handle.now(),
            wasi: Wasi::new(&policy, &args, &streams)?,
            stdio: streams,
            raw: None,
            denials,
            memory: MemoryLimiter::new(&policy.limits),
            identities,
            assets,
            io: Arc::new(Mutex::new(Io {
                preopens,
                workers,
                is_worker,
                #[cfg(unix)]
                children: Children::new(&policy.limits).with_stdio(&stdio),
                ..Io::new(handle, policy, inherited, &interrupt)
            })),
            table,
            interrupt,
            solo: Solo::new(park_in_place),
            pulse,
        })
    }

    /// The handle table and the ring.
    pub(crate) fn io(&self) -> MutexGuard<'_, Io> {
        lock(&self.io)
    }

    /// The guest's time: nanoseconds since it was loaded.
    pub(crate) fn now(&self) -> u64 {
        let elapsed = self.handle.now().saturating_duration_since(self.epoch);
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Tells the embedder of a denial, and the code for the guest.
    pub(crate) fn refuse(&self, refusal: Refusal) -> ErrorCode {
        match refusal {
            Refusal::Code(code) => code,
            Refusal::Denied(denial) => {
                self.deny(&denial);
                ErrorCode::AccessDenied
            }
        }
    }

    pub(crate) fn deny(&self, denial: &Denial) {
        self.denials.report(denial);
    }
}

/// A panic while the lock was held is a bug that has already been told; the data stays usable.
pub(crate) fn lock(io: &Mutex<Io>) -> MutexGuard<'_, Io> {
    io.lock().unwrap_or_else(PoisonError::into_inner)
}

/// WASI's pollables and streams come on top of what has a handle.
fn resources_max(limits: &Limits) -> usize {
    usize::try_from(limits.handles_max)
        .unwrap_or(usize::MAX)
        .saturating_mul(2)
        .saturating_add(1000)
}

/// The longest delay a guest may ask for: 2^62 nanoseconds.
const DELAY_MAX: u64 = 1 << 62;

/// The one place where a guest's number becomes a span of time; none is beyond the maximum.
pub(crate) fn delay(nanoseconds: u64) -> Option<Duration> {
    (nanoseconds <= DELAY_MAX).then(|| Duration::from_nanos(nanoseconds))
}

/// Refuses growth beyond a guest's limits; the guest sees `memory.grow` fail.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    used: usize,
    max: usize,
    tables_used: usize,
}

/// Elements of all tables together: function pointers, about 16 bytes each.
const TABLE_ELEMENTS_MAX: usize = 1_000_000;

impl MemoryLimiter {
    fn new(limits: &Limits) -> Self {
        Self {
            used: 0,
            max: limits.memory_max,
            tables_used: 0,
        }
    }
}

impl wasmtime::ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _max: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(grow(&mut self.used, self.max, current, desired))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _max: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(grow(
            &mut self.tables_used,
            TABLE_ELEMENTS_MAX,
            current,
            desired,
        ))
    }
}

/// The sum over all memories of a guest counts, not each one.
fn grow(used: &mut usize, max: usize, current: usize, desired: usize) -> bool {
    let wanted = used.saturating_add(desired.saturating_sub(current));
    let granted = wanted <= max;
    if granted {
        *used = wanted;
    }
    granted
}
