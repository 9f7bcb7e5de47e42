//! `aio:host/udp`: datagrams by plain imports. A resource holds a handle of the guest's table, so
//! that the ring works on the same socket.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use aio_loop::dns::Family;
use aio_loop::net::{Interface, Outgoing as LoopOutgoing, UdpOptions, UdpSocket};
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::convert::error_code;
use super::io::{Io, Refusal, read_max};
use super::streams::{Waiting, count};
use super::tcp::options::buffer_size;
use super::wit::types::{ErrorCode, IpSocketAddress};
use super::wit::udp::{
    BindOptions, Datagram, Host, HostUdpSocket, HostUdpSocketWithStore, Outgoing,
};
use crate::datagrams::Datagrams;
use crate::handles::Object;
use crate::state::{State, lock};

/// A socket of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Socket(u64);

type Code<T> = Result<T, ErrorCode>;

/// The most datagrams that a guest may pass in, or ask for, at once.
const COUNT_MAX: usize = 1024;

/// The most datagrams that one call sends: what one system call takes.
const BATCH_MAX: usize = 64;

/// How often a wait looks at a socket that got only what the guest may not see, before others have
/// their turn.
const UNSEEN_MAX: usize = 16;

impl From<BindOptions> for UdpOptions {
    fn from(options: BindOptions) -> Self {
        Self {
            reuse_address: options.reuse_address,
            reuse_port: options.reuse_port,
            v6_only: options.ipv6_only,
            broadcast: options.broadcast,
        }
    }
}

impl Io {
    fn bind_udp(&mut self, address: SocketAddr, options: BindOptions) -> Result<u64, Refusal> {
        self.grants.bind(address)?;
        self.room()?;
        let socket = UdpSocket::bind(&self.handle, address, &options.into());
        let socket = socket.map_err(|error| error_code("bind", &error))?;
        self.open_datagrams(Datagrams::listening(socket))
    }

    fn connect_udp(&mut self, peer: SocketAddr, local: Option<SocketAddr>) -> Result<u64, Refusal> {
        self.grants.connect(peer)?;
        local.map_or(Ok(()), |local| self.grants.bind(local))?;
        self.room()?;
        let options = UdpOptions::default();
        let datagrams = match local {
            Some(local) => UdpSocket::bind(&self.handle, local, &options).map(Datagrams::listening),
            None => UdpSocket::new(&self.handle, family(peer), &options).map(Datagrams::new),
        };
        let datagrams = datagrams.map_err(|error| error_code("bind", &error))?;
        let connected = datagrams.set_peer(Some(peer));
        connected.map_err(|error| error_code("connect", &error))?;
        self.open_datagrams(datagrams)
    }

    fn open_datagrams(&mut self, datagrams: Datagrams) -> Result<u64, Refusal> {
        Ok(self.open(Object::Datagrams(Arc::new(datagrams)))?)
    }

    pub(super) fn set_peer(&self, handle: u64, peer: Option<SocketAddr>) -> Result<(), Refusal> {
        let datagrams = self.datagrams(handle)?;
        peer.map_or(Ok(()), |peer| self.grants.connect(peer))?;
        datagrams
            .set_peer(peer)
            .map_err(|error| error_code("connect", &error).into())
    }

    fn join(
        &self,
        handle: u64,
        group: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Result<(), Refusal> {
        let datagrams = self.datagrams(handle)?;
        let interface = interface_of(datagrams.socket(), group, local)?;
        let own = datagrams.socket().local_addr();
        let own = own.map_err(|error| error_code("join", &error))?;
        self.grants.join(SocketAddr::new(group.ip(), own.port()))?;
        datagrams
            .socket()
            .join(group.ip(), interface)
            .map_err(|error| error_code("join", &error).into())
    }
}

pub(super) fn family(address: SocketAddr) -> Family {
    match address {
        SocketAddr::V4(_) => Family::V4,
        SocketAddr::V6(_) => Family::V6,
    }
}

/// The interface of a group: of IPv4 by an address of its, of IPv6 by number.
fn interface_of(
    socket: &UdpSocket,
    group: SocketAddr,
    local: Option<SocketAddr>,
) -> Code<Interface> {
    if !group.ip().is_multicast() || family(group) != socket.family() {
        return Err(ErrorCode::InvalidArgument);
    }
    match (group, local.map(|local| local.ip())) {
        (SocketAddr::V4(_), None) => Ok(Interface::Any),
        (SocketAddr::V4(_), Some(IpAddr::V4(local))) => Ok(Interface::Address(local)),
        (SocketAddr::V6(group), None) => Ok(Interface::Index(group.scope_id())),
        _ => Err(ErrorCode::InvalidArgument),
    }
}

impl State {
    fn datagrams_of(&self, socket: &Resource<Socket>) -> Result<Code<Arc<Datagrams>>> {
        let handle = self.table.get(socket)?.0;
        Ok(self.io().datagrams(handle))
    }

