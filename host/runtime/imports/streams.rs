//! `aio:host/streams`: what all connections have in common. The functions here take a handle, so
//! that `tcp-stream` and `byte-stream` are two names of one thing.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::task::{Poll, ready};

use wasmtime::Result;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

use super::convert::error_code;
use super::io::{Io, READ_MAX, read_max};
use super::wit::streams::{
    Host, HostByteStream, HostByteStreamWithStore, HostWithStore, ShutdownHow,
};
use super::wit::types::ErrorCode;
use super::{Imports, byte_streams};
use crate::interrupt::Interrupt;
use crate::state::{State, lock};
use crate::stream::Stream;

/// A connection of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct ByteStream(pub(super) u64);

/// What a wait needs besides its object.
pub(crate) type Waiting<T> = (Arc<T>, Interrupt, Arc<Mutex<Io>>);

type Code<T> = Result<T, ErrorCode>;

/// The most pieces of a vectored write: what POSIX systems take at once.
const PIECES_MAX: usize = 1024;

impl State {
    /// What a wait on the connection of `handle` needs.
    pub(crate) fn waiting_stream(&self, handle: u64) -> Code<Waiting<Stream>> {
        let stream = self.io().stream(handle)?;
        Ok((stream, self.interrupt.clone(), Arc::clone(&self.io)))
    }

    /// Makes a resource of a handle; when there is no room for it, the handle is closed.
    pub(crate) fn push_byte_stream(&mut self, handle: u64) -> Code<Resource<ByteStream>> {
        self.table
            .push(ByteStream(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    pub(crate) fn close_unnamed(&self, handle: u64) -> ErrorCode {
        self.io()
            .close(handle)
            .err()
            .unwrap_or(ErrorCode::QuotaExceeded)
    }

    /// Closes the handle of a resource that was dropped. One that the ring has closed already is no
    /// error here.
    pub(crate) fn close_dropped(&self, handle: u64) {
        match self.io().close(handle) {
            Ok(()) | Err(_) => (),
        }
    }
}

pub(super) async fn read(waiting: Code<Waiting<Stream>>, max: u32) -> Code<Vec<u8>> {
    let (stream, interrupt, io) = waiting?;
    if max == 0 {
        return Ok(Vec::new());
    }
    let max = read_max(max);
    let read = poll_fn(|cx| {
        let scratch = &mut lock(&io).scratch[..max];
        let read = ready!(stream.poll_read(cx, scratch));
        Poll::Ready(read.map(|count| scratch[..count].to_vec()))
    });
    let read = interrupt.or_stop(read).await?;
    read.map_err(|error| error_code("read", &error))
}

pub(super) async fn write(waiting: Code<Waiting<Stream>>, mut data: Vec<u8>) -> Code<u32> {
    let (stream, interrupt, io) = waiting?;
    if data.is_empty() {
        return Ok(0);
    }
    let written = match stream.try_write(&data) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            // What waits is kept short: the guest gets a count and comes again.
            data.truncate(READ_MAX);
            data.shrink_to_fit();
            let permit = lock(&io).buffered.take(data.len() as u64);
            let _permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
            let write = poll_fn(|cx| stream.poll_write(cx, &data));
            interrupt.or_stop(write).await?
        }
        written => written,
    };
    written
        .map(count)
        .map_err(|error| error_code("write", &error))
}

async fn write_vectored(waiting: Code<Waiting<Stream>>, pieces: Vec<Vec<u8>>) -> Code<u32> {
    let (stream, interrupt, io) = waiting?;
    if pieces.len() > PIECES_MAX {
        return Err(ErrorCode::OutOfRange);
    }
    let bufs: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let length: usize = bufs.iter().map(|buf| buf.len()).sum();
    if length == 0 {
        return Ok(0);
    }
    let written = match stream.try_write_vectored(&bufs) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            let permit = lock(&io).buffered.take(length as u64);
            let _permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
            let write = poll_fn(|cx| stream.poll_write_vectored(cx, &bufs));
            interrupt.or_stop(write).await?
        }
        written => written,
    };
    written
        .map(count)
        .map_err(|error| error_code("write", &error))
}

/// A count of bytes that a guest passed in: its memory has no more than 2^32.
pub(crate) fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Host for State {}

