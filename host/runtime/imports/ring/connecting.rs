//! Sockets that become connections: the one operation that waits on a socket, in its queue of
//! reads. When it is done, the connection has the socket's handle.

use std::net::SocketAddr;
use std::sync::Arc;

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::wit::ring::{ConnectSocketArguments, Outcome};
use super::super::wit::types::ErrorCode;
use super::pump::not_blocked;
use super::submit::Id;
use super::{Place, Ring};
use crate::handles::{Entry, Many, Object, Read};

impl Io {
    pub(super) fn submit_connect_socket(
        &mut self,
        id: Id,
        arguments: &ConnectSocketArguments,
    ) -> Result<(), Refusal> {
        let (handle, address) = (arguments.socket, SocketAddr::from(arguments.address));
        self.fits(handle, address)?;
        if let Object::Socket(socket) = &self.entry(handle)?.object {
            if !socket.is_idle() {
                return Err(ErrorCode::InvalidState.into());
            }
            self.grants.connect(address)?;
            return Ok(self.begin_to_connect(id, handle, address)?);
        }
        self.set_peer(handle, Some(address))?;
        self.ring.succeed(id.0, id.1, Outcome::Done);
        Ok(())
    }

    /// Begins once the operation has its place, so that a refusal leaves the socket as it was.
    fn begin_to_connect(
        &mut self,
        (token, quiet): Id,
        handle: u64,
        address: SocketAddr,
    ) -> Result<(), ErrorCode> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        let Object::Socket(socket) = &mut entry.object else {
            return Err(ErrorCode::BadHandle);
        };
        self.ring.park(token, Place::Read(handle))?;
        if let Err(error) = socket.connect(&self.handle, address) {
            self.ring.unpark(token);
            self.ring.watch_anew(handle, entry);
            return Err(error_code("connect", &error));
        }
        entry.reads.push_back(Read {
            token,
            quiet,
            max: 0,
            many: Many::No,
        });
        entry.attached = false;
        self.ring.attach(handle, entry);
        Ok(())
    }

    /// Asks how the connection of a socket stands; whether to go on.
    pub(super) fn connect_next(&mut self, handle: u64) -> bool {
        let Some(entry) = self.handles.get_mut(handle) else {
            return false;
        };
        let Object::Socket(socket) = &mut entry.object else {
            return false;
        };
        let Some(connected) = not_blocked("connect", socket.try_connected()) else {
            return false;
        };
        let outcome = connected.map(|stream| {
            entry.object = Object::Stream(Arc::new(stream.into()));
            Outcome::Done
        });
        if let Some(read) = entry.reads.pop_front() {
            self.end(read.token, read.quiet, outcome);
        }
        false
    }

    /// Takes a read out of its queue; a socket was to be connected by it.
    pub(super) fn cancel_read(&mut self, handle: u64, token: u64) -> Result<(), ErrorCode> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        entry.reads.retain(|read| read.token != token);
        if let Object::Socket(socket) = &mut entry.object {
            socket.close();
            self.ring.watch_anew(handle, entry);
        }
        Ok(())
    }
}

impl Ring {
    /// Has the watch of a handle go on with what its object has become.
    pub(in crate::imports) fn watch_anew(&mut self, handle: u64, entry: &mut Entry) {
        entry.attached = false;
        if entry.watch.is_some() {
            self.attach(handle, entry);
            self.list_watch(handle, entry);
        }
    }
}
