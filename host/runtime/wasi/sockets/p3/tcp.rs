//! The TCP socket of `wasi:sockets/types` 0.3.

use std::sync::Arc;

use aio_loop::net::{Connect, SocketOptions};
use futures_channel::oneshot::{self, Receiver};
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};
use wasmtime::{AsContextMut, Result};
use wasmtime_wasi::p3::sockets::SocketResult;
use wit::types::{
    Duration, ErrorCode, HostTcpSocket, HostTcpSocketWithStore, IpAddressFamily, IpSocketAddress,
    TcpSocket,
};

use super::accept::Accept;
use super::bytes::{Receive, Send};
use super::{family, family_of, trap, wit};
use crate::state::{State, lock};
use crate::wasi::sockets::code::{Code, Failure};
use crate::wasi::sockets::tcp::{Connection, Listener, Tcp};
use crate::wasi::sockets::{Sockets, options, ours, theirs};

/// A TCP socket, and which of its streams the guest has got.
pub(super) struct Socket {
    tcp: Tcp,
    sends: bool,
    receives: bool,
}

impl Socket {
    pub(super) fn new(tcp: Tcp) -> Self {
        Self {
            tcp,
            sends: false,
            receives: false,
        }
    }

    fn connection(&self) -> Result<Arc<Connection>, Code> {
        self.tcp
            .connection()
            .map(Arc::clone)
            .ok_or(Code::InvalidState)
    }

    fn send(&mut self) -> Result<Arc<Connection>, Code> {
        let connection = self.connection()?;
        match std::mem::replace(&mut self.sends, true) {
            false => Ok(connection),
            true => Err(Code::InvalidState),
        }
    }

    fn receive(&mut self) -> Result<Arc<Connection>, Code> {
        let connection = self.connection()?;
        match std::mem::replace(&mut self.receives, true) {
            false => Ok(connection),
            true => Err(Code::InvalidState),
        }
    }
}

fn entry<'a>(state: &'a mut State, socket: &Resource<TcpSocket>) -> SocketResult<&'a mut Socket> {
    state.table.get_mut(&ours(socket)).map_err(trap)
}

/// Sets or asks one option.
fn option<T>(
    state: &mut State,
    socket: &Resource<TcpSocket>,
    ask: impl FnOnce(&SocketOptions<'_>) -> Result<T, Code>,
) -> SocketResult<T> {
    let socket = entry(state, socket)?;
    Ok(ask(&socket.tcp.options()?)?)
}

impl State {
    fn connect(
        &mut self,
        socket: &Resource<TcpSocket>,
        address: IpSocketAddress,
    ) -> SocketResult<Connect> {
        let socket = self
            .table
            .get_mut(&ours::<_, Socket>(socket))
            .map_err(trap)?;
        let started = socket.tcp.connect(&lock(&self.io), address.into());
        let connect = started.map(|()| socket.tcp.take_connect());
        self.p3(connect)?.ok_or_else(|| Code::InvalidState.into())
    }

    fn listen(&mut self, socket: &Resource<TcpSocket>) -> SocketResult<Arc<Listener>> {
        let socket = self
            .table
            .get_mut(&ours::<_, Socket>(socket))
            .map_err(trap)?;
        let listener = socket.tcp.listen(&lock(&self.io));
        self.p3(listener)
    }
}

impl<T: 'static> HostTcpSocketWithStore<T> for Sockets {
    async fn connect(
        store: &Accessor<T, Self>,
        socket: Resource<TcpSocket>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        let connect = store.with(|mut access| access.get().connect(&socket, address))?;
        let connected = connect.await;
        store.with(|mut access| {
            let socket = entry(access.get(), &socket)?;
            socket.tcp.connected(connected).map_err(Code::from)?;
            Ok(())
        })
    }

    fn listen(
        mut store: Access<'_, T, Self>,
        socket: Resource<TcpSocket>,
    ) -> impl Future<Output = SocketResult<StreamReader<Resource<TcpSocket>>>> + std::marker::Send
    {
        // At once: the store cannot go along into a future.
        let state = store.getter();
        let accept = store.get().listen(&socket);
        let accept = accept.map(|listener| Accept::new(listener, state));
        let connections =
            accept.and_then(|accept| StreamReader::new(&mut store, accept).map_err(trap));
        std::future::ready(connections)
    }

    fn send(
        mut store: Access<'_, T, Self>,
        socket: Resource<TcpSocket>,
        mut data: StreamReader<u8>,
    ) -> Result<FutureReader<Result<(), ErrorCode>>> {
        let (end, ended) = oneshot::channel();
        match entry(store.get(), &socket)?.send() {
            Ok(connection) => data.pipe(&mut store, Send::new(connection, end))?,
            Err(code) => {
                drop(end.send(Err(code.into())));
                data.close(&mut store)?;
            }
        }
        told(&mut store, ended)
    }

    fn receive(
        mut store: Access<'_, T, Self>,
        socket: Resource<TcpSocket>,
    ) -> Result<(StreamReader<u8>, FutureReader<Result<(), ErrorCode>>)> {
        let (end, ended) = oneshot::channel();
        let reader = match entry(store.get(), &socket)?.receive() {
            Ok(connection) => StreamReader::new(&mut store, Receive::new(connection, end))?,
            Err(code) => {
                drop(end.send(Err(code.into())));
                StreamReader::new(&mut store, std::iter::empty())?
            }
        };
        Ok((reader, told(&mut store, ended)?))
    }
}

