//! The resource `datagram-socket`.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::Arc;
use std::task::{Poll, ready};

use aio_loop::net::unix::{UnixDatagram, UnixTarget};
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::super::Imports;
use super::super::convert::error_code;
use super::super::io::{Io, read_max};
use super::super::streams::Waiting;
use super::super::wit::types::ErrorCode;
use super::super::wit::unix::{
    HostDatagramSocket, HostDatagramSocketWithStore, UnixAddress, UnixDatagram as Datagram,
};
use super::{Code, Datagrams};
use crate::handles::Object;
use crate::state::{State, lock};

impl Io {
    pub(in crate::imports) fn unix_datagrams(&self, handle: u64) -> Code<Arc<UnixDatagram>> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::UnixDatagrams(socket)) => Ok(Arc::clone(socket)),
            _ => Err(ErrorCode::BadHandle),
        }
    }
}

impl State {
    fn unix_datagrams_of(&self, socket: &Resource<Datagrams>) -> Result<Code<Arc<UnixDatagram>>> {
        let handle = self.table.get(socket)?.0;
        Ok(self.io().unix_datagrams(handle))
    }

    fn waiting_unix_datagrams(
        &self,
        socket: &Resource<Datagrams>,
    ) -> Result<Code<Waiting<UnixDatagram>>> {
        let socket = self.unix_datagrams_of(socket)?;
        Ok(socket.map(|socket| (socket, self.interrupt.clone(), Arc::clone(&self.io))))
    }

    fn datagram_target(&self, address: &UnixAddress) -> Code<UnixTarget> {
        let target = self.io().target("send to", address);
        target.map_err(|refusal| self.refuse(refusal))
    }
}

impl HostDatagramSocket for State {
    fn bind(&mut self, address: UnixAddress) -> Result<Code<Resource<Datagrams>>> {
        let bound = self.io().bind_datagrams(&address);
        Ok(self.named(bound, Datagrams))
    }

    fn pair(&mut self) -> Result<Code<(Resource<Datagrams>, Resource<Datagrams>)>> {
        let pair = self.io().datagram_pair();
        Ok(pair.and_then(|pair| self.named_pair(pair, Datagrams)))
    }

    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Datagrams>>> {
        let known = self.io().unix_datagrams(handle).map(drop);
        Ok(self.known(known, Datagrams(handle)))
    }

    fn as_handle(&mut self, socket: Resource<Datagrams>) -> Result<u64> {
        Ok(self.table.get(&socket)?.0)
    }

    fn connect(&mut self, socket: Resource<Datagrams>, peer: UnixAddress) -> Result<Code<()>> {
        let socket = self.unix_datagrams_of(&socket)?;
        Ok(socket.and_then(|socket| {
            let target = self.datagram_target(&peer)?;
            socket
                .connect(&target)
                .map_err(|error| error_code("connect", &error))
        }))
    }

    fn drop(&mut self, socket: Resource<Datagrams>) -> Result<()> {
        let Datagrams(handle) = self.table.delete(socket)?;
        self.close_dropped(handle);
        Ok(())
    }
}

impl<T> HostDatagramSocketWithStore<T> for Imports {
    async fn send(
        store: &Accessor<T, Self>,
        socket: Resource<Datagrams>,
        data: Vec<u8>,
        peer: Option<UnixAddress>,
    ) -> Result<Code<()>> {
        let begun = store.with(|mut access| begin_send(access.get(), &socket, peer))?;
        Ok(match begun {
            Ok((waiting, target)) => send(waiting, &data, target).await,
            Err(code) => Err(code),
        })
    }

    async fn receive(
        store: &Accessor<T, Self>,
        socket: Resource<Datagrams>,
        max: u32,
    ) -> Result<Code<Datagram>> {
        let waiting = store.with(|mut access| access.get().waiting_unix_datagrams(&socket))?;
        Ok(match waiting {
            Ok(waiting) => receive(waiting, read_max(max)).await,
            Err(code) => Err(code),
        })
    }
}

type Sending = (Waiting<UnixDatagram>, Option<UnixTarget>);

fn begin_send(
    state: &State,
    socket: &Resource<Datagrams>,
    peer: Option<UnixAddress>,
) -> Result<Code<Sending>> {
    let waiting = state.waiting_unix_datagrams(socket)?;
    Ok(waiting.and_then(|waiting| {
        let target = peer.map(|peer| state.datagram_target(&peer)).transpose()?;
        Ok((waiting, target))
    }))
}

/// Sends at once, or keeps the datagram, within the guest's quota, until there is room.
async fn send(
    (socket, interrupt, io): Waiting<UnixDatagram>,
    data: &[u8],
    target: Option<UnixTarget>,
) -> Code<()> {
    let tried = match &target {
        Some(target) => socket.try_send_to(data, target),
        None => socket.try_send(data),
    };
    let sent = match tried {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            let permit = lock(&io).buffered.take(data.len() as u64);
            let _permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
            let send = async {
                match &target {
                    Some(target) => socket.send_to(data, target).await,
                    None => socket.send(data).await,
                }
            };
            interrupt.or_stop(send).await?
        }
        sent => sent,
    };
    sent.map_err(|error| error_code("send", &error))
}

async fn receive((socket, interrupt, io): Waiting<UnixDatagram>, max: usize) -> Code<Datagram> {
    let receive = poll_fn(|cx| {
        let mut io = lock(&io);
        let received = ready!(socket.poll_recv(cx, &mut io.scratch[..max]));
        Poll::Ready(received.map(|received| Datagram {
            data: io.scratch[..received.len].to_vec(),
            peer: io.told(received.from),
            truncated: received.truncated,
        }))
    });
    let received = interrupt.or_stop(receive).await?;
    received.map_err(|error| error_code("receive", &error))
}
