//! Bytes between two connections of a guest, or from a file to one, that never enter the guest.
//! How far a transfer came is known at every moment, so that one which is cancelled can tell.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aio_loop::net::Transfer;
use aio_loop::net::transfer::IN_FLIGHT_MAX;

use super::io::Io;
use super::wit::types::ErrorCode;

/// How many bytes a transfer has moved.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved(Arc<AtomicU64>);

impl Moved {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Io {
    /// Checks a guest's transfer and prepares it.
    pub(super) fn transfer(
        &self,
        source: u64,
        sink: u64,
        max: Option<u64>,
    ) -> Result<(Moved, impl Future<Output = io::Result<u64>> + use<>), ErrorCode> {
        let (source, sink) = (self.stream(source)?, self.stream(sink)?);
        if Arc::ptr_eq(&source, &sink) {
            return Err(ErrorCode::InvalidArgument);
        }
        let permit = self.buffered.take(IN_FLIGHT_MAX as u64);
        let permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
        let moved = Moved::default();
        let counter = moved.clone();
        let transfer = async move {
            let _permit = permit;
            let mut transfer = pin!(Transfer::new(source, sink, max));
            poll_fn(|cx| {
                let polled = transfer.as_mut().poll(cx);
                counter.0.store(transfer.moved(), Ordering::Relaxed);
                polled
            })
            .await
        };
        Ok((moved, transfer))
    }
}
