//! `wasi:sockets/udp` and `udp-create-socket` of 0.2: a socket and its two streams of datagrams,
//! which take and give what they can and wait for nothing.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use aio_loop::net::SocketOptions;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketResult, subscribe};
use wit::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Network};
use wit::udp::{
    HostIncomingDatagramStream, HostOutgoingDatagramStream, HostUdpSocket, IncomingDatagram,
    IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
};

use super::network::{family, family_of};
use super::{trap, wit};
use crate::imports::io::Io;
use crate::state::{State, lock};
use crate::wasi::sockets::code::{Code, Failure};
use crate::wasi::sockets::udp::{Hearing, Outgoing, Udp};
use crate::wasi::sockets::{options, ours, theirs};

/// The most datagrams one call takes or gives.
const DATAGRAMS_MAX: usize = 16;

/// A call that has given so many bytes gives no further datagram.
const BYTES_MAX: usize = 65_536;

/// A UDP socket, and whether its binding was started and is to be finished.
struct Socket {
    udp: Udp,
    binding: bool,
}

/// Datagrams to the guest.
struct Incoming {
    hearing: Hearing,
    io: Arc<Mutex<Io>>,
    /// What the pollable has found: guests take its word that receiving finds something.
    first: Option<io::Result<IncomingDatagram>>,
}

/// Datagrams of the guest.
struct Sender {
    outgoing: Outgoing,
    /// How many the guest may send.
    permitted: usize,
}

type Streams = (
    Resource<IncomingDatagramStream>,
    Resource<OutgoingDatagramStream>,
);

fn entry<'a>(state: &'a mut State, socket: &Resource<UdpSocket>) -> SocketResult<&'a mut Socket> {
    Ok(state.table.get_mut(&ours(socket))?)
}

/// Sets or asks one option.
fn option<T>(
    state: &mut State,
    socket: &Resource<UdpSocket>,
    ask: impl FnOnce(&SocketOptions<'_>) -> Result<T, Code>,
) -> SocketResult<T> {
    let socket = entry(state, socket)?;
    Ok(ask(&socket.udp.options())?)
}

impl State {
    fn connect_udp(
        &mut self,
        socket: &Resource<UdpSocket>,
        peer: Option<IpSocketAddress>,
    ) -> SocketResult<(Hearing, Outgoing)> {
        let socket = self.table.get_mut(&ours::<_, Socket>(socket))?;
        if socket.udp.is_shared() {
            return Err(trap(wasmtime::format_err!(
                "the datagram streams of an earlier call are not dropped yet"
            )));
        }
        let udp = &mut socket.udp;
        // 0.2 binds nothing by itself.
        if socket.binding || !udp.is_bound() {
            return Err(ErrorCode::InvalidState.into());
        }
        let connected = match peer {
            Some(peer) => udp.connect(&lock(&self.io), peer.into()),
            None if udp.is_connected() => udp.disconnect().map_err(Failure::from),
            None => Ok(()),
        };
        let streams = connected.and_then(|()| Ok((udp.hearing()?, udp.outgoing())));
        self.p2(streams)
    }

    fn push_datagrams(&mut self, hearing: Hearing, outgoing: Outgoing) -> Result<Streams, Failure> {
        let incoming = self.table.push(Incoming {
            hearing,
            io: Arc::clone(&self.io),
            first: None,
        })?;
        let pushed = self.table.push(Sender {
            outgoing,
            permitted: 0,
        });
        match pushed {
            Ok(sender) => Ok((theirs(&incoming), theirs(&sender))),
            Err(error) => {
                self.table.delete(incoming)?;
                Err(error.into())
            }
        }
    }

    fn send_udp(&self, outgoing: &Outgoing, datagram: &OutgoingDatagram) -> SocketResult<bool> {
        let to = datagram.remote_address.map(Into::into);
        let sending = outgoing.send(&self.io(), to);
        match self.p2(sending)?.try_send(&datagram.data) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(Code::from(error).into()),
        }
    }
}

impl wit::udp_create_socket::Host for State {
    async fn create_udp_socket(
        &mut self,
        of: IpAddressFamily,
    ) -> SocketResult<Resource<UdpSocket>> {
        let udp = Udp::new(&mut self.io(), family(of));
        let socket = Socket {
            udp: self.p2(udp)?,
            binding: false,
        };
        let pushed = self.table.push(socket).map_err(Failure::from);
        self.p2(pushed).map(|socket| theirs(&socket))
    }
}

impl wit::udp::Host for State {}

impl HostUdpSocket for State {
    async fn start_bind(
        &mut self,
        socket: Resource<UdpSocket>,
        network: Resource<Network>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        self.network(&network).map_err(trap)?;
        let socket = self.table.get_mut(&ours::<_, Socket>(&socket))?;
        if socket.binding {
            return Err(ErrorCode::ConcurrencyConflict.into());
        }
        let bound = socket.udp.bind(&lock(&self.io), address.into());
        socket.binding = bound.is_ok();
        self.p2(bound)
    }

    fn finish_bind(&mut self, socket: Resource<UdpSocket>) -> SocketResult<()> {
        let socket = entry(self, &socket)?;
        match std::mem::replace(&mut socket.binding, false) {
            true => Ok(()),
            false => Err(ErrorCode::NotInProgress.into()),
        }
    }

    async fn stream(
        &mut self,
        socket: Resource<UdpSocket>,
        peer: Option<IpSocketAddress>,
    ) -> SocketResult<Streams> {
        let (hearing, outgoing) = self.connect_udp(&socket, peer)?;
        let streams = self.push_datagrams(hearing, outgoing);
        self.p2(streams)
    }

