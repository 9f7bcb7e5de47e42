//! The requests of `echo.rs` over TLS, by a client that trusts one certificate.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use mio::Interest;
use mio::net::TcpStream;
use rustls::{ClientConfig, ClientConnection};

use super::echo::{Exchange, Request};
use super::{Client, Tally};

/// What the connections share.
pub(in super::super) struct Shared {
    pub(in super::super) exchange: Exchange,
    pub(in super::super) config: Arc<ClientConfig>,
}

/// One connection, whose handshake is done.
pub(in super::super) struct TlsEcho {
    stream: TcpStream,
    tls: ClientConnection,
    request: Request,
}

impl Client for TlsEcho {
    type Shared = Shared;
    type Socket = TcpStream;
    const INTEREST: Interest = Interest::READABLE;

    fn connect(address: SocketAddr, index: usize, shared: &mut Shared) -> Result<Self> {
        let name = super::super::certificate::NAME.try_into()?;
        let mut tls = ClientConnection::new(Arc::clone(&shared.config), name)?;
        let mut stream = super::connect(address)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).context("shake hands")?;
        }
        Ok(Self {
            stream: super::non_blocking(stream)?,
            tls,
            request: Request::first(index),
        })
    }

    fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn begin(&mut self, shared: &mut Shared) -> Result<()> {
        self.send(shared, Instant::now())
    }

    /// Reads until that would block: a record may come in pieces.
    fn go_on(&mut self, shared: &mut Shared, tally: &mut Tally) -> Result<bool> {
        while let Some(length) = super::unblocked(self.tls.read_tls(&mut self.stream))? {
            ensure!(length > 0, "the server closed a connection");
            self.tls.process_new_packets().context("understand TLS")?;
            if let Some(now) = self.receive(shared, tally)? {
                self.send(shared, now)?;
            }
        }
        Ok(false)
    }
}

impl TlsEcho {
    /// Takes what was decrypted; tells the time when the answer is whole.
    fn receive(&mut self, shared: &mut Shared, tally: &mut Tally) -> Result<Option<Instant>> {
        loop {
            let room = shared.exchange.room(&self.request);
            let length = match self.tls.reader().read(room) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error).context("receive an answer"),
            };
            let exchange = &mut shared.exchange;
            if let Some(now) = self.request.received(length, exchange, tally)? {
                return Ok(Some(now));
            }
        }
    }

    /// Sends the next request. It fits: nothing else is under way on this connection.
    fn send(&mut self, shared: &mut Shared, now: Instant) -> Result<()> {
        let message = self.request.next(&mut shared.exchange, now);
        self.tls.writer().write_all(message)?;
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream).context("send")?;
        }
        Ok(())
    }
}
