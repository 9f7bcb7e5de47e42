//! `aio:host/signals`: signals that reach the host, as events of the guest.

use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::wit::signals::{Event, Host, HostSubscription, HostSubscriptionWithStore};
use super::wit::types::ErrorCode;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

/// A subscription of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Subscription(pub(super) u64);

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
        Ok(Err(ErrorCode::NotSupported))
    }

    fn as_handle(&mut self, subscription: Resource<Subscription>) -> Result<u64> {
        Ok(self.table.get(&subscription)?.0)
    }

    fn try_next(&mut self, _subscription: Resource<Subscription>) -> Result<Option<Event>> {
        Ok(None)
    }

    fn drop(&mut self, subscription: Resource<Subscription>) -> Result<()> {
        let Subscription(handle) = self.table.delete(subscription)?;
        self.close_dropped(handle);
        Ok(())
    }
}