    fn local_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        let socket = entry(self, &socket)?;
        Ok(socket.udp.local_address()?.into())
    }

    fn remote_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        let socket = entry(self, &socket)?;
        Ok(socket.udp.remote_address()?.into())
    }

    fn address_family(&mut self, socket: Resource<UdpSocket>) -> Result<IpAddressFamily> {
        Ok(family_of(
            self.table.get(&ours::<_, Socket>(&socket))?.udp.family(),
        ))
    }

    fn unicast_hop_limit(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u8> {
        option(self, &socket, options::hop_limit)
    }

    fn set_unicast_hop_limit(&mut self, socket: Resource<UdpSocket>, hops: u8) -> SocketResult<()> {
        option(self, &socket, |o| options::set_hop_limit(o, hops))
    }

    fn receive_buffer_size(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::receive_buffer_size)
    }

    fn set_receive_buffer_size(
        &mut self,
        socket: Resource<UdpSocket>,
        size: u64,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_receive_buffer_size(o, size))
    }

    fn send_buffer_size(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::send_buffer_size)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<UdpSocket>, size: u64) -> SocketResult<()> {
        option(self, &socket, |o| options::set_send_buffer_size(o, size))
    }

    fn subscribe(&mut self, socket: Resource<UdpSocket>) -> Result<Resource<DynPollable>> {
        subscribe(&mut self.table, ours::<_, Socket>(&socket))
    }

    fn drop(&mut self, socket: Resource<UdpSocket>) -> Result<()> {
        self.table.delete(ours::<_, Socket>(&socket))?;
        Ok(())
    }
}

#[async_trait]
impl Pollable for Socket {
    /// No step of a socket waits.
    async fn ready(&mut self) {}
}

impl Incoming {
    fn next(&mut self) -> io::Result<IncomingDatagram> {
        if let Some(first) = self.first.take() {
            return first;
        }
        let mut io = lock(&self.io);
        let (data, from) = self.hearing.try_receive(&mut io)?;
        Ok(IncomingDatagram {
            data: data.to_vec(),
            remote_address: from.into(),
        })
    }

    /// Takes what is there. An error is told when nothing came before it.
    fn receive(&mut self, max: usize) -> Result<Vec<IncomingDatagram>, Code> {
        let (mut datagrams, mut bytes) = (Vec::new(), 0);
        while datagrams.len() < max && bytes < BYTES_MAX {
            match self.next() {
                Ok(datagram) => {
                    bytes += datagram.data.len();
                    datagrams.push(datagram);
                }
                Err(error) if is_over(&error) => break,
                Err(error) if datagrams.is_empty() => return Err(error.into()),
                Err(error) => {
                    self.first = Some(Err(error));
                    break;
                }
            }
        }
        Ok(datagrams)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.first.is_none() {
            match self.next() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.hearing.socket.socket.registration().poll_readable(cx));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                first => self.first = Some(first),
            }
        }
        Poll::Ready(())
    }
}

/// Whether there is nothing more for now.
fn is_over(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

impl HostIncomingDatagramStream for State {
    fn receive(
        &mut self,
        stream: Resource<IncomingDatagramStream>,
        max: u64,
    ) -> SocketResult<Vec<IncomingDatagram>> {
        let max = usize::try_from(max).unwrap_or(DATAGRAMS_MAX);
        let incoming = self.table.get_mut(&ours::<_, Incoming>(&stream))?;
        Ok(incoming.receive(max.min(DATAGRAMS_MAX))?)
    }

    fn subscribe(
        &mut self,
        stream: Resource<IncomingDatagramStream>,
    ) -> Result<Resource<DynPollable>> {
        subscribe(&mut self.table, ours::<_, Incoming>(&stream))
    }

    fn drop(&mut self, stream: Resource<IncomingDatagramStream>) -> Result<()> {
        self.table.delete(ours::<_, Incoming>(&stream))?;
        Ok(())
    }
}

#[async_trait]
impl Pollable for Incoming {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll_ready(cx)).await;
    }
}

impl HostOutgoingDatagramStream for State {
    fn check_send(&mut self, stream: Resource<OutgoingDatagramStream>) -> SocketResult<u64> {
        let sender = self.table.get_mut(&ours::<_, Sender>(&stream))?;
        let room = sender.outgoing.socket.socket.registration().readiness();
        sender.permitted = if room.writable { DATAGRAMS_MAX } else { 0 };
        Ok(sender.permitted as u64)
    }

    fn send(
        &mut self,
        stream: Resource<OutgoingDatagramStream>,
        datagrams: Vec<OutgoingDatagram>,
    ) -> SocketResult<u64> {
        let sender = self.table.get_mut(&ours::<_, Sender>(&stream))?;
        if datagrams.len() > sender.permitted {
            return Err(trap(wasmtime::format_err!(
                "more datagrams were sent than was permitted"
            )));
        }
        sender.permitted = 0;
        let outgoing = sender.outgoing.clone();
        let mut sent = 0;
        for datagram in &datagrams {
            match self.send_udp(&outgoing, datagram) {
                Ok(true) => sent += 1,
                // An error is told by the next call, unless it is of the first datagram.
                Ok(false) => break,
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    fn subscribe(
        &mut self,
        stream: Resource<OutgoingDatagramStream>,
    ) -> Result<Resource<DynPollable>> {
        subscribe(&mut self.table, ours::<_, Sender>(&stream))
    }

    async fn drop(&mut self, stream: Resource<OutgoingDatagramStream>) -> Result<()> {
        self.table.delete(ours::<_, Sender>(&stream))?;
        Ok(())
    }
}

#[async_trait]
impl Pollable for Sender {
    async fn ready(&mut self) {
        self.outgoing.socket.socket.registration().writable().await;
    }
}
