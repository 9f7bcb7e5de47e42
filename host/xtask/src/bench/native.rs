//! The native servers that ours is compared with: plain mio, one thread, echo. Written as the
//! documentation of mio asks, and once as tight as edge-triggered reads allow.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result};
use clap::ValueEnum;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(usize::MAX);
const BUFFER: usize = 64 * 1024;

/// How a server reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Until a read would block, as mio's documentation asks
    Mio,
    /// Until a read comes back short: one system call less for each request, but an end of the
    /// stream that comes together with data is not seen
    MioShortRead,
}

/// Serves until it is killed. Says first where it listens.
pub(crate) fn serve(kind: Kind) -> Result<()> {
    let server = Server::bind(kind)?;
    println!("listening on {}", server.address()?);
    server.run()
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    buffer: Box<[u8]>,
    kind: Kind,
}

struct Connection {
    stream: TcpStream,
    /// What could not be written yet. Nothing is read while there is some.
    unsent: Vec<u8>,
}

/// Whether a connection goes on.
#[derive(PartialEq)]
enum Fate {
    Open,
    Closed,
}

impl Server {
    fn bind(kind: Kind) -> Result<Self> {
        let poll = Poll::new().context("open a poll")?;
        let address = "127.0.0.1:0".parse().context("parse own address")?;
        let mut listener = TcpListener::bind(address).context("listen on 127.0.0.1:0")?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)
            .context("register the listener")?;
        Ok(Self {
            poll,
            listener,
            connections: Vec::new(),
            free: Vec::new(),
            buffer: vec![0; BUFFER].into(),
            kind,
        })
    }

    fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("read own address")
    }

    fn run(mut self) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.context("poll")?,
            }
            for event in events.iter() {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(key) => self.serve(key),
                }
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.add(stream).context("register a connection")?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accept"),
            }
        }
    }

    fn add(&mut self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let key = self.free.pop().unwrap_or(self.connections.len());
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(key), Interest::READABLE)?;
        let connection = Connection {
            stream,
            unsent: Vec::new(),
        };
        if key == self.connections.len() {
            self.connections.push(None);
        }
        self.connections[key] = Some(connection);
        Ok(())
    }

    fn serve(&mut self, key: usize) {
        let Some(connection) = &mut self.connections[key] else {
            return;
        };
        let registry = self.poll.registry();
        // What fails on one connection ends that connection.
        let fate = connection
            .echo(registry, Token(key), &mut self.buffer, self.kind)
            .unwrap_or(Fate::Closed);
        if fate == Fate::Closed {
            self.connections[key] = None;
            self.free.push(key);
        }
    }
}

impl Connection {
    fn echo(
        &mut self,
        registry: &Registry,
        token: Token,
        buffer: &mut [u8],
        kind: Kind,
    ) -> std::io::Result<Fate> {
        if !self.unsent.is_empty() && !self.flush(registry, token)? {
            return Ok(Fate::Open);
        }
        loop {
            let length = match self.stream.read(buffer) {
                Ok(0) => return Ok(Fate::Closed),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Fate::Open),
                Err(error) => return Err(error),
            };
            let written = self.write(&buffer[..length])?;
            if written < length {
                self.unsent.extend_from_slice(&buffer[written..length]);
                let interest = Interest::READABLE | Interest::WRITABLE;
                registry.reregister(&mut self.stream, token, interest)?;
                return Ok(Fate::Open);
            }
            if kind == Kind::MioShortRead && length < buffer.len() {
                return Ok(Fate::Open);
            }
        }
    }

    /// Writes what is left over. Returns whether all of it went.
    fn flush(&mut self, registry: &Registry, token: Token) -> std::io::Result<bool> {
        let unsent = std::mem::take(&mut self.unsent);
        let written = self.write(&unsent)?;
        self.unsent.extend_from_slice(&unsent[written..]);
        if self.unsent.is_empty() {
            registry.reregister(&mut self.stream, token, Interest::READABLE)?;
        }
        Ok(self.unsent.is_empty())
    }

    /// Writes until all went or the socket is full, and returns how much went.
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let mut written = 0;
        while written < data.len() {
            match self.stream.write(&data[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net;
    use std::thread;

    fn start(kind: Kind) -> SocketAddr {
        let server = Server::bind(kind).unwrap();
        let address = server.address().unwrap();
        thread::spawn(|| server.run());
        address
    }

    #[test]
    fn more_than_a_socket_holds_comes_back_whole() {
        let sent: Vec<_> = (0..16 << 20).map(|index: u32| index as u8).collect();
        for kind in [Kind::Mio, Kind::MioShortRead] {
            let mut writer = net::TcpStream::connect(start(kind)).unwrap();
            let mut reader = writer.try_clone().unwrap();
            let data = sent.clone();
            let writing = thread::spawn(move || writer.write_all(&data));
            let mut received = vec![0; sent.len()];
            reader.read_exact(&mut received).unwrap();
            writing.join().unwrap().unwrap();
            assert!(received == sent, "{kind:?}");
        }
    }

    #[test]
    fn a_connection_that_ends_makes_room_for_another() {
        let address = start(Kind::Mio);
        for _ in 0..3 {
            let mut stream = net::TcpStream::connect(address).unwrap();
            stream.write_all(b"x").unwrap();
            stream.shutdown(net::Shutdown::Write).unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).unwrap();
            assert_eq!(received, b"x");
        }
    }
}