impl<T> HostWithStore<T> for Imports {
    async fn transfer(
        store: &Accessor<T, Self>,
        source: u64,
        sink: u64,
        max: Option<u64>,
    ) -> Result<Code<u64>> {
        let begun = store.with(|mut access| {
            let state = access.get();
            let begun = state.io().transfer(source, sink, max);
            begun.map(|(_, transfer)| (transfer, state.interrupt.clone()))
        });
        let (transfer, interrupt) = match begun {
            Ok(begun) => begun,
            Err(code) => return Ok(Err(code)),
        };
        Ok(match interrupt.or_stop(transfer).await {
            Ok(moved) => moved.map_err(|error| error_code("transfer", &error)),
            Err(stopped) => Err(stopped.into()),
        })
    }

    async fn send_file(
        store: &Accessor<T, Self>,
        path: String,
        offset: u64,
        length: Option<u64>,
        sink: u64,
    ) -> Result<Code<u64>> {
        let begun = store.with(|mut access| {
            let state = access.get();
            let begun = state.io().send_file(&path, offset, length, sink);
            let begun = begun.map_err(|refusal| state.refuse(refusal))?;
            Ok((begun, state.interrupt.clone()))
        });
        let (send, interrupt) = match begun {
            Ok(begun) => begun,
            Err(code) => return Ok(Err(code)),
        };
        Ok(match interrupt.or_stop(send).await {
            Ok(sent) => sent.map_err(|error| error_code("send a file", &error)),
            Err(stopped) => Err(stopped.into()),
        })
    }
}

/// The handle of a resource, and what a wait on its connection needs.
fn waiting<T>(
    store: &Accessor<T, Imports>,
    stream: &Resource<ByteStream>,
) -> Result<Code<Waiting<Stream>>> {
    store.with(|mut access| {
        let state = access.get();
        let handle = state.table.get(stream)?.0;
        Ok(state.waiting_stream(handle))
    })
}

impl<T> HostByteStreamWithStore<T> for Imports {
    async fn read(
        store: &Accessor<T, Self>,
        stream: Resource<ByteStream>,
        max: u32,
    ) -> Result<Code<Vec<u8>>> {
        Ok(read(waiting(store, &stream)?, max).await)
    }

    async fn write(
        store: &Accessor<T, Self>,
        stream: Resource<ByteStream>,
        data: Vec<u8>,
    ) -> Result<Code<u32>> {
        Ok(write(waiting(store, &stream)?, data).await)
    }

    async fn write_vectored(
        store: &Accessor<T, Self>,
        stream: Resource<ByteStream>,
        pieces: Vec<Vec<u8>>,
    ) -> Result<Code<u32>> {
        Ok(write_vectored(waiting(store, &stream)?, pieces).await)
    }

    fn receive(
        mut store: Access<'_, T, Self>,
        stream: Resource<ByteStream>,
    ) -> Result<(StreamReader<u8>, FutureReader<Code<()>>)> {
        let handle = store.get().table.get(&stream)?.0;
        byte_streams::receive(store, handle)
    }

    async fn send(
        store: &Accessor<T, Self>,
        stream: Resource<ByteStream>,
        data: StreamReader<u8>,
    ) -> Result<Code<u64>> {
        let handle = store.with(|mut access| access.get().table.get(&stream).map(|own| own.0))?;
        byte_streams::send(store, handle, data).await
    }
}

impl HostByteStream for State {
    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<ByteStream>>> {
        let known = self.io().stream(handle);
        Ok(known.and_then(|_| {
            let pushed = self.table.push(ByteStream(handle));
            pushed.map_err(|_full| ErrorCode::QuotaExceeded)
        }))
    }

    fn as_handle(&mut self, stream: Resource<ByteStream>) -> Result<u64> {
        Ok(self.table.get(&stream)?.0)
    }

    fn shutdown(&mut self, stream: Resource<ByteStream>, how: ShutdownHow) -> Result<Code<()>> {
        let handle = self.table.get(&stream)?.0;
        Ok(shutdown(self, handle, how))
    }

    fn drop(&mut self, stream: Resource<ByteStream>) -> Result<()> {
        let ByteStream(handle) = self.table.delete(stream)?;
        self.close_dropped(handle);
        Ok(())
    }
}

pub(super) fn shutdown(state: &State, handle: u64, how: ShutdownHow) -> Code<()> {
    let stream = state.io().stream(handle)?;
    stream
        .shutdown(how.into())
        .map_err(|error| error_code("shutdown", &error))
}

impl From<ShutdownHow> for Shutdown {
    fn from(how: ShutdownHow) -> Self {
        match how {
            ShutdownHow::Receive => Self::Read,
            ShutdownHow::Send => Self::Write,
            ShutdownHow::Both => Self::Both,
        }
    }
}
