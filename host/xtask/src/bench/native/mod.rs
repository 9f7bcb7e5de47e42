//! The native servers that ours are compared with: plain mio, one thread. Here is what they have in
//! common, the poll and the connections; what is done with bytes is in the files beside this one.

mod bulk;
mod cat;
mod datagram;
mod echo;
mod tls;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

use super::certificate::Certificate;

/// Which server to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Echo that reads until a read would block, as mio's documentation asks
    Mio,
    /// Echo that reads until a read comes back short: one system call less for each request, but an
    /// end of the stream that comes together with data is not seen
    MioShortRead,
    /// Sends to each connection as fast as it takes
    Source,
    /// Reads from each connection as fast as it comes
    Sink,
    /// Echo of datagrams
    Datagrams,
    /// Echo over TLS, with rustls
    Tls,
    /// No server: bytes through `cat`, for so many seconds
    Cat,
}

/// Serves until it is killed. Says first where it listens. `argument` is of a server of TLS the
/// folder of its certificate, and of what is no server for how many seconds it works.
pub(crate) fn serve(kind: Kind, argument: Option<&Path>) -> Result<()> {
    match kind {
        Kind::Mio => run(echo::Echo::UntilBlocked),
        Kind::MioShortRead => run(echo::Echo::UntilShort),
        Kind::Source => run(bulk::Bulk::Source),
        Kind::Sink => run(bulk::Bulk::Sink),
        Kind::Datagrams => datagram::serve(),
        Kind::Tls => {
            let folder = argument.context("a server of TLS needs the folder of its certificate")?;
            run(tls::Tls(Certificate::at(folder).server()?))
        }
        Kind::Cat => {
            let seconds = argument.and_then(|argument| argument.to_str()?.parse().ok());
            cat::measure(Duration::from_secs_f64(seconds.context("for how long?")?))
        }
    }
}

fn run<S: Service>(service: S) -> Result<()> {
    let server = Server::bind(service)?;
    println!("listening on {}", server.address()?);
    server.run()
}

/// What a server does with bytes.
trait Service {
    /// What it keeps for each connection.
    type Connection;

    /// Begins with a connection.
    fn connect(&self) -> io::Result<Self::Connection>;

    /// Goes on after an event. What fails on one connection ends that connection.
    fn go_on(&self, connection: &mut Self::Connection, io: &mut Io<'_>) -> io::Result<Fate>;
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It waits for the next event.
    Waits,
    /// It would go on, but others have their turn first.
    GoesOn,
    Closed,
}

/// The socket of a connection, with what a service needs to use it.
struct Io<'a> {
    stream: &'a mut TcpStream,
    registry: &'a Registry,
    token: Token,
    /// One for all connections.
    buffer: &'a mut [u8],
}

impl Io<'_> {
    /// Asks for other events from now on.
    fn wait_for(&mut self, interest: Interest) -> io::Result<()> {
        self.registry.reregister(self.stream, self.token, interest)
    }

    /// Reads into the buffer; none if that would block.
    fn read(&mut self) -> io::Result<Option<usize>> {
        unblocked(io::Read::read(self.stream, self.buffer))
    }

    /// Writes until all went or the socket is full, and returns how much went.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < data.len() {
            match unblocked(io::Write::write(self.stream, &data[written..]))? {
                Some(length) => written += length,
                None => break,
            }
        }
        Ok(written)
    }
}

fn unblocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

const LISTENER: Token = Token(usize::MAX);
const BUFFER: usize = 64 * 1024;

struct Server<S: Service> {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Option<(TcpStream, S::Connection)>>,
    free: Vec<usize>,
    /// Connections that go on without an event.
    again: Vec<usize>,
    buffer: Box<[u8]>,
    service: S,
}

impl<S: Service> Server<S> {
    fn bind(service: S) -> Result<Self> {
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
            again: Vec::new(),
            buffer: vec![0; BUFFER].into(),
            service,
        })
    }

    fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("read own address")
    }

    fn run(mut self) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = (!self.again.is_empty()).then_some(Duration::ZERO);
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.context("poll")?,
            }
            for key in std::mem::take(&mut self.again) {
                self.serve(key);
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
        while let Some((stream, _)) = unblocked(self.listener.accept()).context("accept")? {
            self.add(stream).context("register a connection")?;
        }
        Ok(())
    }

    fn add(&mut self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let key = self.free.pop().unwrap_or(self.connections.len());
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(key), Interest::READABLE)?;
        let connection = (stream, self.service.connect()?);
        if key == self.connections.len() {
            self.connections.push(None);
        }
        self.connections[key] = Some(connection);
        self.serve(key);
        Ok(())
    }

    fn serve(&mut self, key: usize) {
        let Some((stream, connection)) = &mut self.connections[key] else {
            return;
        };
        let mut io = Io {
            stream,
            registry: self.poll.registry(),
            token: Token(key),
            buffer: &mut self.buffer,
        };
        match self.service.go_on(connection, &mut io) {
            Ok(Fate::Waits) => (),
            Ok(Fate::GoesOn) => self.again.push(key),
            Ok(Fate::Closed) | Err(_) => {
                self.connections[key] = None;
                self.free.push(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Starts a server that ends with the test.
    pub(super) fn start<S: Service<Connection: Send> + Send + 'static>(service: S) -> SocketAddr {
        let server = Server::bind(service).unwrap();
        let address = server.address().unwrap();
        thread::spawn(|| server.run());
        address
    }
}
