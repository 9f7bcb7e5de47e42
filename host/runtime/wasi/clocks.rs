//! `wasi:clocks/monotonic-clock` of 0.2 and 0.3 on the loop's clock: the one of `aio:host/timers`,
//! so that times of both may be compared. Every number is a valid time; what is too far away to
//! be told never comes.

use std::future::pending;
use std::time::{Duration, Instant};

use aio_loop::Handle;
use wasmtime::component::{Accessor, HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock as p2;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::p3::bindings::clocks::{monotonic_clock as p3, types};

use crate::state::State;

/// Nanoseconds; what the clocks of Linux, macOS and Windows count in is that or finer.
const RESOLUTION: u64 = 1;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::add_to_linker::<State, Clocks>(linker, view)?;
    p3::add_to_linker::<State, Clocks>(linker, view)
}

struct Clocks;

impl HasData for Clocks {
    type Data<'a> = ClocksView<'a>;
}

/// What the clocks see of a guest.
struct ClocksView<'a> {
    handle: &'a Handle,
    epoch: Instant,
    table: &'a mut ResourceTable,
}

fn view(state: &mut State) -> ClocksView<'_> {
    ClocksView {
        handle: &state.handle,
        epoch: state.epoch,
        table: &mut state.table,
    }
}

impl ClocksView<'_> {
    fn now(&self) -> u64 {
        let elapsed = self.handle.now().saturating_duration_since(self.epoch);
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The deadline of a wait until a time of the guest's clock.
    fn until(&self, time: u64) -> Deadline {
        self.deadline(self.epoch, time)
    }

    /// The deadline of a wait for a number of nanoseconds.
    fn after(&self, delay: u64) -> Deadline {
        self.deadline(self.handle.now(), delay)
    }

    fn deadline(&self, start: Instant, delay: u64) -> Deadline {
        match start.checked_add(Duration::from_nanos(delay)) {
            Some(instant) if instant <= self.handle.now() => Deadline::Passed(self.handle.clone()),
            Some(instant) => Deadline::At(self.handle.clone(), instant),
            None => Deadline::Never,
        }
    }

    fn subscribe(&mut self, deadline: Deadline) -> wasmtime::Result<Resource<DynPollable>> {
        let deadline = self.table.push(deadline)?;
        subscribe(self.table, deadline)
    }
}

/// When a wait ends.
enum Deadline {
    /// At the loop's next turn: a guest that polls in a circle with no timeout would otherwise
    /// never see anything happen, nor let anybody else.
    Passed(Handle),
    At(Handle, Instant),
    /// Beyond what an instant can express.
    Never,
    Reached,
}

#[async_trait]
impl Pollable for Deadline {
    async fn ready(&mut self) {
        match self {
            Self::Reached => {}
            Self::Never => pending().await,
            Self::At(handle, instant) => {
                handle.sleep_until(*instant).await;
                *self = Self::Reached;
            }
            Self::Passed(handle) => {
                let turn = handle.sleep(Duration::ZERO);
                // At once: a wait that is given up before the turn has passed is not started anew.
                *self = Self::Reached;
                turn.await;
            }
        }
    }
}

impl p2::Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(ClocksView::now(self))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(RESOLUTION)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let deadline = self.until(when);
        self.subscribe(deadline)
    }

    fn subscribe_duration(&mut self, delay: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let deadline = self.after(delay);
        self.subscribe(deadline)
    }
}

impl p3::Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<p3::Mark> {
        Ok(ClocksView::now(self))
    }

    fn get_resolution(&mut self) -> wasmtime::Result<types::Duration> {
        Ok(RESOLUTION)
    }
}

impl<T> p3::HostWithStore<T> for Clocks {
    async fn wait_until(store: &Accessor<T, Self>, when: p3::Mark) -> wasmtime::Result<()> {
        let mut deadline = store.with(|mut access| access.get().until(when));
        deadline.ready().await;
        Ok(())
    }

    async fn wait_for(store: &Accessor<T, Self>, delay: types::Duration) -> wasmtime::Result<()> {
        let mut deadline = store.with(|mut access| access.get().after(delay));
        deadline.ready().await;
        Ok(())
    }
}
