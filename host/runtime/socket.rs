//! A TCP socket that is made first and told later what it becomes. The handle table has it where
//! the connection or the listener will be. It never waits, and asks no policy.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use aio_loop::dns::Family;
use aio_loop::net::{Connect, SocketOptions, TcpListener, TcpSocket, TcpStream};
use aio_loop::{Handle, Port, Readiness};

use crate::stream::InvalidState;

/// A TCP socket before it is a connection or a listener. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Socket {
    family: Family,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// With the address that it was to be bound to.
    Idle(TcpSocket, Option<SocketAddr>),
    Connecting(Connect),
    /// It could not become what it should, or that was given up.
    Closed,
}

impl Socket {
    pub(crate) fn new(family: Family) -> io::Result<Self> {
        let stage = Stage::Idle(TcpSocket::new(family)?, None);
        Ok(Self { family, stage })
    }

    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// Whether it is neither being connected nor closed.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle(..))
    }

    pub(crate) fn bind(&mut self, address: SocketAddr) -> io::Result<()> {
        let Stage::Idle(socket, wanted) = &mut self.stage else {
            return Err(InvalidState.into());
        };
        socket.assign(address)?;
        *wanted = Some(address);
        Ok(())
    }

    /// Where it would listen, as it was asked for: with port 0 if the system chose.
    pub(crate) fn wanted(&self) -> Result<SocketAddr, InvalidState> {
        match (&self.stage, self.family) {
            (&Stage::Idle(_, Some(wanted)), _) => Ok(wanted),
            (Stage::Idle(..), Family::V4) => Ok((Ipv4Addr::UNSPECIFIED, 0).into()),
            (Stage::Idle(..), Family::V6) => Ok((Ipv6Addr::UNSPECIFIED, 0).into()),
            _ => Err(InvalidState),
        }
    }

    /// Listens. A failure leaves it closed.
    pub(crate) fn listen(&mut self, handle: &Handle, backlog: i32) -> io::Result<TcpListener> {
        self.take()?.listen(handle, backlog)
    }

    /// Begins to connect. A failure leaves it closed.
    pub(crate) fn connect(&mut self, handle: &Handle, address: SocketAddr) -> io::Result<()> {
        let connect = self.take()?.connect(handle, address)?;
        self.stage = Stage::Connecting(connect);
        Ok(())
    }

    /// Hands the connection over once it is made; `WouldBlock` before. A failure leaves it closed.
    pub(crate) fn try_connected(&mut self) -> io::Result<TcpStream> {
        let Stage::Connecting(connect) = &mut self.stage else {
            return Err(InvalidState.into());
        };
        let connected = connect.try_finish();
        let under_way = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
        if !connected.as_ref().is_err_and(under_way) {
            self.close();
        }
        connected
    }

    /// Gives up what it was to become.
    pub(crate) fn close(&mut self) {
        self.stage = Stage::Closed;
    }

    fn take(&mut self) -> io::Result<TcpSocket> {
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Idle(socket, _) => Ok(socket),
            other => {
                self.stage = other;
                Err(InvalidState.into())
            }
        }
    }

    /// One that failed is ready for all, as others that have news of a failure.
    pub(crate) fn readiness(&self) -> Readiness {
        let failed = matches!(self.stage, Stage::Closed);
        Readiness {
            readable: failed,
            writable: failed,
            ..Readiness::default()
        }
    }

    /// Posts `key` to `port` whenever an event brings news of the connection.
    pub(crate) fn attach(&self, port: &Port, key: u64) {
        if let Stage::Connecting(connect) = &self.stage
            && let Some(registration) = connect.registration()
        {
            registration.attach(port, key);
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.stage {
            Stage::Idle(socket, _) => socket.local_addr(),
            _ => Err(InvalidState.into()),
        }
    }

    pub(crate) fn options(&self) -> io::Result<SocketOptions<'_>> {
        let options = match &self.stage {
            Stage::Idle(socket, _) => Some(socket.options()),
            Stage::Connecting(connect) => connect.options()?,
            Stage::Closed => None,
        };
        options.ok_or_else(|| InvalidState.into())
    }
}
