//! Unix sockets on the ring: connections made and accepted, and datagrams that do not wait.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aio_loop::net::unix::{UnixListener, UnixTarget};

use super::super::io::{Io, Refusal, read_max};
use super::super::wit::ring::{AcceptResult, ConnectSocketUnixArguments, Outcome};
use super::super::wit::types::ErrorCode;
use super::super::wit::unix::{UnixAddress, UnixDatagram};
use super::pump::not_blocked;
use super::submit::Id;
use crate::handles::{Object, Place};

/// Pauses between attempts to connect where the backlog is full.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

impl Io {
    /// Most connect at once; a full backlog is waited for.
    pub(super) fn submit_connect_unix(
        &mut self,
        id: Id,
        address: &UnixAddress,
    ) -> Result<(), Refusal> {
        let mut connect = Box::pin(self.connect_unix(address)?);
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(made) = connect.as_mut().poll(&mut cx) else {
            return self.detach_connect(id, connect);
        };
        let connected = self.connected(made)?;
        self.ring.complete(id.0, connected);
        Ok(())
    }

    pub(super) fn submit_connect_socket_unix(
        &mut self,
        id: Id,
        arguments: &ConnectSocketUnixArguments,
    ) -> Result<(), Refusal> {
        let handle = arguments.socket;
        self.has_no_peer(handle)?;
        let target = self.target("connect to", &arguments.address)?;
        self.connect_unix_socket(id, handle, target, (FIRST_PAUSE, None))
    }

    /// Attempts it now, and again after a pause when the backlog is full. What waits keeps the
    /// target open, and so has a place.
    fn connect_unix_socket(
        &mut self,
        id: Id,
        handle: u64,
        target: UnixTarget,
        (pause, place): (Duration, Option<Place>),
    ) -> Result<(), Refusal> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::Closed)?;
        let connected = match &mut entry.object {
            Object::UnixSocket(socket) => socket.try_connect(&self.handle, &target).map(Some),
            Object::UnixDatagrams(socket) => socket.connect(&target).map(|()| None),
            _ => return Err(ErrorCode::InvalidState.into()),
        };
        let Some(connected) = not_blocked("connect", connected) else {
            let place = place.map_or_else(|| self.place(1), Ok)?;
            let sleep = self.handle.sleep(pause);
            let again = move |io: &mut Self, id: Id, ()| {
                io.ring.unpark(id.0);
                let next = (LONGEST_PAUSE.min(pause * 2), Some(place));
                if let Err(refusal) = io.connect_unix_socket(id, handle, target, next) {
                    io.refused(id.0, refusal);
                }
            };
            return Ok(self.detach_task(id, sleep, None, again)?);
        };
        if let Some(stream) = connected? {
            entry.object = Object::Stream(Arc::new(stream.into()));
            self.ring.watch_anew(handle, entry);
        }
        self.ring.succeed(id.0, id.1, Outcome::Done);
        Ok(())
    }

    pub(super) fn accept_unix(
        &mut self,
        listener: &UnixListener,
    ) -> Result<Option<u64>, ErrorCode> {
        self.room()?;
        let accepted = not_blocked("accept", listener.try_accept()).transpose()?;
        accepted.map(|stream| self.open_unix(stream)).transpose()
    }

    /// Accepts a connection that waits at a Unix listener.
    pub(super) fn try_accept_unix(&mut self, handle: u64) -> Result<AcceptResult, ErrorCode> {
        let listener = self.unix_listener(handle)?;
        let accepted = self.accept_unix(&listener)?;
        Ok(accepted.map_or(AcceptResult::WouldBlock, AcceptResult::AcceptedUnix))
    }

    /// Receives a datagram if one is there.
    pub(super) fn try_receive_unix(
        &mut self,
        handle: u64,
        max: u32,
    ) -> Result<Option<UnixDatagram>, ErrorCode> {
        let socket = self.unix_datagrams(handle)?;
        let room = &mut self.scratch[..read_max(max)];
        let received = not_blocked("receive", socket.try_recv(room)).transpose()?;
        Ok(received.map(|received| UnixDatagram {
            data: self.scratch[..received.len].to_vec(),
            truncated: received.truncated,
            peer: self.told(received.from),
        }))
    }

    /// Sends a datagram if there is room for it.
    pub(super) fn try_send_unix(
        &self,
        handle: u64,
        data: &[u8],
        peer: Option<&UnixAddress>,
    ) -> Result<Option<usize>, Refusal> {
        let socket = self.unix_datagrams(handle)?;
        let sent = match peer {
            Some(peer) => socket.try_send_to(data, &self.target("send to", peer)?),
            None => socket.try_send(data),
        };
        let sent = not_blocked("send", sent).transpose()?;
        Ok(sent.map(|()| data.len()))
    }

    pub(super) fn is_unix_listener(&self, handle: u64) -> bool {
        self.unix_listener(handle).is_ok()
    }

    pub(super) fn is_unix_datagrams(&self, handle: u64) -> bool {
        self.unix_datagrams(handle).is_ok()
    }
}
