//! Unix sockets for a guest: made where its policy lets it, and taken into its table.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use aio_loop::net::unix::{UnixDatagram, UnixListener, UnixStream};

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::tcp::{Made, backlog as checked, made};
use super::super::wit::types::ErrorCode;
use super::super::wit::unix::UnixAddress;
use crate::handles::Object;
use crate::preopens::Place;
use crate::stream::Stream;

type Code<T> = Result<T, ErrorCode>;

impl Io {
    /// Opens a listener for a guest.
    pub(super) fn listen_unix(
        &mut self,
        address: &UnixAddress,
        backlog: u32,
    ) -> Result<u64, Refusal> {
        const VERB: &str = "listen at";
        let backlog = checked(backlog)?;
        self.room()?;
        let listener = match address {
            UnixAddress::Unnamed => return Err(ErrorCode::InvalidArgument.into()),
            UnixAddress::Path(path) => {
                let Place { dir, name } = self.file_place(VERB, path)?;
                UnixListener::bind_at(&self.handle, dir.as_fd(), name.as_bytes(), backlog)
            }
            UnixAddress::Abstract(name) => {
                self.abstract_name(VERB, name)?;
                UnixListener::bind_abstract(&self.handle, name, backlog)
            }
        };
        let listener = listener.map_err(|error| error_code(VERB, &error))?;
        Ok(self.open(Object::UnixListener(Arc::new(listener)))?)
    }

    /// Opens a datagram socket for a guest.
    pub(super) fn bind_datagrams(&mut self, address: &UnixAddress) -> Result<u64, Refusal> {
        const VERB: &str = "bind to";
        self.room()?;
        let socket = match address {
            UnixAddress::Unnamed => UnixDatagram::unbound(&self.handle),
            UnixAddress::Path(path) => {
                let Place { dir, name } = self.file_place(VERB, path)?;
                UnixDatagram::bind_at(&self.handle, dir.as_fd(), name.as_bytes())
            }
            UnixAddress::Abstract(name) => {
                self.abstract_name(VERB, name)?;
                UnixDatagram::bind_abstract(&self.handle, name)
            }
        };
        let socket = socket.map_err(|error| error_code(VERB, &error))?;
        Ok(self.open(Object::UnixDatagrams(Arc::new(socket)))?)
    }

    /// Checks a guest's connection and begins it.
    pub(crate) fn connect_unix(
        &self,
        address: &UnixAddress,
    ) -> Result<impl Future<Output = io::Result<Made>> + use<>, Refusal> {
        let target = self.target("connect to", address)?;
        let place = self.place(1)?;
        let connect = UnixStream::connect(&self.handle, target)
            .map_err(|error| error_code("connect to", &error))?;
        Ok(made(connect, place))
    }

    /// Takes in a stream that was accepted or is one of a pair.
    pub(crate) fn open_unix(&mut self, stream: UnixStream) -> Code<u64> {
        self.open(Object::Stream(Arc::new(Stream::from(stream))))
    }

    /// Opens two streams that are connected to each other.
    pub(in crate::imports) fn unix_pair(&mut self) -> Code<(u64, u64)> {
        self.room()?;
        let pair = UnixStream::pair(&self.handle);
        let (near, far) = pair.map_err(|error| error_code("pair", &error))?;
        let near = self.open_unix(near)?;
        let far = self.open_unix(far);
        self.both(near, far)
    }

    /// Opens two datagram sockets that are connected to each other.
    pub(in crate::imports) fn datagram_pair(&mut self) -> Code<(u64, u64)> {
        self.room()?;
        let pair = UnixDatagram::pair(&self.handle);
        let (near, far) = pair.map_err(|error| error_code("pair", &error))?;
        let near = self.open(Object::UnixDatagrams(Arc::new(near)))?;
        let far = self.open(Object::UnixDatagrams(Arc::new(far)));
        self.both(near, far)
    }

    /// Of a pair there are two or none.
    pub(in crate::imports) fn both(&mut self, near: u64, far: Code<u64>) -> Code<(u64, u64)> {
        match far {
            Ok(far) => Ok((near, far)),
            Err(code) => {
                self.close(near)?;
                Err(code)
            }
        }
    }
}
