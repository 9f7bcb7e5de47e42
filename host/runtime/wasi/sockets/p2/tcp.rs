//! `wasi:sockets/tcp` and `tcp-create-socket` of 0.2: each step of a socket is started, then
//! finished; accepting and finishing never wait, the pollable of the socket does.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use aio_loop::net::SocketOptions;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, Pollable, SocketResult, subscribe,
};
use wit::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Network};
use wit::tcp::{Duration, ShutdownType, TcpSocket};

use super::network::{family, family_of};
use super::streams::{Halves, Input, Output};
use super::{trap, wit};
use crate::imports::io::Io;
use crate::state::{State, lock};
use crate::wasi::sockets::code::{Code, Failure};
use crate::wasi::sockets::options;
use crate::wasi::sockets::tcp::{AcceptError, Connection, Tcp};
use crate::wasi::sockets::{ours, theirs};

/// A TCP socket, and what 0.2 adds to it.
struct Socket {
    tcp: Tcp,
    started: Option<Operation>,
    halves: Option<Arc<Halves>>,
    /// What the pollable has found ready. It has to be there, whoever came first: guests take
    /// a pollable's word that finishing and accepting find something.
    found: Option<Found>,
    io: Arc<Mutex<Io>>,
}

/// What a pollable has found.
enum Found {
    Connected(io::Result<Arc<Connection>>),
    Accepted(Result<Tcp, AcceptError>),
}

/// What was started and is to be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Bind,
    Connect,
    Listen,
}

type Streams = (Resource<DynInputStream>, Resource<DynOutputStream>);

impl Found {
    fn is_wait(&self) -> bool {
        let (Self::Connected(Err(error)) | Self::Accepted(Err(AcceptError::Io(error)))) = self
        else {
            return false;
        };
        error.kind() == io::ErrorKind::WouldBlock
    }
}

impl Socket {
    fn new(tcp: Tcp, io: &Arc<Mutex<Io>>) -> Self {
        Self {
            tcp,
            started: None,
            halves: None,
            found: None,
            io: Arc::clone(io),
        }
    }

    /// How the attempt to connect ended, once it has.
    fn try_connected(&mut self) -> io::Result<Arc<Connection>> {
        match self.found.take() {
            Some(Found::Connected(connected)) => connected,
            _ => self.tcp.try_connected(),
        }
    }

    /// A connection, if one waits.
    fn try_accept(&mut self) -> Result<Tcp, AcceptError> {
        if let Some(Found::Accepted(accepted)) = self.found.take() {
            return accepted;
        }
        let listener = self.tcp.listener().filter(|_| self.started.is_none());
        let listener = listener.ok_or(AcceptError::NotListening)?;
        listener.try_accept(&lock(&self.io))
    }

    /// A step that was started is to be finished; only that of a connection takes time.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let found = match self.started {
                _ if self.found.is_some() => return Poll::Ready(()),
                Some(Operation::Connect) => Found::Connected(self.tcp.try_connected()),
                None if self.tcp.is_listening() => Found::Accepted(self.try_accept()),
                _ => return Poll::Ready(()),
            };
            if !found.is_wait() {
                self.found = Some(found);
                return Poll::Ready(());
            }
            ready!(self.tcp.poll_event(cx));
        }
    }

    fn start(&mut self, operation: Operation) {
        self.started = Some(operation);
    }

    fn idle(&self) -> Result<(), ErrorCode> {
        match self.started {
            None => Ok(()),
            Some(_) => Err(ErrorCode::ConcurrencyConflict),
        }
    }

    fn under_way(&self, operation: Operation) -> Result<(), ErrorCode> {
        if self.started == Some(operation) {
            Ok(())
        } else {
            Err(ErrorCode::NotInProgress)
        }
    }

    fn finish(&mut self, operation: Operation) -> Result<(), ErrorCode> {
        self.under_way(operation)?;
        self.started = None;
        Ok(())
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), Code> {
        let halves = self.halves.as_ref().ok_or(Code::InvalidState)?;
        halves.shutdown(how);
        Ok(())
    }
}

