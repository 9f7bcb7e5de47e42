//! `aio:host/unix` where the system has no Unix sockets: every call says so. No resource exists.

use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::io::{Io, Refusal};
use super::streams::ByteStream;
use super::wit::types::ErrorCode;
use super::wit::unix::{
    Credentials, Host, HostDatagramSocket, HostDatagramSocketWithStore, HostUnixListener,
    HostUnixListenerWithStore, HostWithStore, UnixAddress, UnixDatagram,
};
use crate::state::State;

/// A listener of a guest; there is none.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub enum Listener {}

/// A datagram socket of a guest; there is none.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub enum Datagrams {}

type Code<T> = Result<T, ErrorCode>;

fn refused<T>() -> Result<Code<T>> {
    Ok(Err(ErrorCode::NotSupported))
}

impl Io {
    pub(super) fn open_unix_socket(&mut self) -> Code<u64> {
        Err(ErrorCode::NotSupported)
    }

    pub(super) fn open_unix_datagrams(&mut self) -> Code<u64> {
        Err(ErrorCode::NotSupported)
    }

    pub(super) fn bind_unix(
        &mut self,
        _handle: u64,
        _address: &UnixAddress,
    ) -> Result<(), Refusal> {
        Err(ErrorCode::BadHandle.into())
    }

    pub(super) fn unix_pair(&mut self) -> Code<(u64, u64)> {
        Err(ErrorCode::NotSupported)
    }

    pub(super) fn datagram_pair(&mut self) -> Code<(u64, u64)> {
        Err(ErrorCode::NotSupported)
    }
}

impl Host for State {
    fn pair(&mut self) -> Result<Code<(Resource<ByteStream>, Resource<ByteStream>)>> {
        refused()
    }

    fn local_address(&mut self, _socket: u64) -> Result<Code<UnixAddress>> {
        Ok(Err(ErrorCode::BadHandle))
    }

    fn peer_address(&mut self, _socket: u64) -> Result<Code<UnixAddress>> {
        Ok(Err(ErrorCode::BadHandle))
    }

    fn peer_credentials(&mut self, _socket: u64) -> Result<Code<Credentials>> {
        Ok(Err(ErrorCode::BadHandle))
    }
}

impl<T> HostWithStore<T> for Imports {
    async fn connect(
        _store: &Accessor<T, Self>,
        _address: UnixAddress,
    ) -> Result<Code<Resource<ByteStream>>> {
        refused()
    }
}

impl HostUnixListener for State {
    fn listen(&mut self, _address: UnixAddress, _backlog: u32) -> Result<Code<Resource<Listener>>> {
        refused()
    }

    fn by_handle(&mut self, _handle: u64) -> Result<Code<Resource<Listener>>> {
        Ok(Err(ErrorCode::BadHandle))
    }

    fn as_handle(&mut self, listener: Resource<Listener>) -> Result<u64> {
        match *self.table.get(&listener)? {}
    }

    fn local_address(&mut self, listener: Resource<Listener>) -> Result<Code<UnixAddress>> {
        match *self.table.get(&listener)? {}
    }

    fn drop(&mut self, listener: Resource<Listener>) -> Result<()> {
        match self.table.delete(listener)? {}
    }
}

impl<T> HostUnixListenerWithStore<T> for Imports {
    async fn accept(
        _store: &Accessor<T, Self>,
        _listener: Resource<Listener>,
    ) -> Result<Code<(Resource<ByteStream>, UnixAddress)>> {
        refused()
    }
}

impl HostDatagramSocket for State {
    fn bind(&mut self, _address: UnixAddress) -> Result<Code<Resource<Datagrams>>> {
        refused()
    }

    fn pair(&mut self) -> Result<Code<(Resource<Datagrams>, Resource<Datagrams>)>> {
        refused()
    }

    fn by_handle(&mut self, _handle: u64) -> Result<Code<Resource<Datagrams>>> {
        Ok(Err(ErrorCode::BadHandle))
    }

    fn as_handle(&mut self, socket: Resource<Datagrams>) -> Result<u64> {
        match *self.table.get(&socket)? {}
    }

    fn connect(&mut self, _socket: Resource<Datagrams>, _peer: UnixAddress) -> Result<Code<()>> {
        refused()
    }

    fn drop(&mut self, socket: Resource<Datagrams>) -> Result<()> {
        match self.table.delete(socket)? {}
    }
}

impl<T> HostDatagramSocketWithStore<T> for Imports {
    async fn send(
        _store: &Accessor<T, Self>,
        _socket: Resource<Datagrams>,
        _data: Vec<u8>,
        _peer: Option<UnixAddress>,
    ) -> Result<Code<()>> {
        refused()
    }

    async fn receive(
        _store: &Accessor<T, Self>,
        _socket: Resource<Datagrams>,
        _max: u32,
    ) -> Result<Code<UnixDatagram>> {
        refused()
    }
}
