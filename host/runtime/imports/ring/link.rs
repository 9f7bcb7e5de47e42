//! The functions of the ring as the guest calls them.

use std::cell::LazyCell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use wasmtime::component::{Accessor, Linker, WasmList};
use wasmtime::{AsContext, AsContextMut, Result, StoreContextMut};

use super::super::io::{Io, Refusal, read_max};
use super::super::streams::count;
use super::super::wit::ring::{AcceptResult, ReadResult, ReceiveResult, Submission, WriteResult};
use super::super::wit::types::{ErrorCode, IpSocketAddress};
use super::super::wit::unix::UnixAddress;
use super::batch::Batch;
use super::pump::not_blocked;
use super::wait::Wait;
use crate::capability::Denial;
use crate::state::{State, delay, lock};

/// Submissions, the bytes of the writes, and the timeout.
type EnterArguments = (Vec<Submission>, WasmList<u8>, Option<u64>);
type Entered = (Result<Arc<Batch>, ErrorCode>,);

pub(in super::super) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut ring = linker.instance("aio:host/ring@0.1.0")?;
    ring.func_wrap_async("enter", |store, arguments| {
        Box::new(enter(store, arguments))
    })?;
    ring.func_wrap_async("enter-packed", |store, arguments| {
        Box::new(enter_packed(store, arguments))
    })?;
    ring.func_wrap_concurrent("enter-async", |store, arguments| {
        enter_async(store, arguments)
    })?;
    ring.func_wrap(
        "try-read",
        |store: StoreContextMut<'_, State>, (handle, max)| {
            Ok((try_read(store.data(), handle, max),))
        },
    )?;
    ring.func_wrap(
        "try-write",
        |store: StoreContextMut<'_, State>, (handle, data)| Ok((try_write(&store, handle, &data),)),
    )?;
    ring.func_wrap(
        "try-accept",
        |store: StoreContextMut<'_, State>, (handle,)| Ok((try_accept(store.data(), handle),)),
    )?;
    ring.func_wrap(
        "try-receive",
        |store: StoreContextMut<'_, State>, (handle, max)| {
            Ok((try_receive(store.data(), handle, max),))
        },
    )?;
    ring.func_wrap(
        "try-send",
        |store: StoreContextMut<'_, State>, (handle, data, peer)| {
            Ok((try_send(&store, handle, &data, peer),))
        },
    )?;
    ring.func_wrap(
        "try-send-unix",
        |store: StoreContextMut<'_, State>, (handle, data, peer): (_, _, UnixAddress)| {
            Ok((try_send_unix(&store, handle, &data, &peer),))
        },
    )
}

async fn enter(store: StoreContextMut<'_, State>, arguments: EnterArguments) -> Result<Entered> {
    let wait = match begin(&store, arguments) {
        Ok(wait) => wait,
        Err(code) => return Ok((Err(code),)),
    };
    let (batch, denied) = wait.in_place().await;
    report(store.data(), &denied);
    Ok((Ok(batch),))
}

fn enter_async(
    store: &Accessor<State>,
    arguments: EnterArguments,
) -> Pin<Box<dyn Future<Output = Result<Entered>> + Send + '_>> {
    // Begun here and not when first polled: the bytes are the guest's only until the call returns.
    let wait = store.with(|mut access| begin(access.as_context_mut(), arguments));
    Box::pin(async move {
        let wait = match wait {
            Ok(wait) => wait,
            Err(code) => return Ok((Err(code),)),
        };
        let (batch, denied) = wait.aside().await;
        store.with(|mut access| report(access.get(), &denied));
        Ok((Ok(batch),))
    })
}

async fn enter_packed(
    store: StoreContextMut<'_, State>,
    (submissions, timeout): (WasmList<u8>, Option<u64>),
) -> Result<(Result<Vec<u8>, ErrorCode>,)> {
    let submit = |io: &mut Io| io.submit_packed(submissions.as_le_slice(&store));
    let wait = match begin_with(store.data(), timeout, submit) {
        Ok(wait) => wait,
        Err(code) => return Ok((Err(code),)),
    };
    let (batch, denied) = wait.in_place().await;
    report(store.data(), &denied);
    let packed = store.data().io().pack(&batch);
    Ok((Ok(packed),))
}

/// Submits, and makes the wait of the call.
fn begin(
    store: impl AsContext<Data = State>,
    (submissions, data, timeout): EnterArguments,
) -> Result<Wait, ErrorCode> {
    let store = store.as_context();
    let state = store.data();
    // Read when first asked for, and once: equal deadlines of a batch stay equal.
    let now = LazyCell::new(|| state.now());
    begin_with(state, timeout, |io| {
        io.submit(submissions, data.as_le_slice(&store), || *now)
    })
}