fn entry<'a>(state: &'a mut State, socket: &Resource<TcpSocket>) -> SocketResult<&'a mut Socket> {
    Ok(state.table.get_mut(&ours(socket))?)
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
    /// Starts a step on which the policy or the quota is asked.
    fn start(
        &mut self,
        socket: &Resource<TcpSocket>,
        operation: Operation,
        step: impl FnOnce(&mut Tcp, &Io) -> Result<(), Failure>,
    ) -> SocketResult<()> {
        let socket = self.table.get_mut(&ours::<_, Socket>(socket))?;
        socket.idle()?;
        let started = step(&mut socket.tcp, &lock(&self.io));
        if started.is_ok() {
            socket.start(operation);
        }
        self.p2(started)
    }

    /// Makes the two streams of a connection.
    fn push_halves(&mut self, connection: Arc<Connection>) -> SocketResult<(Arc<Halves>, Streams)> {
        let halves = Arc::new(Halves::new(connection, &self.handle, &self.io));
        let input: DynInputStream = Box::new(Input(Arc::clone(&halves)));
        let output: DynOutputStream = Box::new(Output(Arc::clone(&halves)));
        let input = self.table.push(input).map_err(Failure::from);
        let input = self.p2(input)?;
        match self.table.push(output) {
            Ok(output) => Ok((halves, (input, output))),
            Err(error) => {
                self.table.delete(input)?;
                self.p2(Err(error.into()))
            }
        }
    }

    fn push_socket(&mut self, socket: Socket) -> SocketResult<Resource<TcpSocket>> {
        let pushed = self.table.push(socket).map_err(Failure::from);
        self.p2(pushed).map(|socket| theirs(&socket))
    }
}

impl wit::tcp_create_socket::Host for State {
    fn create_tcp_socket(&mut self, of: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let tcp = Tcp::new(&self.io(), family(of));
        let tcp = self.p2(tcp)?;
        let socket = Socket::new(tcp, &self.io);
        self.push_socket(socket)
    }
}

impl wit::tcp::Host for State {}

impl wit::tcp::HostTcpSocket for State {
    async fn start_bind(
        &mut self,
        socket: Resource<TcpSocket>,
        network: Resource<Network>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        self.network(&network).map_err(trap)?;
        self.start(&socket, Operation::Bind, |tcp, io| {
            tcp.bind(io, address.into())
        })
    }

    fn finish_bind(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        Ok(entry(self, &socket)?.finish(Operation::Bind)?)
    }

    fn start_connect(
        &mut self,
        socket: Resource<TcpSocket>,
        network: Resource<Network>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        self.network(&network).map_err(trap)?;
        self.start(&socket, Operation::Connect, |tcp, io| {
            tcp.connect(io, address.into())
        })
    }

    fn finish_connect(&mut self, socket: Resource<TcpSocket>) -> SocketResult<Streams> {
        let connecting = entry(self, &socket)?;
        connecting.under_way(Operation::Connect)?;
        let connected = connecting.try_connected();
        if let Err(error) = &connected
            && error.kind() == io::ErrorKind::WouldBlock
        {
            return Err(ErrorCode::WouldBlock.into());
        }
        connecting.started = None;
        let (halves, streams) = self.push_halves(connected.map_err(Code::from)?)?;
        entry(self, &socket)?.halves = Some(halves);
        Ok(streams)
    }

