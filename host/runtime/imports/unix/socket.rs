//! Unix sockets that are made first and told later what they become, as the interface `sockets` has
//! them. Each use of a name is judged, and the handle stays.

use std::os::fd::AsFd;
use std::sync::Arc;

use aio_loop::net::unix::{UnixDatagram, UnixSocket};

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::wit::types::ErrorCode;
use super::super::wit::unix::UnixAddress;
use super::Code;
use crate::handles::Object;
use crate::preopens::Place;

const VERB: &str = "bind to";

impl Io {
    pub(in crate::imports) fn open_unix_socket(&mut self) -> Code<u64> {
        self.room()?;
        let socket = UnixSocket::new().map_err(|error| error_code("socket", &error))?;
        self.open(Object::UnixSocket(socket))
    }

    pub(in crate::imports) fn open_unix_datagrams(&mut self) -> Code<u64> {
        self.room()?;
        let socket = UnixDatagram::unbound(&self.handle);
        let socket = socket.map_err(|error| error_code("socket", &error))?;
        self.open(Object::UnixDatagrams(Arc::new(socket)))
    }

    /// Binds a socket that the guest has made before.
    pub(in crate::imports) fn bind_unix(
        &mut self,
        handle: u64,
        address: &UnixAddress,
    ) -> Result<(), Refusal> {
        self.has_no_peer(handle)?;
        match address {
            UnixAddress::Unnamed => Err(ErrorCode::InvalidArgument.into()),
            UnixAddress::Path(path) => {
                let place = self.file_place(VERB, path)?;
                Ok(self.bind_file(handle, &place)?)
            }
            UnixAddress::Abstract(name) => {
                self.abstract_name(VERB, name)?;
                Ok(self.bind_name(handle, name)?)
            }
        }
    }

    fn bind_file(&mut self, handle: u64, place: &Place) -> Code<()> {
        let (dir, name) = (place.dir.as_fd(), place.name.as_bytes());
        let bound = match &mut self.entry(handle)?.object {
            Object::UnixSocket(socket) => socket.bind_at(dir, name),
            Object::UnixDatagrams(socket) => socket.assign_at(dir, name),
            _ => return Err(ErrorCode::BadHandle),
        };
        bound.map_err(|error| error_code(VERB, &error))
    }

    fn bind_name(&mut self, handle: u64, name: &[u8]) -> Code<()> {
        let bound = match &self.entry(handle)?.object {
            Object::UnixSocket(socket) => socket.bind_abstract(name),
            Object::UnixDatagrams(socket) => socket.assign_abstract(name),
            _ => return Err(ErrorCode::BadHandle),
        };
        bound.map_err(|error| error_code(VERB, &error))
    }

    /// Whether `handle` is a Unix socket that is neither a connection nor a listener.
    pub(in crate::imports) fn has_no_peer(&self, handle: u64) -> Code<()> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        match &entry.object {
            Object::UnixSocket(_) | Object::UnixDatagrams(_) => Ok(()),
            Object::UnixListener(_) => Err(ErrorCode::InvalidState),
            Object::Stream(stream) if stream.unix().is_some() => Err(ErrorCode::InvalidState),
            _ => Err(ErrorCode::BadHandle),
        }
    }
}
