//! A TCP socket of WASI as a machine of states: what may follow what, for whom, and with which
//! code. Both skins drive it; it never waits.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use aio_loop::dns::Family;
use aio_loop::net::{Connect, SocketOptions, TcpListener, TcpSocket, TcpStream};

use super::code::{Code, Failure};
use super::{address, options};
use crate::imports::io::{Io, Place};

/// Connections that a listener keeps ready unless the guest asks for another number.
const BACKLOG: i32 = 1024;

/// A TCP socket of a guest.
pub(super) struct Tcp {
    stage: Stage,
    family: Family,
    backlog: i32,
    /// The socket's place in the quota until it is shared with streams.
    permit: Option<Place>,
}

enum Stage {
    Unbound(TcpSocket),
    Bound(TcpSocket),
    /// The attempt is elsewhere while somebody awaits it.
    Connecting(Option<Connect>),
    Connected(Arc<Connection>),
    Listening(Arc<Listener>),
    /// Nothing is left but to drop it.
    Closed,
}

/// A connection, open for as long as a socket or a stream of the guest holds it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    _permit: Option<Place>,
}

/// A listener, open for as long as a socket or a stream of the guest holds it.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) listener: TcpListener,
    family: Family,
    _permit: Option<Place>,
}

impl Tcp {
    pub(super) fn new(io: &Io, family: Family) -> Result<Self, Failure> {
        let permit = socket_permit(io)?;
        let socket = TcpSocket::new(family)?;
        if family == Family::V6 {
            socket.set_only_v6(true)?;
        }
        Ok(Self {
            stage: Stage::Unbound(socket),
            family,
            backlog: BACKLOG,
            permit: Some(permit),
        })
    }

    pub(super) fn bind(&mut self, io: &Io, addr: SocketAddr) -> Result<(), Failure> {
        let Stage::Unbound(socket) = &self.stage else {
            return Err(Code::InvalidState.into());
        };
        address::local(addr, self.family)?;
        io.grants.listen(addr)?;
        socket.bind(addr)?;
        self.stage = match self.take() {
            Stage::Unbound(socket) => Stage::Bound(socket),
            other => other,
        };
        Ok(())
    }

    /// Starts to connect. Once the address is found valid, a failure closes the socket.
    pub(super) fn connect(&mut self, io: &Io, addr: SocketAddr) -> Result<(), Failure> {
        if !matches!(self.stage, Stage::Unbound(_) | Stage::Bound(_)) {
            return Err(Code::InvalidState.into());
        }
        address::peer(addr, self.family)?;
        if let Stage::Unbound(socket) | Stage::Bound(socket) = self.take() {
            io.grants.connect(addr)?;
            let connect = socket.connect(&io.handle, addr).map_err(connect_failure)?;
            self.stage = Stage::Connecting(Some(connect));
        }
        Ok(())
    }

    /// The attempt, for who awaits it.
    pub(super) fn take_connect(&mut self) -> Option<Connect> {
        match &mut self.stage {
            Stage::Connecting(connect) => connect.take(),
            _ => None,
        }
    }

    /// Ready when there is news of the attempt or a connection to accept, and when there is nothing
    /// to wait for.
    pub(super) fn poll_event(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.stage {
            Stage::Connecting(Some(connect)) => connect
                .registration()
                .map_or(Poll::Ready(()), |source| source.poll_writable(cx)),
            Stage::Listening(listener) => listener.listener.registration().poll_readable(cx),
            _ => Poll::Ready(()),
        }
    }