    async fn start_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.start(&socket, Operation::Listen, |tcp, io| {
            // 0.2 binds nothing by itself.
            if !tcp.is_bound() {
                return Err(Code::InvalidState.into());
            }
            tcp.listen(io).map(drop)
        })
    }

    fn finish_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        Ok(entry(self, &socket)?.finish(Operation::Listen)?)
    }

    fn accept(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> SocketResult<(
        Resource<TcpSocket>,
        Resource<DynInputStream>,
        Resource<DynOutputStream>,
    )> {
        let tcp = match entry(self, &socket)?.try_accept() {
            Ok(tcp) => tcp,
            Err(AcceptError::NotListening) => return Err(Code::InvalidState.into()),
            Err(AcceptError::Quota) => return Err(Code::SocketLimit.into()),
            Err(AcceptError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(ErrorCode::WouldBlock.into());
            }
            Err(AcceptError::Io(error)) => return Err(Code::from(error).into()),
        };
        let connection = tcp.connection().map(Arc::clone).ok_or(Code::InvalidState)?;
        let (halves, (input, output)) = self.push_halves(connection)?;
        let mut accepted = Socket::new(tcp, &self.io);
        accepted.halves = Some(halves);
        Ok((self.push_socket(accepted)?, input, output))
    }

    fn local_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(entry(self, &socket)?.tcp.local_address()?.into())
    }

    fn remote_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(entry(self, &socket)?.tcp.remote_address()?.into())
    }

    fn is_listening(&mut self, socket: Resource<TcpSocket>) -> Result<bool> {
        Ok(self
            .table
            .get(&ours::<_, Socket>(&socket))?
            .tcp
            .is_listening())
    }

    fn address_family(&mut self, socket: Resource<TcpSocket>) -> Result<IpAddressFamily> {
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

    fn keep_alive_enabled(&mut self, socket: Resource<TcpSocket>) -> SocketResult<bool> {
        option(self, &socket, options::keep_alive)
    }

    fn set_keep_alive_enabled(
        &mut self,
        socket: Resource<TcpSocket>,
        enabled: bool,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_keep_alive(o, enabled))
    }

    fn keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>) -> SocketResult<Duration> {
        option(self, &socket, options::keep_alive_idle)
    }

    fn set_keep_alive_idle_time(
        &mut self,
        socket: Resource<TcpSocket>,
        idle: Duration,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_keep_alive_idle(o, idle))
    }

    fn keep_alive_interval(&mut self, socket: Resource<TcpSocket>) -> SocketResult<Duration> {
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

    fn keep_alive_count(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u32> {
        option(self, &socket, options::keep_alive_count)
    }

    fn set_keep_alive_count(
        &mut self,
        socket: Resource<TcpSocket>,
        count: u32,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_keep_alive_count(o, count))
    }

    fn hop_limit(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u8> {
        option(self, &socket, options::hop_limit)
    }

    fn set_hop_limit(&mut self, socket: Resource<TcpSocket>, hops: u8) -> SocketResult<()> {
        option(self, &socket, |o| options::set_hop_limit(o, hops))
    }

    fn receive_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::receive_buffer_size)
    }

    fn set_receive_buffer_size(
        &mut self,
        socket: Resource<TcpSocket>,
        size: u64,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_receive_buffer_size(o, size))
    }

    fn send_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::send_buffer_size)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<TcpSocket>, size: u64) -> SocketResult<()> {
        option(self, &socket, |o| options::set_send_buffer_size(o, size))
    }

    fn subscribe(&mut self, socket: Resource<TcpSocket>) -> Result<Resource<DynPollable>> {
        subscribe(&mut self.table, ours::<_, Socket>(&socket))
    }

    fn shutdown(&mut self, socket: Resource<TcpSocket>, how: ShutdownType) -> SocketResult<()> {
        let how = match how {
            ShutdownType::Receive => Shutdown::Read,
            ShutdownType::Send => Shutdown::Write,
            ShutdownType::Both => Shutdown::Both,
        };
        Ok(entry(self, &socket)?.shutdown(how)?)
    }

    fn drop(&mut self, socket: Resource<TcpSocket>) -> Result<()> {
        self.table.delete(ours::<_, Socket>(&socket))?;
        Ok(())
    }
}

#[async_trait]
impl Pollable for Socket {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll_ready(cx)).await;
    }
}
