//! `aio:host/signals` where the system has none: every call says so. No resource exists.

use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::io::Io;
use super::wit::signals::{Event, Host, HostSubscription, HostSubscriptionWithStore};
use super::wit::types::ErrorCode;
use crate::state::State;

/// A subscription of a guest; there is none.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub enum Subscription {}

type Code<T> = Result<T, ErrorCode>;

impl Io {
    pub(crate) fn stop_listening(&self) {}
}

impl Host for State {}

impl<T> HostSubscriptionWithStore<T> for Imports {
    async fn next(
        _store: &Accessor<T, Self>,
        _subscription: Resource<Subscription>,
    ) -> Result<Code<Event>> {
        Ok(Err(ErrorCode::NotSupported))
    }
}

impl HostSubscription for State {
    fn subscribe(&mut self, _set: Vec<u32>) -> Result<Code<Resource<Subscription>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn by_handle(&mut self, _handle: u64) -> Result<Code<Resource<Subscription>>> {
        Ok(Err(ErrorCode::BadHandle))
    }

    fn as_handle(&mut self, subscription: Resource<Subscription>) -> Result<u64> {
        match *self.table.get(&subscription)? {}
    }

    fn try_next(&mut self, subscription: Resource<Subscription>) -> Result<Option<Event>> {
        match *self.table.get(&subscription)? {}
    }

    fn drop(&mut self, subscription: Resource<Subscription>) -> Result<()> {
        match self.table.delete(subscription)? {}
    }
}
