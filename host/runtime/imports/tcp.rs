//! `aio:host/tcp`: listeners and connections by plain imports. A resource holds a handle of the
//! guest's table, so that the ring works on the same object and a closed one is a code.

use std::future::poll_fn;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aio_loop::net::{ListenOptions as LoopListenOptions, TcpListener, TcpStream};
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::convert::error_code;
use super::io::{Io, READ_MAX, Refusal, read_max};
use super::wit::tcp::{
    Host, HostTcpListener, HostTcpListenerWithStore, HostTcpStream, HostTcpStreamWithStore,
    ListenOptions, ShutdownHow,
};
use super::wit::types::{ErrorCode, IpSocketAddress};
use crate::handles::Object;
use crate::interrupt::Interrupt;
use crate::state::{State, lock};

/// A listener of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Listener(u64);

/// A connection of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Stream(u64);

/// What a wait needs besides its object.
pub(crate) type Waiting<T> = (Arc<T>, Interrupt, Arc<Mutex<Io>>);

type Code<T> = Result<T, ErrorCode>;

const BACKLOG: std::ops::RangeInclusive<i32> = 1..=65_535;

impl Io {
    /// Opens a listener for a guest.
    pub(crate) fn listen(
        &mut self,
        address: SocketAddr,
        options: ListenOptions,
    ) -> Result<u64, Refusal> {
        let backlog = i32::try_from(options.backlog)
            .ok()
            .filter(|backlog| BACKLOG.contains(backlog));
        self.grants.listen(address)?;
        self.room()?;
        let options = LoopListenOptions {
            backlog: backlog.ok_or(ErrorCode::OutOfRange)?,
            reuse_port: options.reuse_port,
            v6_only: options.ipv6_only,
            ..LoopListenOptions::default()
        };
        let listener = TcpListener::bind(&self.handle, address, &options)
            .map_err(|error| error_code("listen", &error))?;
        Ok(self.open(Object::Listener(Arc::new(listener)))?)
    }

    /// Checks a guest's connection and starts it.
    pub(crate) fn connect(&self, address: SocketAddr) -> Result<aio_loop::net::Connect, Refusal> {
        self.grants.connect(address)?;
        self.room()?;
        TcpStream::connect(&self.handle, address)
            .map_err(|error| error_code("connect", &error).into())
    }

    /// Takes in a stream that was connected or accepted.
    pub(crate) fn open_stream(&mut self, stream: TcpStream) -> Code<u64> {
        self.open(Object::Stream(Arc::new(stream)))
    }
}

impl State {
    fn listener_of(&self, listener: &Resource<Listener>) -> Result<Code<Arc<TcpListener>>> {
        let handle = self.table.get(listener)?.0;
        Ok(self.io().listener(handle))
    }

    fn stream_of(&self, stream: &Resource<Stream>) -> Result<Code<Arc<TcpStream>>> {
        let handle = self.table.get(stream)?.0;
        Ok(self.io().stream(handle))
    }

    pub(crate) fn waiting_stream(
        &self,
        stream: &Resource<Stream>,
    ) -> Result<Code<Waiting<TcpStream>>> {
        let stream = self.stream_of(stream)?;
        Ok(stream.map(|stream| (stream, self.interrupt.clone(), Arc::clone(&self.io))))
    }

    fn waiting_listener(
        &self,
        listener: &Resource<Listener>,
    ) -> Result<Code<Waiting<TcpListener>>> {
        let listener = self.listener_of(listener)?;
        Ok(listener.map(|listener| (listener, self.interrupt.clone(), Arc::clone(&self.io))))
    }

