//! `aio:host/unix`: sockets between programs of one machine. Connections are `byte-stream`s; here
//! is how one comes by them, and what their ends are called.

mod address;
mod datagrams;
mod open;
mod socket;

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use aio_loop::net::unix::{Credentials as LoopCredentials, UnixListener, UnixName};
use rustix::io::Errno;
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::convert::error_code;
use super::io::{Io, Refusal};
use super::streams::{ByteStream, Waiting};
use super::wit::types::ErrorCode;
use super::wit::unix::{
    Credentials, Host, HostUnixListener, HostUnixListenerWithStore, HostWithStore, UnixAddress,
};
use crate::handles::Object;
use crate::state::{State, lock};

/// A listener of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Listener(u64);

/// A datagram socket of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Datagrams(u64);

type Code<T> = Result<T, ErrorCode>;

impl Io {
    pub(super) fn unix_listener(&self, handle: u64) -> Code<Arc<UnixListener>> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::UnixListener(listener)) => Ok(Arc::clone(listener)),
            _ => Err(ErrorCode::BadHandle),
        }
    }

    fn name(&self, handle: u64, end: End) -> Code<UnixAddress> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        let name = end.name(&entry.object).ok_or(ErrorCode::BadHandle)?;
        let name = name.map_err(|error| error_code("socket name", &error))?;
        Ok(self.told(name))
    }

    fn credentials(&self, handle: u64) -> Code<Credentials> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        let credentials = match &entry.object {
            Object::Stream(stream) => stream.unix().map(|stream| stream.peer_credentials()),
            Object::UnixDatagrams(socket) => Some(socket.peer_credentials()),
            _ => None,
        };
        let credentials = credentials.ok_or(ErrorCode::BadHandle)?;
        let LoopCredentials {
            process,
            user,
            group,
        } = credentials.map_err(|error| error_code("peer credentials", &error))?;
        // What the system says of a datagram socket that is no pair's.
        if (process, user) == (None, u32::MAX) {
            return Err(ErrorCode::NotConnected);
        }
        Ok(Credentials {
            process,
            user,
            group,
        })
    }
}

/// One end of a socket.
#[derive(Clone, Copy)]
enum End {
    Local,
    Peer,
}

impl End {
    /// Asks for its name; none of what is no Unix socket, or is none with a peer.
    fn name(self, object: &Object) -> Option<io::Result<UnixName>> {
        match (object, self) {
            (Object::Stream(stream), Self::Local) => Some(stream.unix()?.local_name()),
            (Object::Stream(stream), Self::Peer) => Some(stream.unix()?.peer_name()),
            (Object::UnixDatagrams(socket), Self::Local) => Some(socket.local_name()),
            (Object::UnixDatagrams(socket), Self::Peer) => Some(socket.peer_name()),
            (Object::UnixListener(listener), Self::Local) => Some(listener.local_name()),
            (Object::UnixSocket(socket), Self::Local) => Some(socket.local_name()),
            (Object::UnixSocket(_), Self::Peer) => Some(Err(Errno::NOTCONN.into())),
            _ => None,
        }
    }
}

impl State {
    fn waiting_unix_listener(
        &self,
        listener: &Resource<Listener>,
    ) -> Result<Code<Waiting<UnixListener>>> {
        let handle = self.table.get(listener)?.0;
        let listener = self.io().unix_listener(handle);
        Ok(listener.map(|listener| (listener, self.interrupt.clone(), Arc::clone(&self.io))))
    }

