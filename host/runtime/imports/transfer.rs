//! Bytes between two connections of a guest, or from a file to one, that never enter the guest.
//! How far a transfer came is known at every moment, so that one which is cancelled can tell.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aio_loop::net::transfer::IN_FLIGHT_MAX;
use aio_loop::net::{SendFile, Transfer};

use super::convert::error_code;
use super::io::{Io, Refusal};
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

    /// Opens a file of a guest's directories and prepares to send it.
    pub(super) fn send_file(
        &self,
        path: &str,
        offset: u64,
        length: Option<u64>,
        sink: u64,
    ) -> Result<impl Future<Output = io::Result<u64>> + use<>, Refusal> {
        let sink = self.stream(sink)?;
        let permit = self.buffered.take(IN_FLIGHT_MAX as u64);
        let permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
        let file = self.preopens.file("read", path);
        let file = file.map_err(|unplaced| Refusal::of_path("read", unplaced))?;
        let send =
            SendFile::new(file, sink, offset, length).map_err(|error| match error.kind() {
                // A folder, a pipe or a device.
                io::ErrorKind::InvalidInput => ErrorCode::NotSupported,
                _ => error_code("send a file", &error),
            })?;
        Ok(async move {
            let _permit = permit;
            send.await
        })
    }
}
