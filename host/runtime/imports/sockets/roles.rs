//! What a socket becomes: bound, a listener, a connection. Each address is judged as where sockets
//! are opened with one, and the handle stays.

use std::net::SocketAddr;
use std::sync::Arc;

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::tcp::backlog;
use super::super::udp::family;
use super::super::wit::types::ErrorCode;
use super::Code;
use crate::handles::Object;

impl Io {
    /// Binds a socket that the guest has made before.
    pub(super) fn bind_socket(&mut self, handle: u64, address: SocketAddr) -> Result<(), Refusal> {
        self.fits(handle, address)?;
        let granted = self.own_address(address)?;
        let bound = match &mut self.entry(handle)?.object {
            Object::Socket(socket) => socket.bind(address),
            Object::Datagrams(datagrams) => datagrams.bind(address, granted),
            _ => return Err(ErrorCode::BadHandle.into()),
        };
        bound.map_err(|error| error_code("bind", &error).into())
    }

    /// Whether `handle` is a socket that an address may be given to, and `address` of its family.
    pub(in crate::imports) fn fits(&self, handle: u64, address: SocketAddr) -> Code<()> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        let own = match &entry.object {
            Object::Socket(socket) => socket.family(),
            Object::Datagrams(datagrams) => datagrams.socket().family(),
            Object::Listener(_) => return Err(ErrorCode::InvalidState),
            Object::Stream(stream) if stream.tcp().is_some() => {
                return Err(ErrorCode::InvalidState);
            }
            _ => return Err(ErrorCode::BadHandle),
        };
        match own == family(address) {
            true => Ok(()),
            false => Err(ErrorCode::InvalidArgument),
        }
    }

    /// Makes a listener of a socket, or changes the backlog of one.
    pub(super) fn listen_socket(&mut self, handle: u64, number: u32) -> Result<(), Refusal> {
        let backlog = backlog(number)?;
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        let listening = match &mut entry.object {
            Object::Listener(listener) => listener.set_backlog(backlog).map(|()| None),
            Object::Socket(socket) => {
                self.grants
                    .listen(socket.wanted().map_err(ErrorCode::from)?)?;
                let listener = socket.listen(&self.handle, backlog);
                listener.map(|listener| Some(Object::Listener(Arc::new(listener.into()))))
            }
            #[cfg(unix)]
            Object::UnixListener(listener) => listener.set_backlog(backlog).map(|()| None),
            #[cfg(unix)]
            Object::UnixSocket(socket) => {
                let listener = socket.listen(&self.handle, backlog);
                listener.map(|listener| Some(Object::UnixListener(Arc::new(listener))))
            }
            Object::Stream(stream) if stream.is_socket() => {
                return Err(ErrorCode::InvalidState.into());
            }
            _ => return Err(ErrorCode::BadHandle.into()),
        };
        if let Some(listener) = listening.map_err(|error| error_code("listen", &error))? {
            entry.object = listener;
            self.ring.watch_anew(handle, entry);
        }
        Ok(())
    }
}