    /// Makes a resource of what was opened; when there is no room for it, the handle is closed.
    pub(super) fn named<T: Send + 'static>(
        &mut self,
        opened: Result<u64, Refusal>,
        resource: fn(u64) -> T,
    ) -> Code<Resource<T>> {
        let handle = opened.map_err(|refusal| self.refuse(refusal))?;
        self.table
            .push(resource(handle))
            .map_err(|_full| self.close_unnamed(handle))
    }

    /// Makes resources of a pair: two or none.
    fn named_pair<T: Send + 'static>(
        &mut self,
        (near, far): (u64, u64),
        resource: fn(u64) -> T,
    ) -> Code<(Resource<T>, Resource<T>)> {
        let pushed = [near, far].map(|handle| self.table.push(resource(handle)));
        match pushed {
            [Ok(near), Ok(far)] => Ok((near, far)),
            pushed => {
                for resource in pushed.into_iter().flatten() {
                    // It was put in just now, and nobody has it.
                    drop(self.table.delete(resource));
                }
                self.close_dropped(near);
                self.close_dropped(far);
                Err(ErrorCode::QuotaExceeded)
            }
        }
    }

    /// Makes another resource of what is known by handle.
    fn known<T: Send + 'static>(&mut self, known: Code<()>, resource: T) -> Code<Resource<T>> {
        known?;
        self.table
            .push(resource)
            .map_err(|_full| ErrorCode::QuotaExceeded)
    }
}

impl Host for State {
    fn pair(&mut self) -> Result<Code<(Resource<ByteStream>, Resource<ByteStream>)>> {
        let pair = self.io().unix_pair();
        Ok(pair.and_then(|pair| self.named_pair(pair, ByteStream)))
    }

    fn local_address(&mut self, socket: u64) -> Result<Code<UnixAddress>> {
        Ok(self.io().name(socket, End::Local))
    }

    fn peer_address(&mut self, socket: u64) -> Result<Code<UnixAddress>> {
        Ok(self.io().name(socket, End::Peer))
    }

    fn peer_credentials(&mut self, socket: u64) -> Result<Code<Credentials>> {
        Ok(self.io().credentials(socket))
    }
}

impl<T> HostWithStore<T> for Imports {
    async fn connect(
        store: &Accessor<T, Self>,
        address: UnixAddress,
    ) -> Result<Code<Resource<ByteStream>>> {
        let begun = store.with(|mut access| {
            let state = access.get();
            let connect = state.io().connect_unix(&address);
            let connect = connect.map_err(|refusal| state.refuse(refusal))?;
            Ok((connect, state.interrupt.clone()))
        });
        let (connect, interrupt) = match begun {
            Ok(begun) => begun,
            Err(code) => return Ok(Err(code)),
        };
        let made = match interrupt.or_stop(connect).await {
            Ok(made) => made.map_err(|error| error_code("connect", &error)),
            Err(stopped) => return Ok(Err(stopped.into())),
        };
        Ok(store.with(|mut access| {
            let state = access.get();
            let handle = state.io().open_made(made?)?;
            state.push_byte_stream(handle)
        }))
    }
}

impl HostUnixListener for State {
    fn listen(&mut self, address: UnixAddress, backlog: u32) -> Result<Code<Resource<Listener>>> {
        let listening = self.io().listen_unix(&address, backlog);
        Ok(self.named(listening, Listener))
    }

    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Listener>>> {
        let known = self.io().unix_listener(handle).map(drop);
        Ok(self.known(known, Listener(handle)))
    }

    fn as_handle(&mut self, listener: Resource<Listener>) -> Result<u64> {
        Ok(self.table.get(&listener)?.0)
    }

    fn local_address(&mut self, listener: Resource<Listener>) -> Result<Code<UnixAddress>> {
        let handle = self.table.get(&listener)?.0;
        Ok(self.io().name(handle, End::Local))
    }

    fn drop(&mut self, listener: Resource<Listener>) -> Result<()> {
        let Listener(handle) = self.table.delete(listener)?;
        self.close_dropped(handle);
        Ok(())
    }
}

impl<T> HostUnixListenerWithStore<T> for Imports {
    async fn accept(
        store: &Accessor<T, Self>,
        listener: Resource<Listener>,
    ) -> Result<Code<(Resource<ByteStream>, UnixAddress)>> {
        let waiting = store.with(|mut access| access.get().waiting_unix_listener(&listener))?;
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
        let accepted = match interrupt.or_stop(accept).await {
            Ok(accepted) => accepted,
            Err(stopped) => return Ok(Err(stopped.into())),
        };
        Ok(store.with(|mut access| {
            let state = access.get();
            let handle = state.io().open_unix(accepted?)?;
            let peer = state.io().name(handle, End::Peer);
            Ok((
                state.push_byte_stream(handle)?,
                peer.unwrap_or(UnixAddress::Unnamed),
            ))
        }))
    }
}
