//! `aio:host/tcp`: listeners and connections by plain imports. A resource holds a handle of the
//! guest's table, so that the ring works on the same object and a closed one is a code.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aio_loop::net::{ListenOptions as LoopListenOptions, TcpListener, TcpStream};
use wasmtime::Result;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

use super::convert::error_code;
use super::io::{Io, Refusal};
use super::streams::{self, Waiting, count};
use super::wit::streams::ShutdownHow;
use super::wit::tcp::{
    ConnectOptions, Host, HostTcpListener, HostTcpListenerWithStore, HostTcpStream,
    HostTcpStreamWithStore, KeepAliveOptions, ListenOptions,
};
use super::wit::types::{ErrorCode, IpFamily, IpSocketAddress};
use super::{Imports, byte_streams};
use crate::handles::Object;
use crate::state::{State, lock};
use crate::stream::Stream;

/// A listener of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Listener(u64);

/// A connection of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Connection(u64);

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
        self.open(Object::Stream(Arc::new(stream.into())))
    }
}

impl State {
    fn listener_of(&self, listener: &Resource<Listener>) -> Result<Code<Arc<TcpListener>>> {
        let handle = self.table.get(listener)?.0;
        Ok(self.io().listener(handle))
    }

    fn stream_of(&self, stream: &Resource<Connection>) -> Result<Code<Arc<Stream>>> {
        let handle = self.table.get(stream)?.0;
        Ok(self.io().stream(handle))
    }

    fn waiting_listener(
        &self,
        listener: &Resource<Listener>,
    ) -> Result<Code<Waiting<TcpListener>>> {
        let listener = self.listener_of(listener)?;
        Ok(listener.map(|listener| (listener, self.interrupt.clone(), Arc::clone(&self.io))))
    }

