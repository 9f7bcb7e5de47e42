//! One TLS connection as bytes in and bytes out. It knows no socket and no time but that of
//! certificates; what it holds is bounded in every direction.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};

use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use rustls::{ClientConnection, Connection, ServerConnection};

use super::records::Records;
use super::{Alert, ClientConfig, Error, Negotiated, ServerConfig};

/// The most plaintext that is taken before its ciphertext is fetched. Of what the peer sent, no
/// more than one record (16 KiB) and the next one in the making is held.
pub const BUFFERED_MAX: usize = 64 << 10;

/// One side of a TLS connection.
pub struct Engine {
    connection: Connection,
    /// Where in the peer's records its bytes are.
    records: Records,
    /// Why the session cannot go on; told once all that was read before is fetched.
    failure: Option<Error>,
    /// With which alert the peer ended it.
    alert: Option<Alert>,
    /// The peer's bytes have ended.
    ended: bool,
    /// The peer has said that it sends no more.
    peer_closed: bool,
    /// This side has said so.
    closed: bool,
}

impl Engine {
    /// Begins as a client of the server `name`, a host name or an address. Without a name, none is
    /// told, and its certificate cannot be checked for one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`], also for none where the certificate must have one.
    pub fn client(config: &ClientConfig, name: Option<&str>) -> Result<Self, Error> {
        let name = match name {
            Some(name) => ServerName::try_from(name).map_err(|_| Error::InvalidName)?,
            None if config.needs_name() => return Err(Error::InvalidName),
            // Addresses are never told to the server.
            None => ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4]))),
        };
        let client = ClientConnection::new(config.inner(), name.to_owned())?;
        Ok(Self::new(client.into()))
    }

    /// Begins as a server.
    ///
    /// # Errors
    ///
    /// None that a configuration of this module is known to bring.
    pub fn server(config: &ServerConfig) -> Result<Self, Error> {
        Ok(Self::new(ServerConnection::new(config.inner())?.into()))
    }

    fn new(mut connection: Connection) -> Self {
        connection.set_buffer_limit(Some(BUFFERED_MAX));
        Self {
            connection,
            records: Records::default(),
            failure: None,
            alert: None,
            ended: false,
            peer_closed: false,
            closed: false,
        }
    }

    /// Takes bytes of the peer and returns how many: fewer than there are when plaintext waits
    /// that is to be read first. What follows the peer's `close_notify` is left.
    ///
    /// # Errors
    ///
    /// Why the session cannot go on; an alert for the peer may be left to write.
    pub fn read_tls(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let mut rest = bytes;
        self.check()?;
        while !rest.is_empty() && !self.peer_closed {
            let mut piece = &rest[..self.records.piece(rest)];
            // Refused while plaintext waits.
            let Ok(taken) = self.connection.read_tls(&mut piece) else {
                break;
            };
            let (taken, left) = rest.split_at(taken);
            self.records.advance(taken);
            rest = left;
            self.process()?;
        }
        Ok(bytes.len() - rest.len())
    }

    /// Tells that the peer's bytes have ended.
    pub fn end_tls(&mut self) {
        self.ended = true;
    }

    /// Takes bytes of the peer by one call of `read`, whose `Ok(0)` is their end.
    ///
    /// # Errors
    ///
    /// Those of `read`, those of [`Engine::read_tls`], and [`io::ErrorKind::WouldBlock`] without
    /// a call while plaintext waits or the peer has sent its `close_notify`.
    pub fn read_tls_from(
        &mut self,
        read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.check()?;
        if self.peer_closed || self.has_plaintext() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.connection.read_tls(&mut ReadBy(read))?;
        self.ended |= taken == 0;
        self.process()?;
        Ok(taken)
    }

    fn check(&self) -> Result<(), Error> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn process(&mut self) -> Result<(), Error> {
        match self.connection.process_new_packets() {
            Ok(state) => {
                self.peer_closed |= state.peer_has_closed();
                Ok(())
            }
            Err(error) => {
                if let rustls::Error::AlertReceived(alert) = error {
                    self.alert = Some(alert);
                }
                let error = Error::from(error);
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Whether bytes wait to be sent to the peer.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Moves bytes for the peer into `buf`; returns how many.
    pub fn write_tls(&mut self, mut buf: &mut [u8]) -> usize {
        let moved = self.connection.write_tls(&mut buf);
        moved.expect("invariant: writing to a slice does not fail")
    }

    /// Hands bytes for the peer to one call of `write`, which returns how many it took.
    ///
    /// # Errors
    ///
    /// Those of `write`.
    pub fn write_tls_to(
        &mut self,
        write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.connection.write_tls(&mut WriteBy(write))
    }

    /// Reads plaintext; `Ok(0)` is the end that the peer has told, or an empty `buf`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is none; once there is no more, the [`Error`] that
    /// ended the session, or [`Error::Truncated`].
    pub fn read_plain(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.connection.reader().read(buf) {
            Ok(read) if read > 0 || buf.is_empty() => Ok(read),
            _ => self.end(),
        }
    }

    /// What there is instead of plaintext.
    fn end(&self) -> io::Result<usize> {
        self.check()?;
        match (self.peer_closed, self.ended) {
            (true, _) => Ok(0),
            (false, true) => Err(Error::Truncated.into()),
            (false, false) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Takes plaintext to send, as much as fits; before the end of the handshake it is kept.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when none fits, [`Error::Closed`] after
    /// [`Engine::close_notify`], and why the session cannot go on.
    pub fn write_plain(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.check()?;
        if self.closed {
            return Err(Error::Closed.into());
        }
        match self.connection.writer().write(buf)? {
            0 if !buf.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }

    /// Says to the peer that this side sends no more; it may still send itself.
    pub fn close_notify(&mut self) {
        self.closed = true;
        self.connection.send_close_notify();
    }

    /// Whether plaintext waits to be read.
    pub fn has_plaintext(&mut self) -> bool {
        let chunk = self.connection.reader().into_first_chunk();
        chunk.is_ok_and(|chunk| !chunk.is_empty())
    }

    /// Whether [`Engine::read_plain`] would bring something: plaintext, the end, or an error.
    pub fn is_readable(&mut self) -> bool {
        self.failure.is_some() || self.peer_closed || self.ended || self.has_plaintext()
    }

    /// Whether the peer's bytes have ended, it has said that they do, or the session has failed.
    pub fn has_ended(&self) -> bool {
        self.peer_closed || self.ended || self.failure.is_some()
    }

    /// Whether the two sides are still agreeing.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// The alert by which the peer ended the session.
    pub fn alert(&self) -> Option<Alert> {
        self.alert
    }

    /// What was agreed on; `None` before.
    pub fn negotiated(&self) -> Option<Negotiated> {
        Negotiated::of(&self.connection)
    }

    /// Has both sides take new keys, in TLS 1.3.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] before the end of the handshake and in TLS 1.2.
    pub fn update_keys(&mut self) -> Result<(), Error> {
        Ok(self.connection.refresh_traffic_keys()?)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("handshaking", &self.is_handshaking())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// Reads by a closure.
struct ReadBy<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for ReadBy<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (self.0)(buf)
    }
}

/// Writes by a closure, many pieces at once.
struct WriteBy<F>(F);

impl<F: FnMut(&[IoSlice<'_>]) -> io::Result<usize>> Write for WriteBy<F> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (self.0)(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (self.0)(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
