//! Echo over TLS: rustls between two halves of the same loop, without a copy that is not needed.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use mio::Interest;
use rustls::{ServerConfig, ServerConnection};

use super::{Fate, Io, Service, unblocked};

/// A server with one certificate.
#[derive(Debug)]
pub(super) struct Tls(pub(super) Arc<ServerConfig>);

/// A connection, and whether its socket is watched for room.
#[derive(Debug)]
pub(super) struct Connection {
    tls: ServerConnection,
    wants_room: bool,
}

impl Service for Tls {
    type Connection = Connection;

    fn connect(&self) -> io::Result<Connection> {
        let tls = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        Ok(Connection {
            tls,
            wants_room: false,
        })
    }

    fn go_on(&self, connection: &mut Connection, io: &mut Io<'_>) -> io::Result<Fate> {
        while connection.flush(io)? {
            match unblocked(connection.tls.read_tls(io.stream))? {
                Some(0) => return Ok(Fate::Closed),
                Some(_) => connection.echo(io.buffer)?,
                None => return Ok(Fate::Waits),
            }
        }
        Ok(Fate::Waits)
    }
}

impl Connection {
    /// Writes back what was decrypted.
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.tls.process_new_packets().map_err(io::Error::other)?;
        loop {
            match self.tls.reader().read(buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => self.tls.writer().write_all(&buffer[..length])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends what is encrypted. Returns whether all of it went: else nothing is read.
    fn flush(&mut self, io: &mut Io<'_>) -> io::Result<bool> {
        while self.tls.wants_write() {
            if unblocked(self.tls.write_tls(io.stream))?.is_none() {
                self.wait_for_room(io, true)?;
                return Ok(false);
            }
        }
        self.wait_for_room(io, false)?;
        Ok(true)
    }

    fn wait_for_room(&mut self, io: &mut Io<'_>, wants: bool) -> io::Result<()> {
        if std::mem::replace(&mut self.wants_room, wants) == wants {
            return Ok(());
        }
        let interest = match wants {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        io.wait_for(interest)
    }
}
