//! `aio:host/tcp`: listeners and connections by plain imports. A resource holds a handle of the
//! guest's table, so that the ring works on the same object and a closed one is a code.

mod connect;
mod listen;
pub(super) mod options;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::net::{TcpListeners, TcpStream};
use wasmtime::Result;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

pub(super) use self::connect::{Made, made};
pub(super) use self::listen::backlog;
use self::options::{KeepAlive, buffer_size, option, set};
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
use crate::interrupt::Interrupt;
use crate::state::{State, lock};
use crate::stream::Stream;

/// A listener of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Listener(u64);

/// A connection of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Connection(u64);

type Code<T> = Result<T, ErrorCode>;

impl State {
    fn listener_of(&self, listener: &Resource<Listener>) -> Result<Code<Arc<TcpListeners>>> {
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
    ) -> Result<Code<Waiting<TcpListeners>>> {
        let listener = self.listener_of(listener)?;
        Ok(listener.map(|listener| (listener, self.interrupt.clone(), Arc::clone(&self.io))))
    }

    /// Makes a resource of a handle; when there is no room for it, the handle is closed.
    fn push_stream(&mut self, handle: u64) -> Code<Resource<Connection>> {
        self.table
            .push(Connection(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    fn listening(&mut self, listening: Result<u64, Refusal>) -> Code<Resource<Listener>> {
        let handle = listening.map_err(|refusal| self.refuse(refusal))?;
        self.push_listener(handle)
    }

    fn push_listener(&mut self, handle: u64) -> Code<Resource<Listener>> {
        self.table
            .push(Listener(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }
}

impl Host for State {}

impl HostTcpListener for State {
    fn listen(
        &mut self,
        address: IpSocketAddress,
        options: ListenOptions,
    ) -> Result<Code<Resource<Listener>>> {
        let listening = self.io().listen(&[address.into()], options);
        Ok(self.listening(listening))
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
        addresses: Vec<IpSocketAddress>,
        options: ListenOptions,
    ) -> Result<Code<Resource<Listener>>> {
        let addresses: Vec<SocketAddr> = addresses.into_iter().map(SocketAddr::from).collect();
        let listening = self.io().listen(&addresses, options);
        Ok(self.listening(listening))
    }

    fn inherited(&mut self, name: String) -> Result<Code<Resource<Listener>>> {
        let listening = self.io().inherit(&name);
        Ok(self.listening(listening))
    }

    fn local_addresses(
        &mut self,
        listener: Resource<Listener>,
    ) -> Result<Code<Vec<IpSocketAddress>>> {
        let listener = self.listener_of(&listener)?;
        Ok(listener.and_then(|listener| {
            let addresses = listener.local_addrs();
            let addresses = addresses.map_err(|error| error_code("local address", &error))?;
            Ok(addresses.into_iter().map(IpSocketAddress::from).collect())
        }))
    }

    fn local_address(&mut self, listener: Resource<Listener>) -> Result<Code<IpSocketAddress>> {
        let addresses = self.local_addresses(listener)?;
        Ok(addresses.and_then(|all| all.into_iter().next().ok_or(ErrorCode::Other)))
    }

    fn drop(&mut self, listener: Resource<Listener>) -> Result<()> {
        let Listener(handle) = self.table.delete(listener)?;
        self.close_dropped(handle);
        Ok(())
    }
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
        let connect = |io: &mut Io| io.connect(address.into());
        Ok(connected(store, begin(store, connect)).await)
    }

    async fn connect_with(
        store: &Accessor<T, Self>,
        address: IpSocketAddress,
        options: ConnectOptions,
    ) -> Result<Code<Resource<Connection>>> {
        let connect = |io: &mut Io| io.connect_with(address.into(), &options);
        Ok(connected(store, begin(store, connect)).await)
    }

    async fn connect_name(
        store: &Accessor<T, Self>,
        name: String,
        service: String,
        family: Option<IpFamily>,
        options: ConnectOptions,
    ) -> Result<Code<Resource<Connection>>> {
        let looking = |io: &mut Io| {
            let options = io.connect_options(&options)?;
            Ok((io.lookup(&name, &service, family)?, options))
        };
        let ((lookup, options), interrupt) = match begin(store, looking) {
            Ok(begun) => begun,
            Err(code) => return Ok(Err(code)),
        };
        let found = match interrupt.or_stop(lookup).await {
            Ok(found) => found,
            Err(stopped) => return Ok(Err(stopped.into())),
        };
        let connect = |io: &mut Io| io.connect_found(&name, found, &options);
        Ok(connected(store, begin(store, connect)).await)
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

/// Begins an operation of a guest; a refusal is told to the embedder.
fn begin<T, R>(
    store: &Accessor<T, Imports>,
    operation: impl FnOnce(&mut Io) -> Result<R, Refusal>,
) -> Code<(R, Interrupt)> {
    store.with(|mut access| {
        let state = access.get();
        let begun = operation(&mut state.io());
        let begun = begun.map_err(|refusal| state.refuse(refusal))?;
        Ok((begun, state.interrupt.clone()))
    })
}

/// Waits for a connection that was begun, and makes a resource of it.
async fn connected<T>(
    store: &Accessor<T, Imports>,
    begun: Code<(impl Future<Output = io::Result<Made>>, Interrupt)>,
) -> Code<Resource<Connection>> {
    let (connect, interrupt) = begun?;
    let made = interrupt.or_stop(connect).await?;
    let made = made.map_err(|error| error_code("connect", &error))?;
    store.with(|mut access| {
        let state = access.get();
        let handle = state.io().open_made(made)?;
        state.push_stream(handle)
    })
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
        stream: Resource<Connection>,
        options: KeepAliveOptions,
    ) -> Result<Code<()>> {
        let how = KeepAlive::checked(&options).map(Some);
        set(self, &stream, how, options::keep_alive)
    }

    fn reset_on_close(&mut self, stream: Resource<Connection>) -> Result<Code<bool>> {
        option(self, &stream, |stream| stream.options()?.reset_on_close())
    }

    fn set_reset_on_close(
        &mut self,
        stream: Resource<Connection>,
        value: bool,
    ) -> Result<Code<()>> {
        set(self, &stream, Ok(value), |stream, reset| {
            stream.options()?.set_reset_on_close(reset)
        })
    }

    fn hop_limit(&mut self, stream: Resource<Connection>) -> Result<Code<u8>> {
        option(self, &stream, |stream| {
            let hops = stream.options()?.hop_limit()?;
            Ok(u8::try_from(hops).unwrap_or(u8::MAX))
        })
    }

    fn set_hop_limit(&mut self, stream: Resource<Connection>, value: u8) -> Result<Code<()>> {
        set(self, &stream, options::hops(value), |stream, hops| {
            stream.options()?.set_hop_limit(hops)
        })
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
        set(self, &stream, Ok(value), TcpStream::set_nodelay)
    }

    fn keep_alive(&mut self, stream: Resource<Connection>) -> Result<Code<Option<u64>>> {
        option(self, &stream, options::idle)
    }

    fn set_keep_alive(
        &mut self,
        stream: Resource<Connection>,
        idle: Option<u64>,
    ) -> Result<Code<()>> {
        let how = idle.map(KeepAlive::after).transpose();
        set(self, &stream, how, options::keep_alive)
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
        set(self, &stream, buffer_size(size), |stream, size| {
            stream.options()?.set_recv_buffer_size(size)
        })
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
        set(self, &stream, buffer_size(size), |stream, size| {
            stream.options()?.set_send_buffer_size(size)
        })
    }

    fn drop(&mut self, stream: Resource<Connection>) -> Result<()> {
        let Connection(handle) = self.table.delete(stream)?;
        self.close_dropped(handle);
        Ok(())
    }
}
