//! `aio:host/signals`: signals that reach the host, as events of the guest.

use std::sync::Arc;

use aio_loop::signal::{self, Arrival, Signals};
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::convert::error_code;
use super::io::{Io, Refusal};
use super::streams::Waiting;
use super::wit::signals::{Event, Host, HostSubscription, HostSubscriptionWithStore};
use super::wit::types::ErrorCode;
use crate::handles::Object;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

/// A subscription of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Subscription(u64);

/// The most signals of one subscription.
const SET_MAX: usize = 64;

impl Io {
    /// Listens for a guest.
    fn subscribe(&mut self, set: &[u32]) -> Result<u64, Refusal> {
        self.not_in_worker()?;
        let numbers = numbers(set)?;
        for &number in set {
            self.grants.signal(number)?;
        }
        if !self.subscriptions.has_room() {
            return Err(ErrorCode::QuotaExceeded.into());
        }
        let place = self.place(0)?;
        let signals = signal::signals(&self.handle, &numbers);
        let signals = Arc::new(signals.map_err(|error| error_code("subscribe", &error))?);
        drop(place);
        self.subscriptions.add(&signals);
        Ok(self.open(Object::Signals(signals))?)
    }

    fn signals(&self, handle: u64) -> Code<Arc<Signals>> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::Signals(signals)) => Ok(Arc::clone(signals)),
            _ => Err(ErrorCode::BadHandle),
        }
    }

    /// A signal that has arrived and that nobody waits for.
    fn try_next_signal(&self, handle: u64) -> Option<Arrival> {
        let entry = self.handles.get(handle)?;
        match &entry.object {
            Object::Signals(signals) if entry.reads.is_empty() => signals.try_next().ok(),
            _ => None,
        }
    }

    /// Ends all subscriptions: what they listened for has its old effect again.
    pub(crate) fn stop_listening(&self) {
        for object in self.handles.objects().filter(|object| object.is_signals()) {
            object.close();
        }
    }
}

/// A guest's numbers, if a program can wait for all of them.
fn numbers(set: &[u32]) -> Code<Vec<i32>> {
    match set.len() {
        0 => Err(ErrorCode::InvalidArgument),
        1..=SET_MAX => set.iter().copied().map(number).collect(),
        _ => Err(ErrorCode::OutOfRange),
    }
}

fn number(number: u32) -> Code<i32> {
    let number = i32::try_from(number).map_err(|_| ErrorCode::OutOfRange)?;
    match signal::check(number) {
        Ok(()) => Ok(number),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ErrorCode::OutOfRange),
        Err(_uncatchable) => Err(ErrorCode::InvalidArgument),
    }
}

impl From<Arrival> for Event {
    fn from(arrival: Arrival) -> Self {
        Self {
            signal: arrival.number.unsigned_abs(),
            count: arrival.count,
            sender: arrival.sender,
        }
    }
}

impl State {
    fn waiting_signals(
        &self,
        subscription: &Resource<Subscription>,
    ) -> Result<Code<Waiting<Signals>>> {
        let handle = self.table.get(subscription)?.0;
        let signals = self.io().signals(handle);
        Ok(signals.map(|signals| (signals, self.interrupt.clone(), Arc::clone(&self.io))))
    }
}

impl Host for State {}

impl<T> HostSubscriptionWithStore<T> for Imports {
    async fn next(
        store: &Accessor<T, Self>,
        subscription: Resource<Subscription>,
    ) -> Result<Code<Event>> {
        let waiting = store.with(|mut access| access.get().waiting_signals(&subscription))?;
        let Ok((signals, interrupt, _)) = waiting else {
            // Its handle was closed by the ring.
            return Ok(Err(ErrorCode::Closed));
        };
        Ok(match interrupt.or_stop(signals.next()).await {
            Ok(Ok(arrival)) => Ok(arrival.into()),
            Ok(Err(error)) => Err(error_code("next signal", &error)),
            Err(stopped) => Err(stopped.into()),
        })
    }
}

impl HostSubscription for State {
    fn subscribe(&mut self, set: Vec<u32>) -> Result<Code<Resource<Subscription>>> {
        let subscribed = self.io().subscribe(&set);
        Ok(self.named(subscribed, Subscription))
    }

    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Subscription>>> {
        let known = self.io().signals(handle);
        Ok(match known {
            Ok(_) => self
                .table
                .push(Subscription(handle))
                .map_err(|_full| ErrorCode::QuotaExceeded),
            Err(code) => Err(code),
        })
    }

    fn as_handle(&mut self, subscription: Resource<Subscription>) -> Result<u64> {
        Ok(self.table.get(&subscription)?.0)
    }

    fn try_next(&mut self, subscription: Resource<Subscription>) -> Result<Option<Event>> {
        let handle = self.table.get(&subscription)?.0;
        let arrival = self.io().try_next_signal(handle);
        Ok(arrival.map(Event::from))
    }

    fn drop(&mut self, subscription: Resource<Subscription>) -> Result<()> {
        let Subscription(handle) = self.table.delete(subscription)?;
        self.close_dropped(handle);
        Ok(())
    }
}