    /// Makes a resource of a handle; when there is no room for it, the handle is closed.
    fn push_udp(&mut self, opened: Result<u64, Refusal>) -> Code<Resource<Socket>> {
        let handle = opened.map_err(|refusal| self.refuse(refusal))?;
        self.table
            .push(Socket(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    fn waiting_socket(&self, handle: u64) -> Code<Waiting<Datagrams>> {
        let datagrams = self.io().datagrams(handle)?;
        Ok((datagrams, self.interrupt.clone(), Arc::clone(&self.io)))
    }

    /// Decides on datagrams of these lengths and destinations; tells for how many of the first it
    /// is granted. None of them is an error.
    fn judge_sends(&self, handle: u64, datagrams: &[(usize, Option<SocketAddr>)]) -> Code<usize> {
        for (index, &(length, to)) in datagrams.iter().enumerate() {
            let judged = self.io().judge_send(handle, length, to);
            match judged {
                Err(refusal) if index == 0 => return Err(self.refuse(refusal)),
                Err(_) => return Ok(index),
                Ok(()) => {}
            }
        }
        Ok(datagrams.len())
    }
}

/// Sets or asks one option of a socket.
fn option<T>(
    state: &State,
    socket: &Resource<Socket>,
    ask: impl FnOnce(&UdpSocket) -> std::io::Result<T>,
) -> Result<Code<T>> {
    let datagrams = state.datagrams_of(socket)?;
    Ok(datagrams.and_then(|datagrams| {
        ask(datagrams.socket()).map_err(|error| error_code("socket option", &error))
    }))
}

/// Sends some of `datagrams`, at least one, of which the policy has granted all.
async fn send_some(waiting: Waiting<Datagrams>, datagrams: &[Outgoing]) -> Code<usize> {
    let (socket, interrupt, io) = waiting;
    let batch: Vec<LoopOutgoing<'_>> = datagrams.iter().map(outgoing).collect();
    let sent = match socket.socket().try_send_batch(&batch) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            let length: usize = batch.iter().map(|datagram| datagram.data.len()).sum();
            let permit = lock(&io).buffered.take(length as u64);
            let _permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
            let send = poll_fn(|cx| socket.socket().poll_send_batch(cx, &batch));
            interrupt.or_stop(send).await?
        }
        sent => sent,
    };
    sent.map_err(|error| error_code("send", &error))
}

fn outgoing(datagram: &Outgoing) -> LoopOutgoing<'_> {
    LoopOutgoing {
        data: &datagram.data,
        to: datagram.peer.map(SocketAddr::from),
    }
}

/// Waits for up to `count` datagrams.
async fn receive_some(
    waiting: Code<Waiting<Datagrams>>,
    handle: u64,
    count: usize,
    max: u32,
) -> Code<Vec<Datagram>> {
    let (socket, interrupt, io) = waiting?;
    let receive = poll_fn(|cx| {
        for _ in 0..UNSEEN_MAX {
            let received = ready!(poll_receive(&mut lock(&io), cx, &socket, (count, max)))?;
            let seen = seen(&mut lock(&io), &socket, handle, received);
            if !seen.is_empty() {
                return Poll::Ready(Ok(seen));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    interrupt.or_stop(receive).await?
}

fn poll_receive(
    io: &mut Io,
    cx: &mut Context<'_>,
    socket: &Datagrams,
    (count, max): (usize, u32),
) -> Poll<Code<usize>> {
    let inbox = io.inbox();
    inbox.divide(read_max(max), count);
    let received = ready!(socket.socket().poll_recv_batch(cx, inbox));
    Poll::Ready(received.map_err(|error| error_code("receive", &error)))
}

/// What of the inbox the guest may see.
pub(super) fn seen(io: &mut Io, socket: &Datagrams, handle: u64, received: usize) -> Vec<Datagram> {
    let Some(inbox) = &io.inbox else {
        return Vec::new();
    };
    let admitted = inbox
        .iter()
        .take(received)
        .filter(|(received, _)| socket.admits(&mut io.grants, handle, received.from));
    admitted
        .map(|(received, data)| Datagram {
            data: data.to_vec(),
            peer: received.from.into(),
            truncated: received.truncated,
        })
        .collect()
}

impl Host for State {}

impl<T> HostUdpSocketWithStore<T> for Imports {
    async fn send(
        store: &Accessor<T, Self>,
        socket: Resource<Socket>,
        data: Vec<u8>,
        peer: Option<IpSocketAddress>,
    ) -> Result<Code<()>> {
        let datagrams = [Outgoing { data, peer }];
        let sent = begin_send(store, &socket, &datagrams)?;
        Ok(match sent {
            Ok((waiting, _)) => send_some(waiting, &datagrams).await.map(drop),
            Err(code) => Err(code),
        })
    }

    async fn send_many(
        store: &Accessor<T, Self>,
        socket: Resource<Socket>,
        mut datagrams: Vec<Outgoing>,
    ) -> Result<Code<u32>> {
        if datagrams.len() > COUNT_MAX {
            return Ok(Err(ErrorCode::OutOfRange));
        }
        // What waits is kept short: the guest gets a count and comes again.
        datagrams.truncate(BATCH_MAX);
        let (waiting, granted) = match begin_send(store, &socket, &datagrams)? {
            Ok(begun) => begun,
            Err(code) => return Ok(Err(code)),
        };
        datagrams.truncate(granted);
        if datagrams.is_empty() {
            return Ok(Ok(0));
        }
        Ok(send_some(waiting, &datagrams).await.map(count))
    }

    async fn receive(
        store: &Accessor<T, Self>,
        socket: Resource<Socket>,
        max: u32,
    ) -> Result<Code<Datagram>> {
        let (handle, waiting) = begin_receive(store, &socket)?;
        let received = receive_some(waiting, handle, 1, max).await;
        Ok(received.and_then(|received| received.into_iter().next().ok_or(ErrorCode::Other)))
    }

    async fn receive_many(
        store: &Accessor<T, Self>,
        socket: Resource<Socket>,
        count: u32,
        max: u32,
    ) -> Result<Code<Vec<Datagram>>> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if !(1..=COUNT_MAX).contains(&count) {
            return Ok(Err(ErrorCode::OutOfRange));
        }
        let (handle, waiting) = begin_receive(store, &socket)?;
        Ok(receive_some(waiting, handle, count, max).await)
    }
}

/// What the wait of a send needs, and how many of `datagrams` are granted.
fn begin_send<T>(
    store: &Accessor<T, Imports>,
    socket: &Resource<Socket>,
    datagrams: &[Outgoing],
) -> Result<Code<(Waiting<Datagrams>, usize)>> {
    let wishes: Vec<_> = datagrams
        .iter()
        .map(|datagram| (datagram.data.len(), datagram.peer.map(SocketAddr::from)))
        .collect();
    store.with(|mut access| {
        let state = access.get();
        let handle = state.table.get(socket)?.0;
        let judged = state.judge_sends(handle, &wishes);
        Ok(judged.and_then(|granted| Ok((state.waiting_socket(handle)?, granted))))
    })
}

/// The handle of a resource, and what a wait on its socket needs.
fn begin_receive<T>(
    store: &Accessor<T, Imports>,
    socket: &Resource<Socket>,
) -> Result<(u64, Code<Waiting<Datagrams>>)> {
    store.with(|mut access| {
        let state = access.get();
        let handle = state.table.get(socket)?.0;
        Ok((handle, state.waiting_socket(handle)))
    })
}

/// A number of hops, which the system tells as a larger number.
fn hops(hops: u32) -> u8 {
    u8::try_from(hops).unwrap_or(u8::MAX)
}

impl HostUdpSocket for State {
    fn bind(
        &mut self,
        address: IpSocketAddress,
        options: BindOptions,
    ) -> Result<Code<Resource<Socket>>> {
        let bound = self.io().bind_udp(address.into(), options);
        Ok(self.push_udp(bound))
    }

    fn connect(
        &mut self,
        peer: IpSocketAddress,
        local: Option<IpSocketAddress>,
    ) -> Result<Code<Resource<Socket>>> {
        let connected = self
            .io()
            .connect_udp(peer.into(), local.map(SocketAddr::from));
        Ok(self.push_udp(connected))
    }

    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Socket>>> {
        let known = self.io().datagrams(handle);
        Ok(known.and_then(|_| {
            let pushed = self.table.push(Socket(handle));
            pushed.map_err(|_full| ErrorCode::QuotaExceeded)
        }))
    }

    fn as_handle(&mut self, socket: Resource<Socket>) -> Result<u64> {
        Ok(self.table.get(&socket)?.0)
    }

    fn set_peer(
        &mut self,
        socket: Resource<Socket>,
        peer: Option<IpSocketAddress>,
    ) -> Result<Code<()>> {
        let handle = self.table.get(&socket)?.0;
        let set = self.io().set_peer(handle, peer.map(SocketAddr::from));
        Ok(set.map_err(|refusal| self.refuse(refusal)))
    }

    fn local_address(&mut self, socket: Resource<Socket>) -> Result<Code<IpSocketAddress>> {
        option(self, &socket, |socket| {
            socket.local_addr().map(IpSocketAddress::from)
        })
    }

    fn peer_address(&mut self, socket: Resource<Socket>) -> Result<Code<IpSocketAddress>> {
        option(self, &socket, |socket| {
            socket.peer_addr().map(IpSocketAddress::from)
        })
    }

    fn broadcast(&mut self, socket: Resource<Socket>) -> Result<Code<bool>> {
        option(self, &socket, UdpSocket::broadcast)
    }

    fn set_broadcast(&mut self, socket: Resource<Socket>, value: bool) -> Result<Code<()>> {
        option(self, &socket, |socket| socket.set_broadcast(value))
    }

    fn hop_limit(&mut self, socket: Resource<Socket>) -> Result<Code<u8>> {
        option(self, &socket, |socket| socket.ttl().map(hops))
    }

    fn set_hop_limit(&mut self, socket: Resource<Socket>, value: u8) -> Result<Code<()>> {
        if value == 0 {
            return Ok(Err(ErrorCode::OutOfRange));
        }
        option(self, &socket, |socket| socket.set_ttl(value.into()))
    }

    fn join(
        &mut self,
        socket: Resource<Socket>,
        group: IpSocketAddress,
        local: Option<IpSocketAddress>,
    ) -> Result<Code<()>> {
        let handle = self.table.get(&socket)?.0;
        let local = local.map(SocketAddr::from);
        let joined = self.io().join(handle, group.into(), local);
        Ok(joined.map_err(|refusal| self.refuse(refusal)))
    }

    fn leave(
        &mut self,
        socket: Resource<Socket>,
        group: IpSocketAddress,
        local: Option<IpSocketAddress>,
    ) -> Result<Code<()>> {
        let group = SocketAddr::from(group);
        let datagrams = match self.datagrams_of(&socket)? {
            Ok(datagrams) => datagrams,
            Err(code) => return Ok(Err(code)),
        };
        let interface = interface_of(datagrams.socket(), group, local.map(SocketAddr::from));
        Ok(interface.and_then(|interface| {
            let left = datagrams.socket().leave(group.ip(), interface);
            left.map_err(|error| error_code("leave", &error))
        }))
    }

    fn set_multicast_interface(
        &mut self,
        socket: Resource<Socket>,
        local: IpSocketAddress,
    ) -> Result<Code<()>> {
        let local = SocketAddr::from(local);
        let datagrams = self.datagrams_of(&socket)?;
        Ok(datagrams.and_then(|datagrams| {
            let socket = datagrams.socket();
            let interface = match local {
                _ if family(local) != socket.family() => return Err(ErrorCode::InvalidArgument),
                SocketAddr::V4(local) => Interface::Address(*local.ip()),
                SocketAddr::V6(local) => Interface::Index(local.scope_id()),
            };
            let set = socket.set_multicast_interface(interface);
            set.map_err(|error| error_code("multicast interface", &error))
        }))
    }

    fn multicast_hop_limit(&mut self, socket: Resource<Socket>) -> Result<Code<u8>> {
        option(self, &socket, |socket| socket.multicast_ttl().map(hops))
    }

    fn set_multicast_hop_limit(&mut self, socket: Resource<Socket>, value: u8) -> Result<Code<()>> {
        option(self, &socket, |socket| {
            socket.set_multicast_ttl(value.into())
        })
    }

    fn multicast_loop(&mut self, socket: Resource<Socket>) -> Result<Code<bool>> {
        option(self, &socket, UdpSocket::multicast_loop)
    }

    fn set_multicast_loop(&mut self, socket: Resource<Socket>, value: bool) -> Result<Code<()>> {
        option(self, &socket, |socket| socket.set_multicast_loop(value))
    }

    fn receive_buffer_size(&mut self, socket: Resource<Socket>) -> Result<Code<u32>> {
        option(self, &socket, |socket| socket.recv_buffer_size().map(count))
    }

    fn set_receive_buffer_size(&mut self, socket: Resource<Socket>, size: u32) -> Result<Code<()>> {
        match buffer_size(size) {
            Ok(size) => option(self, &socket, |socket| socket.set_recv_buffer_size(size)),
            Err(code) => Ok(Err(code)),
        }
    }

    fn send_buffer_size(&mut self, socket: Resource<Socket>) -> Result<Code<u32>> {
        option(self, &socket, |socket| socket.send_buffer_size().map(count))
    }

    fn set_send_buffer_size(&mut self, socket: Resource<Socket>, size: u32) -> Result<Code<()>> {
        match buffer_size(size) {
            Ok(size) => option(self, &socket, |socket| socket.set_send_buffer_size(size)),
            Err(code) => Ok(Err(code)),
        }
    }

    fn drop(&mut self, socket: Resource<Socket>) -> Result<()> {
        let Socket(handle) = self.table.delete(socket)?;
        self.close_dropped(handle);
        Ok(())
    }
}