    /// Makes a resource of a handle; when there is no room for it, the handle is closed.
    fn push_stream(&mut self, handle: u64) -> Code<Resource<Stream>> {
        self.table
            .push(Stream(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    fn push_listener(&mut self, handle: u64) -> Code<Resource<Listener>> {
        self.table
            .push(Listener(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    fn close_unnamed(&self, handle: u64) -> ErrorCode {
        self.io()
            .close(handle)
            .err()
            .unwrap_or(ErrorCode::QuotaExceeded)
    }
}

/// Sets or asks one option of a stream.
fn option<T>(
    state: &State,
    stream: &Resource<Stream>,
    ask: impl FnOnce(&TcpStream) -> std::io::Result<T>,
) -> Result<Code<T>> {
    let stream = state.stream_of(stream)?;
    Ok(stream.and_then(|stream| ask(&stream).map_err(|error| error_code("socket option", &error))))
}

impl Host for State {}

impl HostTcpListener for State {
    fn listen(
        &mut self,
        address: IpSocketAddress,
        options: ListenOptions,
    ) -> Result<Code<Resource<Listener>>> {
        let listening = self.io().listen(address.into(), options);
        Ok(match listening {
            Ok(handle) => self.push_listener(handle),
            Err(refusal) => Err(self.refuse(refusal)),
        })
    }

    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Listener>>> {
        let known = self.io().listener(handle);
        Ok(match known {
            Ok(_) => self
                .table
                .push(Listener(handle))
                .map_err(|_full| ErrorCode::QuotaExceeded),
            Err(code) => Err(code),
        })
    }

    fn as_handle(&mut self, listener: Resource<Listener>) -> Result<u64> {
        Ok(self.table.get(&listener)?.0)
    }

    fn local_address(&mut self, listener: Resource<Listener>) -> Result<Code<IpSocketAddress>> {
        let listener = self.listener_of(&listener)?;
        Ok(listener.and_then(|listener| address("local address", listener.local_addr())))
    }

    fn drop(&mut self, listener: Resource<Listener>) -> Result<()> {
        let Listener(handle) = self.table.delete(listener)?;
        close_dropped(self, handle);
        Ok(())
    }
}

/// A handle that the ring has closed already is no error here.
fn close_dropped(state: &State, handle: u64) {
    match state.io().close(handle) {
        Ok(()) | Err(_) => (),
    }
}

fn address(operation: &str, address: std::io::Result<SocketAddr>) -> Code<IpSocketAddress> {
    address
        .map(IpSocketAddress::from)
        .map_err(|error| error_code(operation, &error))
}

impl<T> HostTcpListenerWithStore<T> for Imports {
    async fn accept(
        store: &Accessor<T, Self>,
        listener: Resource<Listener>,
    ) -> Result<Code<(Resource<Stream>, IpSocketAddress)>> {
        let waiting = store.with(|mut access| access.get().waiting_listener(&listener))?;
        let (listener, interrupt, io) = match waiting {
            Ok(waiting) => waiting,
            Err(code) => return Ok(Err(code)),
        };
        let accept = poll_fn(|cx| {
            lock(&io).room()?;
            listener
                .poll_accept(cx)
                .map_err(|error| error_code("accept", &error))
        });
        let (stream, peer) = match interrupt.or_stop(accept).await {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(code)) => return Ok(Err(code)),
            Err(stopped) => return Ok(Err(stopped.into())),
        };
        let stream = store.with(|mut access| push_new(access.get(), stream));
        Ok(stream.map(|stream| (stream, peer.into())))
    }
}

fn push_new(state: &mut State, stream: TcpStream) -> Code<Resource<Stream>> {
    let handle = state.io().open_stream(stream)?;
    state.push_stream(handle)
}

impl<T> HostTcpStreamWithStore<T> for Imports {
    async fn connect(
        store: &Accessor<T, Self>,
        address: IpSocketAddress,
    ) -> Result<Code<Resource<Stream>>> {
        let started = store.with(|mut access| {
            let state = access.get();
            let connect = state.io().connect(address.into());
            let connect = connect.map_err(|refusal| state.refuse(refusal))?;
            Ok((connect, state.interrupt.clone()))
        });
        let (connect, interrupt) = match started {
            Ok(started) => started,
            Err(code) => return Ok(Err(code)),
        };
        Ok(match interrupt.or_stop(connect).await {
            Ok(Ok(stream)) => store.with(|mut access| push_new(access.get(), stream)),
            Ok(Err(error)) => Err(error_code("connect", &error)),
            Err(stopped) => Err(stopped.into()),
        })
    }

    async fn read(
        store: &Accessor<T, Self>,
        stream: Resource<Stream>,
        max: u32,
    ) -> Result<Code<Vec<u8>>> {
        let waiting = store.with(|mut access| access.get().waiting_stream(&stream))?;
        let (stream, interrupt, io) = match waiting {
            Ok(waiting) if max > 0 => waiting,
            Ok(_) => return Ok(Ok(Vec::new())),
            Err(code) => return Ok(Err(code)),
        };
        let max = read_max(max);
        let read = poll_fn(|cx| {
            let scratch = &mut lock(&io).scratch[..max];
            let read = std::task::ready!(stream.poll_read(cx, scratch));
            std::task::Poll::Ready(read.map(|count| scratch[..count].to_vec()))
        });
        Ok(match interrupt.or_stop(read).await {
            Ok(read) => read.map_err(|error| error_code("read", &error)),
            Err(stopped) => Err(stopped.into()),
        })
    }

    async fn write(
        store: &Accessor<T, Self>,
        stream: Resource<Stream>,
        data: Vec<u8>,
    ) -> Result<Code<u32>> {
        let waiting = store.with(|mut access| access.get().waiting_stream(&stream))?;
        let (stream, interrupt, io) = match waiting {
            Ok(waiting) if !data.is_empty() => waiting,
            Ok(_) => return Ok(Ok(0)),
            Err(code) => return Ok(Err(code)),
        };
        let written = match stream.try_write(&data) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                // What waits is kept short: the guest gets a count and comes again.
                let mut data = data;
                data.truncate(READ_MAX);
                data.shrink_to_fit();
                let Some(_permit) = lock(&io).buffered.take(data.len() as u64) else {
                    return Ok(Err(ErrorCode::QuotaExceeded));
                };
                let write = poll_fn(|cx| stream.poll_write(cx, &data));
                match interrupt.or_stop(write).await {
                    Ok(written) => written,
                    Err(stopped) => return Ok(Err(stopped.into())),
                }
            }
            written => written,
        };
        Ok(written
            .map(count)
            .map_err(|error| error_code("write", &error)))
    }

    async fn send(
        store: &Accessor<T, Self>,
        stream: Resource<Stream>,
        data: wasmtime::component::StreamReader<u8>,
    ) -> Result<Code<u64>> {
        super::tcp_bytes::send(store, stream, data).await
    }

    fn receive(
        store: wasmtime::component::Access<'_, T, Self>,
        stream: Resource<Stream>,
    ) -> Result<(
        wasmtime::component::StreamReader<u8>,
        wasmtime::component::FutureReader<Code<()>>,
    )> {
        super::tcp_bytes::receive(store, &stream)
    }
}

/// A count of bytes that a guest passed in: its memory has no more than 2^32.
pub(crate) fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Keep-alive times the operating systems accept, in seconds.
const KEEP_ALIVE_SECONDS: std::ops::RangeInclusive<u64> = 1..=32_767;

const BUFFER_SIZE_MAX: u32 = 1 << 24;

fn buffer_size(size: u32) -> Code<usize> {
    let fits = (1..=BUFFER_SIZE_MAX).contains(&size);
    usize::try_from(size)
        .ok()
        .filter(|_| fits)
        .ok_or(ErrorCode::OutOfRange)
}

impl HostTcpStream for State {
    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Stream>>> {
        let known = self.io().stream(handle);
        Ok(match known {
            Ok(_) => self
                .table
                .push(Stream(handle))
                .map_err(|_full| ErrorCode::QuotaExceeded),
            Err(code) => Err(code),
        })
    }

    fn as_handle(&mut self, stream: Resource<Stream>) -> Result<u64> {
        Ok(self.table.get(&stream)?.0)
    }

    fn shutdown(&mut self, stream: Resource<Stream>, how: ShutdownHow) -> Result<Code<()>> {
        option(self, &stream, |stream| stream.shutdown(how.into()))
    }

    fn local_address(&mut self, stream: Resource<Stream>) -> Result<Code<IpSocketAddress>> {
        option(self, &stream, |stream| {
            stream.local_addr().map(IpSocketAddress::from)
        })
    }

    fn peer_address(&mut self, stream: Resource<Stream>) -> Result<Code<IpSocketAddress>> {
        option(self, &stream, |stream| {
            stream.peer_addr().map(IpSocketAddress::from)
        })
    }

    fn no_delay(&mut self, stream: Resource<Stream>) -> Result<Code<bool>> {
        option(self, &stream, TcpStream::nodelay)
    }

    fn set_no_delay(&mut self, stream: Resource<Stream>, value: bool) -> Result<Code<()>> {
        option(self, &stream, |stream| stream.set_nodelay(value))
    }

    fn keep_alive(&mut self, stream: Resource<Stream>) -> Result<Code<Option<u64>>> {
        let nanoseconds = |idle: Duration| u64::try_from(idle.as_nanos()).unwrap_or(u64::MAX);
        option(self, &stream, |stream| {
            let options = stream.options()?;
            let idle = options.keepalive()?.then(|| options.keepalive_idle());
            Ok(idle.transpose()?.map(nanoseconds))
        })
    }

    fn set_keep_alive(&mut self, stream: Resource<Stream>, idle: Option<u64>) -> Result<Code<()>> {
        let idle = idle.map(|nanoseconds| Duration::from_secs(nanoseconds / 1_000_000_000));
        if idle.is_some_and(|idle| !KEEP_ALIVE_SECONDS.contains(&idle.as_secs())) {
            return Ok(Err(ErrorCode::OutOfRange));
        }
        option(self, &stream, |stream| {
            let options = stream.options()?;
            if let Some(idle) = idle {
                options.set_keepalive_idle(idle)?;
            }
            options.set_keepalive(idle.is_some())
        })
    }

    fn receive_buffer_size(&mut self, stream: Resource<Stream>) -> Result<Code<u32>> {
        option(self, &stream, |stream| {
            stream.options()?.recv_buffer_size().map(count)
        })
    }

    fn set_receive_buffer_size(&mut self, stream: Resource<Stream>, size: u32) -> Result<Code<()>> {
        match buffer_size(size) {
            Ok(size) => option(self, &stream, |stream| {
                stream.options()?.set_recv_buffer_size(size)
            }),
            Err(code) => Ok(Err(code)),
        }
    }

    fn send_buffer_size(&mut self, stream: Resource<Stream>) -> Result<Code<u32>> {
        option(self, &stream, |stream| {
            stream.options()?.send_buffer_size().map(count)
        })
    }

    fn set_send_buffer_size(&mut self, stream: Resource<Stream>, size: u32) -> Result<Code<()>> {
        match buffer_size(size) {
            Ok(size) => option(self, &stream, |stream| {
                stream.options()?.set_send_buffer_size(size)
            }),
            Err(code) => Ok(Err(code)),
        }
    }

    fn drop(&mut self, stream: Resource<Stream>) -> Result<()> {
        let Stream(handle) = self.table.delete(stream)?;
        close_dropped(self, handle);
        Ok(())
    }
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