    /// Makes a resource of a handle; when there is no room for it, the handle is closed.
    fn push_stream(&mut self, handle: u64) -> Code<Resource<Connection>> {
        self.table
            .push(Connection(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    fn push_listener(&mut self, handle: u64) -> Code<Resource<Listener>> {
        self.table
            .push(Listener(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }
}

/// Sets or asks one option of a stream.
fn option<T>(
    state: &State,
    stream: &Resource<Connection>,
    ask: impl FnOnce(&TcpStream) -> std::io::Result<T>,
) -> Result<Code<T>> {
    let stream = state.stream_of(stream)?;
    Ok(stream.and_then(|stream| {
        let tcp = stream.tcp().ok_or(ErrorCode::BadHandle)?;
        ask(tcp).map_err(|error| error_code("socket option", &error))
    }))
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

    fn listen_many(
        &mut self,
        _addresses: Vec<IpSocketAddress>,
        _options: ListenOptions,
    ) -> Result<Code<Resource<Listener>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn inherited(&mut self, _name: String) -> Result<Code<Resource<Listener>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn local_addresses(
        &mut self,
        _listener: Resource<Listener>,
    ) -> Result<Code<Vec<IpSocketAddress>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn local_address(&mut self, listener: Resource<Listener>) -> Result<Code<IpSocketAddress>> {
        let listener = self.listener_of(&listener)?;
        Ok(listener.and_then(|listener| address("local address", listener.local_addr())))
    }

    fn drop(&mut self, listener: Resource<Listener>) -> Result<()> {
        let Listener(handle) = self.table.delete(listener)?;
        self.close_dropped(handle);
        Ok(())
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
    ) -> Result<Code<(Resource<Connection>, IpSocketAddress)>> {
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

fn push_new(state: &mut State, stream: TcpStream) -> Code<Resource<Connection>> {
    let handle = state.io().open_stream(stream)?;
    state.push_stream(handle)
}

impl<T> HostTcpStreamWithStore<T> for Imports {
    async fn connect(
        store: &Accessor<T, Self>,
        address: IpSocketAddress,
    ) -> Result<Code<Resource<Connection>>> {
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

    async fn connect_with(
        _store: &Accessor<T, Self>,
        _address: IpSocketAddress,
        _options: ConnectOptions,
    ) -> Result<Code<Resource<Connection>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    async fn connect_name(
        _store: &Accessor<T, Self>,
        _name: String,
        _service: String,
        _family: Option<IpFamily>,
        _options: ConnectOptions,
    ) -> Result<Code<Resource<Connection>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    async fn read(
        store: &Accessor<T, Self>,
        stream: Resource<Connection>,
        max: u32,
    ) -> Result<Code<Vec<u8>>> {
        Ok(streams::read(waiting(store, &stream)?, max).await)
    }

    async fn write(
        store: &Accessor<T, Self>,
        stream: Resource<Connection>,
        data: Vec<u8>,
    ) -> Result<Code<u32>> {
        Ok(streams::write(waiting(store, &stream)?, data).await)
    }

    async fn send(
        store: &Accessor<T, Self>,
        stream: Resource<Connection>,
        data: StreamReader<u8>,
    ) -> Result<Code<u64>> {
        let handle = store.with(|mut access| access.get().table.get(&stream).map(|own| own.0))?;
        byte_streams::send(store, handle, data).await
    }

    fn receive(
        mut store: Access<'_, T, Self>,
        stream: Resource<Connection>,
    ) -> Result<(StreamReader<u8>, FutureReader<Code<()>>)> {
        let handle = store.get().table.get(&stream)?.0;
        byte_streams::receive(store, handle)
    }
}

/// What a wait on the connection of a resource needs.
fn waiting<T>(
    store: &Accessor<T, Imports>,
    stream: &Resource<Connection>,
) -> Result<Code<Waiting<Stream>>> {
    store.with(|mut access| {
        let state = access.get();
        let handle = state.table.get(stream)?.0;
        Ok(state.waiting_stream(handle))
    })
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
    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Connection>>> {
        let known = self.io().stream(handle);
        let known = known.and_then(|stream| stream.tcp().map(drop).ok_or(ErrorCode::BadHandle));
        Ok(match known {
            Ok(()) => self
                .table
                .push(Connection(handle))
                .map_err(|_full| ErrorCode::QuotaExceeded),
            Err(code) => Err(code),
        })
    }

    fn as_handle(&mut self, stream: Resource<Connection>) -> Result<u64> {
        Ok(self.table.get(&stream)?.0)
    }

    fn shutdown(&mut self, stream: Resource<Connection>, how: ShutdownHow) -> Result<Code<()>> {
        let handle = self.table.get(&stream)?.0;
        Ok(streams::shutdown(self, handle, how))
    }

    fn set_keep_alive_options(
        &mut self,
        _stream: Resource<Connection>,
        _options: KeepAliveOptions,
    ) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn reset_on_close(&mut self, _stream: Resource<Connection>) -> Result<Code<bool>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_reset_on_close(
        &mut self,
        _stream: Resource<Connection>,
        _value: bool,
    ) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn hop_limit(&mut self, _stream: Resource<Connection>) -> Result<Code<u8>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_hop_limit(&mut self, _stream: Resource<Connection>, _value: u8) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn local_address(&mut self, stream: Resource<Connection>) -> Result<Code<IpSocketAddress>> {
        option(self, &stream, |stream| {
            stream.local_addr().map(IpSocketAddress::from)
        })
    }

    fn peer_address(&mut self, stream: Resource<Connection>) -> Result<Code<IpSocketAddress>> {
        option(self, &stream, |stream| {
            stream.peer_addr().map(IpSocketAddress::from)
        })
    }

    fn no_delay(&mut self, stream: Resource<Connection>) -> Result<Code<bool>> {
        option(self, &stream, TcpStream::nodelay)
    }

    fn set_no_delay(&mut self, stream: Resource<Connection>, value: bool) -> Result<Code<()>> {
        option(self, &stream, |stream| stream.set_nodelay(value))
    }

    fn keep_alive(&mut self, stream: Resource<Connection>) -> Result<Code<Option<u64>>> {
        let nanoseconds = |idle: Duration| u64::try_from(idle.as_nanos()).unwrap_or(u64::MAX);
        option(self, &stream, |stream| {
            let options = stream.options()?;
            let idle = options.keepalive()?.then(|| options.keepalive_idle());
            Ok(idle.transpose()?.map(nanoseconds))
        })
    }

    fn set_keep_alive(
        &mut self,
        stream: Resource<Connection>,
        idle: Option<u64>,
    ) -> Result<Code<()>> {
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

    fn receive_buffer_size(&mut self, stream: Resource<Connection>) -> Result<Code<u32>> {
        option(self, &stream, |stream| {
            stream.options()?.recv_buffer_size().map(count)
        })
    }

    fn set_receive_buffer_size(
        &mut self,
        stream: Resource<Connection>,
        size: u32,
    ) -> Result<Code<()>> {
        match buffer_size(size) {
            Ok(size) => option(self, &stream, |stream| {
                stream.options()?.set_recv_buffer_size(size)
            }),
            Err(code) => Ok(Err(code)),
        }
    }

    fn send_buffer_size(&mut self, stream: Resource<Connection>) -> Result<Code<u32>> {
        option(self, &stream, |stream| {
            stream.options()?.send_buffer_size().map(count)
        })
    }

    fn set_send_buffer_size(
        &mut self,
        stream: Resource<Connection>,
        size: u32,
    ) -> Result<Code<()>> {
        match buffer_size(size) {
            Ok(size) => option(self, &stream, |stream| {
                stream.options()?.set_send_buffer_size(size)
            }),
            Err(code) => Ok(Err(code)),
        }
    }

    fn drop(&mut self, stream: Resource<Connection>) -> Result<()> {
        let Connection(handle) = self.table.delete(stream)?;
        self.close_dropped(handle);
        Ok(())
    }
}