/// The same, submitting whatever `submit` does.
fn begin_with(
    state: &State,
    timeout: Option<u64>,
    submit: impl FnOnce(&mut Io) -> Result<(), ErrorCode>,
) -> Result<Wait, ErrorCode> {
    let timeout = timeout
        .map(|timeout| delay(timeout).ok_or(ErrorCode::OutOfRange))
        .transpose()?;
    let mut io = state.io();
    if io.ring.entered {
        return Err(ErrorCode::NotSupported);
    }
    submit(&mut io)?;
    let denied = std::mem::take(&mut io.ring.denied);
    let wait = Wait::new(state, &mut io, timeout);
    drop(io);
    report(state, &denied);
    Ok(wait)
}

fn report(state: &State, denied: &[Denial]) {
    for denial in denied {
        state.deny(denial);
    }
}

fn try_read(state: &State, handle: u64, max: u32) -> ReadResult {
    let mut io = state.io();
    let io = &mut *io;
    if max > 0 {
        io.suppose_readable(handle);
    }
    let read = io.stream(handle).and_then(|stream| {
        if io.entry(handle)?.reads.is_empty() {
            let buffer = &mut io.scratch[..read_max(max)];
            let read = if max == 0 {
                Some(Ok(0))
            } else {
                not_blocked("read", stream.try_read(buffer))
            };
            read.map(|read| read.map(|length| buffer[..length].to_vec()))
                .transpose()
        } else {
            Ok(None)
        }
    });
    match read {
        Ok(Some(data)) => ReadResult::Data(data),
        Ok(None) => ReadResult::WouldBlock,
        Err(code) => ReadResult::Failed(code),
    }
}

fn try_write(store: &StoreContextMut<'_, State>, handle: u64, data: &WasmList<u8>) -> WriteResult {
    let io = Arc::clone(&store.data().io);
    let mut io = lock(&io);
    let written = io.stream(handle).and_then(|stream| {
        if io.entry(handle)?.writes.is_empty() {
            let data = data.as_le_slice(store);
            not_blocked("write", stream.try_write(data)).transpose()
        } else {
            Ok(None)
        }
    });
    match written {
        Ok(Some(written)) => WriteResult::Written(count(written)),
        Ok(None) => WriteResult::WouldBlock,
        Err(code) => WriteResult::Failed(code),
    }
}

fn try_receive(state: &State, handle: u64, max: u32) -> ReceiveResult {
    let mut io = state.io();
    io.suppose_readable(handle);
    let received = if io.is_unix_datagrams(handle) {
        let datagram = io.try_receive_unix(handle, max);
        datagram.map(|datagram| datagram.map(ReceiveResult::DatagramUnix))
    } else {
        let datagram = io.try_receive(handle, max);
        datagram.map(|datagram| datagram.map(ReceiveResult::Datagram))
    };
    match received {
        Ok(Some(datagram)) => datagram,
        Ok(None) => ReceiveResult::WouldBlock,
        Err(code) => ReceiveResult::Failed(code),
    }
}

fn try_send(
    store: &StoreContextMut<'_, State>,
    handle: u64,
    data: &WasmList<u8>,
    peer: Option<IpSocketAddress>,
) -> WriteResult {
    let (state, peer) = (store.data(), peer.map(SocketAddr::from));
    let (io, data) = (state.io(), data.as_le_slice(store));
    let sent = match peer {
        None if io.is_unix_datagrams(handle) => io.try_send_unix(handle, data, None),
        peer => io.try_send(handle, data, peer),
    };
    drop(io);
    write_result(state, sent)
}

fn try_send_unix(
    store: &StoreContextMut<'_, State>,
    handle: u64,
    data: &WasmList<u8>,
    peer: &UnixAddress,
) -> WriteResult {
    let (state, data) = (store.data(), data.as_le_slice(store));
    let sent = state.io().try_send_unix(handle, data, Some(peer));
    write_result(state, sent)
}

fn write_result(state: &State, sent: Result<Option<usize>, Refusal>) -> WriteResult {
    match sent {
        Ok(Some(length)) => WriteResult::Written(count(length)),
        Ok(None) => WriteResult::WouldBlock,
        Err(refusal) => WriteResult::Failed(state.refuse(refusal)),
    }
}

fn try_accept(state: &State, handle: u64) -> AcceptResult {
    let mut io = state.io();
    if io.room().is_ok() {
        io.suppose_readable(handle);
    }
    if io.is_unix_listener(handle) {
        return io
            .try_accept_unix(handle)
            .unwrap_or_else(AcceptResult::Failed);
    }
    let accepted = io
        .listener(handle)
        .and_then(|listener| io.accept(&listener));
    match accepted {
        Ok(Some(accepted)) => AcceptResult::Accepted(accepted),
        Ok(None) => AcceptResult::WouldBlock,
        Err(code) => AcceptResult::Failed(code),
    }
}
