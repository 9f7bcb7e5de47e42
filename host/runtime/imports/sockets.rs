//! `aio:host/sockets`: sockets in POSIX' shape, by handle. What they may do is decided as for those
//! of `tcp` and `udp`; what takes time is the ring's.

mod options;
mod roles;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::dns::Family;
use aio_loop::net::{UdpOptions, UdpSocket};
use wasmtime::Result;

use super::convert::error_code;
use super::io::{Io, Refusal};
use super::streams;
use super::wit::sockets::{Host, SocketOption};
use super::wit::streams::ShutdownHow;
use super::wit::types::{ErrorCode, IpFamily, IpSocketAddress};
use super::wit::unix::UnixAddress;
use crate::datagrams::Datagrams;
use crate::handles::Object;
use crate::socket::Socket;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

impl Io {
    fn open_tcp(&mut self, family: Family) -> Code<u64> {
        self.room()?;
        let socket = Socket::new(family).map_err(|error| error_code("socket", &error))?;
        self.open(Object::Socket(socket))
    }

    fn open_udp(&mut self, family: Family) -> Code<u64> {
        self.room()?;
        let socket = UdpSocket::new(&self.handle, family, &UdpOptions::default());
        let socket = socket.map_err(|error| error_code("socket", &error))?;
        self.open(Object::Datagrams(Arc::new(Datagrams::new(socket))))
    }

    fn address(&self, handle: u64, end: End) -> Code<IpSocketAddress> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        let address = end.address(&entry.object)?;
        let address = address.map_err(|error| error_code("socket address", &error))?;
        Ok(address.into())
    }
}

/// One end of a socket.
#[derive(Clone, Copy)]
enum End {
    Local,
    Peer,
}

impl End {
    fn address(self, object: &Object) -> Code<io::Result<SocketAddr>> {
        Ok(match (object, self) {
            (Object::Socket(socket), Self::Local) => socket.local_addr(),
            (Object::Listener(listener), Self::Local) => {
                let first = listener.listeners().first().ok_or(ErrorCode::BadHandle)?;
                first.local_addr()
            }
            (Object::Socket(_) | Object::Listener(_), Self::Peer) => {
                return Err(ErrorCode::NotConnected);
            }
            (Object::Stream(stream), Self::Local) => {
                stream.tcp().ok_or(ErrorCode::BadHandle)?.local_addr()
            }
            (Object::Stream(stream), Self::Peer) => {
                stream.tcp().ok_or(ErrorCode::BadHandle)?.peer_addr()
            }
            (Object::Datagrams(datagrams), Self::Local) => datagrams.socket().local_addr(),
            (Object::Datagrams(datagrams), Self::Peer) => datagrams.socket().peer_addr(),
            _ => return Err(ErrorCode::BadHandle),
        })
    }
}

#[cfg(unix)]
impl Io {
    fn pipe_pair(&mut self) -> Code<(u64, u64)> {
        self.room()?;
        let pipe = aio_loop::pipe::pipe(&self.handle);
        let (reader, writer) = pipe.map_err(|error| error_code("pipe", &error))?;
        let reader = self.open(Object::Stream(Arc::new(reader.into())))?;
        let writer = self.open(Object::Stream(Arc::new(writer.into())));
        self.both(reader, writer)
    }
}

#[cfg(not(unix))]
impl Io {
    fn pipe_pair(&mut self) -> Code<(u64, u64)> {
        Err(ErrorCode::NotSupported)
    }
}

impl State {
    fn judged(&self, done: Result<(), Refusal>) -> Code<()> {
        done.map_err(|refusal| self.refuse(refusal))
    }
}

impl Host for State {
    fn tcp(&mut self, family: IpFamily) -> Result<Code<u64>> {
        Ok(self.io().open_tcp(family.into()))
    }

    fn udp(&mut self, family: IpFamily) -> Result<Code<u64>> {
        Ok(self.io().open_udp(family.into()))
    }

    fn unix(&mut self) -> Result<Code<u64>> {
        Ok(self.io().open_unix_socket())
    }

    fn unix_datagrams(&mut self) -> Result<Code<u64>> {
        Ok(self.io().open_unix_datagrams())
    }

    fn bind(&mut self, socket: u64, address: IpSocketAddress) -> Result<Code<()>> {
        let bound = self.io().bind_socket(socket, address.into());
        Ok(self.judged(bound))
    }

    fn bind_unix(&mut self, socket: u64, address: UnixAddress) -> Result<Code<()>> {
        let bound = self.io().bind_unix(socket, &address);
        Ok(self.judged(bound))
    }

    fn listen(&mut self, socket: u64, backlog: u32) -> Result<Code<()>> {
        let listening = self.io().listen_socket(socket, backlog);
        Ok(self.judged(listening))
    }

    fn local_address(&mut self, socket: u64) -> Result<Code<IpSocketAddress>> {
        Ok(self.io().address(socket, End::Local))
    }

    fn peer_address(&mut self, socket: u64) -> Result<Code<IpSocketAddress>> {
        Ok(self.io().address(socket, End::Peer))
    }

    fn option(&mut self, socket: u64, name: SocketOption) -> Result<Code<u32>> {
        Ok(self.io().option(socket, name))
    }

    fn set_option(&mut self, socket: u64, name: SocketOption, value: u32) -> Result<Code<()>> {
        Ok(self.io().set_option(socket, name, value))
    }

    fn shutdown(&mut self, connection: u64, how: ShutdownHow) -> Result<Code<()>> {
        Ok(streams::shutdown(self, connection, how))
    }

    fn pair(&mut self) -> Result<Code<(u64, u64)>> {
        Ok(self.io().unix_pair())
    }

    fn datagram_pair(&mut self) -> Result<Code<(u64, u64)>> {
        Ok(self.io().datagram_pair())
    }

    fn pipe(&mut self) -> Result<Code<(u64, u64)>> {
        Ok(self.io().pipe_pair())
    }

    fn close(&mut self, handle: u64) -> Result<Code<()>> {
        Ok(self.io().close(handle))
    }
}
