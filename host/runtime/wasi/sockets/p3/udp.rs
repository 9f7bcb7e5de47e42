//! The UDP socket of `wasi:sockets/types` 0.3.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use aio_loop::net::SocketOptions;
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi::p3::sockets::SocketResult;
use wit::types::{
    HostUdpSocket, HostUdpSocketWithStore, IpAddressFamily, IpSocketAddress, UdpSocket,
};

use super::{family, family_of, trap, wit};
use crate::imports::io::Io;
use crate::quota::Permit;
use crate::state::{State, lock};
use crate::wasi::sockets::code::{Code, Failure};
use crate::wasi::sockets::udp::{Hearing, Sending, Udp};
use crate::wasi::sockets::{Sockets, options, ours, theirs};

fn entry<'a>(state: &'a mut State, socket: &Resource<UdpSocket>) -> SocketResult<&'a mut Udp> {
    state.table.get_mut(&ours(socket)).map_err(trap)
}

/// Sets or asks one option.
fn option<T>(
    state: &mut State,
    socket: &Resource<UdpSocket>,
    ask: impl FnOnce(&SocketOptions<'_>) -> Result<T, Code>,
) -> SocketResult<T> {
    Ok(ask(&entry(state, socket)?.options())?)
}

/// Does a step on which the policy or the quota is asked.
fn step<T>(
    state: &mut State,
    socket: &Resource<UdpSocket>,
    step: impl FnOnce(&mut Udp, &Io) -> Result<T, Failure>,
) -> SocketResult<T> {
    let socket = state.table.get_mut(&ours::<_, Udp>(socket)).map_err(trap)?;
    let done = step(socket, &lock(&state.io));
    state.p3(done)
}

/// A datagram that the OS did not take at once, and its place in the quota of what the host keeps.
struct Waiting {
    sending: Sending,
    _permit: Permit,
}

/// Sends at once if there is room.
fn send(
    state: &mut State,
    socket: &Resource<UdpSocket>,
    data: &[u8],
    to: Option<SocketAddr>,
) -> SocketResult<Option<Waiting>> {
    let sending = step(state, socket, |udp, io| udp.send(io, data.len(), to))?;
    match sending.try_send(data) {
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let permit = state.io().buffered.take(data.len() as u64);
            Ok(Some(Waiting {
                sending,
                _permit: permit.ok_or(Code::OutOfMemory)?,
            }))
        }
        Err(error) => Err(Code::from(error).into()),
    }
}

impl Waiting {
    async fn send(self, data: &[u8]) -> io::Result<()> {
        loop {
            self.sending.socket.socket.registration().writable().await;
            match self.sending.try_send(data) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}

fn poll_receive(
    hearing: &Hearing,
    io: &Mutex<Io>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(Vec<u8>, SocketAddr)>> {
    loop {
        let mut io = lock(io);
        let received = hearing.try_receive(&mut io);
        match received.map(|(data, from)| (data.to_vec(), from)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            result => return Poll::Ready(result),
        }
        drop(io);
        ready!(hearing.socket.socket.registration().poll_readable(cx));
    }
}

impl<T> HostUdpSocketWithStore<T> for Sockets {
    async fn send(
        store: &Accessor<T, Self>,
        socket: Resource<UdpSocket>,
        data: Vec<u8>,
        to: Option<IpSocketAddress>,
    ) -> SocketResult<()> {
        let to = to.map(SocketAddr::from);
        let waiting = store.with(|mut access| send(access.get(), &socket, &data, to))?;
        if let Some(waiting) = waiting {
            waiting.send(&data).await.map_err(Code::from)?;
        }
        Ok(())
    }

    async fn receive(
        store: &Accessor<T, Self>,
        socket: Resource<UdpSocket>,
    ) -> SocketResult<(Vec<u8>, IpSocketAddress)> {
        let (hearing, io) = store.with(|mut access| -> SocketResult<_> {
            let state = access.get();
            let hearing = entry(state, &socket)?.hearing()?;
            Ok((hearing, Arc::clone(&state.io)))
        })?;
        let received = poll_fn(|cx| poll_receive(&hearing, &io, cx)).await;
        let (data, from) = received.map_err(Code::from)?;
        Ok((data, from.into()))
    }
}

impl HostUdpSocket for State {
    async fn create(&mut self, of: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        let udp = Udp::new(&mut self.io(), family(of));
        let udp = self.p3(udp)?;
        let pushed = self.table.push(udp).map_err(Failure::from);
        self.p3(pushed).map(|socket| theirs(&socket))
    }

    async fn bind(
        &mut self,
        socket: Resource<UdpSocket>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        step(self, &socket, |udp, io| udp.bind(io, address.into()))
    }

    async fn connect(
        &mut self,
        socket: Resource<UdpSocket>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        step(self, &socket, |udp, io| udp.connect(io, address.into()))
    }

    fn disconnect(&mut self, socket: Resource<UdpSocket>) -> SocketResult<()> {
        Ok(entry(self, &socket)?.disconnect()?)
    }

    fn get_local_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(entry(self, &socket)?.local_address()?.into())
    }

    fn get_remote_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(entry(self, &socket)?.remote_address()?.into())
    }

    fn get_address_family(&mut self, socket: Resource<UdpSocket>) -> Result<IpAddressFamily> {
        let udp = self.table.get(&ours::<_, Udp>(&socket))?;
        Ok(family_of(udp.family()))
    }

    fn get_unicast_hop_limit(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u8> {
        option(self, &socket, options::hop_limit)
    }

    fn set_unicast_hop_limit(&mut self, socket: Resource<UdpSocket>, hops: u8) -> SocketResult<()> {
        option(self, &socket, |o| options::set_hop_limit(o, hops))
    }

    fn get_receive_buffer_size(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::receive_buffer_size)
    }

    fn set_receive_buffer_size(
        &mut self,
        socket: Resource<UdpSocket>,
        size: u64,
    ) -> SocketResult<()> {
        option(self, &socket, |o| options::set_receive_buffer_size(o, size))
    }

    fn get_send_buffer_size(&mut self, socket: Resource<UdpSocket>) -> SocketResult<u64> {
        option(self, &socket, options::send_buffer_size)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<UdpSocket>, size: u64) -> SocketResult<()> {
        option(self, &socket, |o| options::set_send_buffer_size(o, size))
    }

    fn drop(&mut self, socket: Resource<UdpSocket>) -> Result<()> {
        self.table.delete(ours::<_, Udp>(&socket))?;
        Ok(())
    }
}
