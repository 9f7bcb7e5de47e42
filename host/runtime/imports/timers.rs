//! `aio:host/timers`: the loop's clock and timers.

use std::time::{Duration, Instant};

use aio_loop::Sleep;
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::wit::timers::{Host, HostInterval, HostIntervalWithStore, HostWithStore};
use super::wit::types::ErrorCode;
use crate::interrupt::Interrupt;
use crate::state::{State, delay};

/// An interval of a guest: when the next tick is due, or never.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Ticks {
    period: Duration,
    next: Option<Instant>,
}

impl Ticks {
    /// Takes the ticks that are due, and tells how many they are.
    fn take(&mut self, now: Instant) -> u64 {
        let Some(next) = self.next.filter(|next| *next <= now) else {
            return 0;
        };
        let late = now.duration_since(next).as_nanos() / self.period.as_nanos();
        let ticks = u64::try_from(late).unwrap_or(u64::MAX).saturating_add(1);
        let nanoseconds = self.period.as_nanos().saturating_mul(ticks.into());
        let ahead = u64::try_from(nanoseconds).ok().map(Duration::from_nanos);
        self.next = ahead.and_then(|ahead| next.checked_add(ahead));
        ticks
    }
}

impl Host for State {
    fn now(&mut self) -> Result<u64> {
        Ok(Self::now(self))
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(1)
    }
}

impl State {
    fn sleep(&self, nanoseconds: u64) -> Result<(Sleep, Interrupt), ErrorCode> {
        let delay = delay(nanoseconds).ok_or(ErrorCode::OutOfRange)?;
        Ok((self.handle.sleep(delay), self.interrupt.clone()))
    }

    /// None for a deadline that has passed.
    fn sleep_until(&self, deadline: u64) -> Result<Option<(Sleep, Interrupt)>, ErrorCode> {
        let left = deadline.saturating_sub(Self::now(self));
        if left == 0 {
            return Ok(None);
        }
        delay(left).ok_or(ErrorCode::OutOfRange)?;
        let deadline = self.epoch.checked_add(Duration::from_nanos(deadline));
        let sleep = self
            .handle
            .sleep_until(deadline.ok_or(ErrorCode::OutOfRange)?);
        Ok(Some((sleep, self.interrupt.clone())))
    }
}

impl<T> HostWithStore<T> for Imports {
    async fn sleep(store: &Accessor<T, Self>, delay: u64) -> Result<Result<(), ErrorCode>> {
        let (sleep, interrupt) = match store.with(|mut access| access.get().sleep(delay)) {
            Ok(started) => started,
            Err(code) => return Ok(Err(code)),
        };
        Ok(interrupt.or_stop(sleep).await.map_err(ErrorCode::from))
    }

    async fn sleep_until(
        store: &Accessor<T, Self>,
        deadline: u64,
    ) -> Result<Result<(), ErrorCode>> {
        match store.with(|mut access| access.get().sleep_until(deadline)) {
            Ok(None) => Ok(Ok(())),
            Ok(Some((sleep, interrupt))) => {
                Ok(interrupt.or_stop(sleep).await.map_err(ErrorCode::from))
            }
            Err(code) => Ok(Err(code)),
        }
    }
}

impl HostInterval for State {
    fn create(&mut self, period: u64) -> Result<Result<Resource<Ticks>, ErrorCode>> {
        if period == 0 {
            return Ok(Err(ErrorCode::InvalidArgument));
        }
        let Some(period) = delay(period) else {
            return Ok(Err(ErrorCode::OutOfRange));
        };
        let next = self.handle.now().checked_add(period);
        let pushed = self.table.push(Ticks { period, next });
        Ok(pushed.map_err(|_full| ErrorCode::QuotaExceeded))
    }

    fn drop(&mut self, interval: Resource<Ticks>) -> Result<()> {
        self.table.delete(interval)?;
        Ok(())
    }
}

impl<T> HostIntervalWithStore<T> for Imports {
    async fn tick(
        store: &Accessor<T, Self>,
        interval: Resource<Ticks>,
    ) -> Result<Result<u64, ErrorCode>> {
        let (sleep, interrupt) = store.with(|mut access| {
            let state = access.get();
            let next = state.table.get(&interval)?.next;
            let sleep = next.map(|next| state.handle.sleep_until(next));
            wasmtime::error::Ok((sleep, state.interrupt.clone()))
        })?;
        let due = async {
            match sleep {
                Some(sleep) => sleep.await,
                None => std::future::pending().await,
            }
        };
        if let Err(stopped) = interrupt.or_stop(due).await {
            return Ok(Err(stopped.into()));
        }
        store.with(|mut access| {
            let state = access.get();
            let now = state.handle.now();
            Ok(Ok(state.table.get_mut(&interval)?.take(now)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_ticks_are_counted_and_do_not_push_later_ones_back() {
        let start = Instant::now();
        let after = |nanoseconds| start + Duration::from_nanos(nanoseconds);
        let mut ticks = Ticks {
            period: Duration::from_nanos(10),
            next: Some(after(10)),
        };
        assert_eq!(ticks.take(after(9)), 0);
        assert_eq!(ticks.take(after(10)), 1);
        assert_eq!(ticks.take(after(45)), 3);
        assert_eq!(ticks.next, Some(after(50)));
    }

    #[test]
    fn a_second_of_lateness_at_one_nanosecond_is_one_step() {
        let start = Instant::now();
        let mut ticks = Ticks {
            period: Duration::from_nanos(1),
            next: Some(start),
        };
        assert_eq!(ticks.take(start + Duration::from_secs(1)), 1_000_000_001);
    }
}