    /// Asks how the attempt stands; [`io::ErrorKind::WouldBlock`] while it is under way.
    pub(super) fn try_connected(&mut self) -> io::Result<Arc<Connection>> {
        let Stage::Connecting(Some(connect)) = &mut self.stage else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        match connect.try_finish() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            result => self.connected(result),
        }
    }

    /// Takes in how the attempt ended.
    pub(super) fn connected(
        &mut self,
        result: io::Result<TcpStream>,
    ) -> io::Result<Arc<Connection>> {
        self.stage = Stage::Closed;
        let connection = Arc::new(Connection {
            stream: result?,
            _permit: self.permit.take(),
        });
        self.stage = Stage::Connected(Arc::clone(&connection));
        Ok(connection)
    }

    /// Listens, at a port of the system's choice if it is not bound.
    pub(super) fn listen(&mut self, io: &Io) -> Result<Arc<Listener>, Failure> {
        if matches!(self.stage, Stage::Unbound(_)) {
            self.bind(io, address::unspecified(self.family))?;
        }
        if !self.is_bound() {
            return Err(Code::InvalidState.into());
        }
        let Stage::Bound(socket) = self.take() else {
            return Err(Code::InvalidState.into());
        };
        let listener = Arc::new(Listener {
            listener: socket.listen(&io.handle, self.backlog)?,
            family: self.family,
            _permit: self.permit.take(),
        });
        self.stage = Stage::Listening(Arc::clone(&listener));
        Ok(listener)
    }

    /// Whether it is bound and no more than that.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.stage, Stage::Bound(_))
    }

    pub(super) fn is_listening(&self) -> bool {
        matches!(self.stage, Stage::Listening(_))
    }

    pub(super) fn connection(&self) -> Option<&Arc<Connection>> {
        match &self.stage {
            Stage::Connected(connection) => Some(connection),
            _ => None,
        }
    }

    pub(super) fn listener(&self) -> Option<&Arc<Listener>> {
        match &self.stage {
            Stage::Listening(listener) => Some(listener),
            _ => None,
        }
    }

    pub(super) fn family(&self) -> Family {
        self.family
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr, Code> {
        Ok(match &self.stage {
            Stage::Bound(socket) => socket.local_addr()?,
            Stage::Connected(connection) => connection.stream.local_addr()?,
            Stage::Listening(listener) => listener.listener.local_addr()?,
            Stage::Unbound(_) | Stage::Connecting(_) | Stage::Closed => {
                return Err(Code::InvalidState);
            }
        })
    }

    pub(super) fn remote_address(&self) -> Result<SocketAddr, Code> {
        let connection = self.connection().ok_or(Code::InvalidState)?;
        Ok(connection.stream.peer_addr()?)
    }

    pub(super) fn set_backlog(&mut self, size: u64) -> Result<(), Code> {
        let backlog = options::backlog(size)?;
        match &self.stage {
            Stage::Unbound(_) | Stage::Bound(_) => {}
            // Not all systems change it afterwards.
            Stage::Listening(listener) => listener
                .listener
                .set_backlog(backlog)
                .map_err(|_refused| Code::NotSupported)?,
            Stage::Connecting(_) | Stage::Connected(_) | Stage::Closed => {
                return Err(Code::InvalidState);
            }
        }
        self.backlog = backlog;
        Ok(())
    }

    pub(super) fn options(&self) -> Result<SocketOptions<'_>, Code> {
        match &self.stage {
            Stage::Unbound(socket) | Stage::Bound(socket) => Ok(socket.options()),
            Stage::Connecting(Some(connect)) => connect.options()?.ok_or(Code::InvalidState),
            Stage::Connected(connection) => Ok(connection.stream.options()?),
            Stage::Listening(listener) => Ok(listener.listener.options()?),
            Stage::Connecting(None) | Stage::Closed => Err(Code::InvalidState),
        }
    }

    fn take(&mut self) -> Stage {
        mem::replace(&mut self.stage, Stage::Closed)
    }
}

impl Listener {
    /// Accepts a connection if one waits; without room in the quota it is left to wait.
    pub(super) fn try_accept(&self, io: &Io) -> Result<Tcp, AcceptError> {
        if !self.listener.registration().readiness().readable {
            return Err(AcceptError::Io(io::ErrorKind::WouldBlock.into()));
        }
        let permit = socket_permit(io).map_err(|_full| AcceptError::Quota)?;
        let (stream, _) = self.listener.try_accept().map_err(AcceptError::Io)?;
        Ok(Tcp {
            stage: Stage::Connected(Arc::new(Connection {
                stream,
                _permit: Some(permit),
            })),
            family: self.family,
            backlog: BACKLOG,
            permit: None,
        })
    }
}

/// Why no connection was accepted.
#[derive(Debug)]
pub(super) enum AcceptError {
    NotListening,
    Quota,
    Io(io::Error),
}

/// One more socket's place in the guest's quota.
pub(super) fn socket_permit(io: &Io) -> Result<Place, Code> {
    io.place(1).map_err(|_full| Code::SocketLimit)
}

/// Connecting without a free port is told by Linux as an address that is not there.
fn connect_failure(error: io::Error) -> Failure {
    match Code::from(&error) {
        Code::AddressNotBindable => Code::AddressInUse.into(),
        code => code.into(),
    }
}