/// A future of how a stream ended.
fn told(
    store: impl AsContextMut,
    ended: Receiver<Result<(), ErrorCode>>,
) -> Result<FutureReader<Result<(), ErrorCode>>> {
    FutureReader::new(store, async move {
        // Untold only if the guest goes before the stream does.
        wasmtime::error::Ok(ended.await.unwrap_or(Ok(())))
    })
}

impl HostTcpSocket for State {
    fn create(&mut self, of: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let tcp = Tcp::new(&self.io(), family(of));
        let tcp = self.p3(tcp)?;
        let pushed = self.table.push(Socket::new(tcp)).map_err(Failure::from);
        self.p3(pushed).map(|socket| theirs(&socket))
    }

    async fn bind(
        &mut self,
        socket: Resource<TcpSocket>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        let socket = self
            .table
            .get_mut(&ours::<_, Socket>(&socket))
            .map_err(trap)?;
        let bound = socket.tcp.bind(&lock(&self.io), address.into());
        self.p3(bound)
    }

    fn get_local_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(entry(self, &socket)?.tcp.local_address()?.into())
    }

    fn get_remote_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(entry(self, &socket)?.tcp.remote_address()?.into())
    }

    fn get_is_listening(&mut self, socket: Resource<TcpSocket>) -> Result<bool> {
        Ok(self
            .table
            .get(&ours::<_, Socket>(&socket))?
            .tcp
            .is_listening())
    }

    fn get_address_family(&mut self, socket: Resource<TcpSocket>) -> Result<IpAddressFamily> {
        Ok(family_of(
            self.table.get(&ours::<_, Socket>(&socket))?.tcp.family(),
        ))
    }

    fn set_listen_backlog_size(
        &mut self,
        socket: Resource<TcpSocket>,
        size: u64,
    ) -> SocketResult<()> {
        Ok(entry(self, &socket)?.tcp.set_backlog(size)?)
    }

    fn get_keep_alive_enabled(&mut self, socket: Resource<TcpSocket>) -> SocketResult<bool> {
        option(self, &socket, options::keep_alive)
    }

    fn set_keep_alive_enabled(
        &mut self,
        socket: Resource<TcpSocket>,
        enabled: bool,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_keep_alive(o, enabled))
    }

    fn get_keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>) -> SocketResult<Duration> {
        option(self, &socket, options::keep_alive_idle)
    }

    fn set_keep_alive_idle_time(
        &mut self,
        socket: Resource<TcpSocket>,
        idle: Duration,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_keep_alive_idle(o, idle))
    }

    fn get_keep_alive_interval(&mut self, socket: Resource<TcpSocket>) -> SocketResult<Duration> {
        option(self, &socket, options::keep_alive_interval)
    }

    fn set_keep_alive_interval(
        &mut self,
        socket: Resource<TcpSocket>,
        interval: Duration,
    ) -> SocketResult<()> {
        option(self, &socket, |o| {
            options::set_keep_alive_interval(o, interval)
        })
    }

    fn get_keep_alive_count(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u32> {
        option(self, &socket, options::keep_alive_count)
    }

    fn set_keep_alive_count(
        &mut self,
        socket: Resource<TcpSocket>,
        count: u32,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_keep_alive_count(o, count))
    }

    fn get_hop_limit(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u8> {
        option(self, &socket, options::hop_limit)
    }

    fn set_hop_limit(&mut self, socket: Resource<TcpSocket>, hops: u8) -> SocketResult<()> {
        option(self, &socket, |o| options::set_hop_limit(o, hops))
    }

    fn get_receive_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::receive_buffer_size)
    }

    fn set_receive_buffer_size(
        &mut self,
        socket: Resource<TcpSocket>,
        size: u64,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_receive_buffer_size(o, size))
    }

    fn get_send_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::send_buffer_size)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<TcpSocket>, size: u64) -> SocketResult<()> {
        option(self, &socket, |o| options::set_send_buffer_size(o, size))
    }

    fn drop(&mut self, socket: Resource<TcpSocket>) -> Result<()> {
        self.table.delete(ours::<_, Socket>(&socket))?;
        Ok(())
    }
}
