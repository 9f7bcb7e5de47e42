//! The load: many connections in one thread, all in one closed loop. As cheap as the check of every
//! answer allows, because it shares the machine with what it measures.

pub(super) mod bulk;
pub(super) mod datagram;
pub(super) mod echo;
pub(super) mod http;
pub(super) mod tls;

use std::io::{self, ErrorKind, Read};
use std::net::{self, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::event::Source;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::histogram::Histogram;

const CONNECT_MAX: Duration = Duration::from_secs(10);
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// What load to put on a server, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Where the server listens.
    pub(super) address: SocketAddr,
    /// How many connections are busy at once.
    pub(super) connections: u16,
    /// How long nothing is recorded.
    pub(super) warm_up: Duration,
    /// How long answers are recorded.
    pub(super) window: Duration,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    /// What came in the window.
    pub(super) tally: Tally,
    /// How long the window was in fact.
    pub(super) window: Duration,
    /// The CPU time of the server in the window.
    pub(super) cpu_time: Duration,
}

/// What has come so far.
#[derive(Debug)]
pub(super) struct Tally {
    /// The latency of every answer.
    pub(super) latencies: Histogram,
    /// The bytes of a load that has no answers.
    pub(super) bytes: u64,
}

impl Tally {
    fn new() -> Self {
        Self {
            latencies: Histogram::new(),
            bytes: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.latencies.count() == 0 && self.bytes == 0
    }
}

/// One kind of load: what each of its connections does.
pub(super) trait Client: Sized {
    /// What all connections use, one after the other.
    type Shared;
    type Socket: Source;
    /// The events that the socket is registered for.
    const INTEREST: Interest;

    /// Makes the connection of number `index`, ready for use and without blocking from then on.
    fn connect(address: SocketAddr, index: usize, shared: &mut Self::Shared) -> Result<Self>;

    fn socket(&mut self) -> &mut Self::Socket;

    /// Begins to be busy.
    fn begin(&mut self, shared: &mut Self::Shared) -> Result<()>;

    /// Goes on after an event; whether to go on again without one.
    fn go_on(&mut self, shared: &mut Self::Shared, tally: &mut Tally) -> Result<bool>;
}

/// Puts `load` on a server whose CPU time `cpu_time` tells.
pub(super) fn run<C: Client>(
    load: &Load,
    shared: C::Shared,
    cpu_time: impl Fn() -> Result<Duration>,
) -> Result<Measured> {
    let mut clients = Clients::<C>::connect(load, shared)?;
    clients.begin()?;
    clients.turn_for(load.warm_up)?;
    clients.tally = Tally::new();
    let cpu_before = cpu_time()?;
    let window = clients.turn_for(load.window)?;
    ensure!(!clients.tally.is_empty(), "no answer in {window:?}");
    Ok(Measured {
        cpu_time: cpu_time()?.saturating_sub(cpu_before),
        tally: clients.tally,
        window,
    })
}

/// Connects to a server; blocks until it is done, and so does the stream.
fn connect(address: SocketAddr) -> Result<net::TcpStream> {
    let stream = net::TcpStream::connect_timeout(&address, CONNECT_MAX)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(CONNECT_MAX))?;
    Ok(stream)
}

fn non_blocking(stream: net::TcpStream) -> Result<TcpStream> {
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

/// Reads; none if that would block.
fn read(stream: &mut impl Read, buffer: &mut [u8]) -> Result<Option<usize>> {
    let length = unblocked(stream.read(buffer)).context("receive")?;
    ensure!(length != Some(0), "the server closed a connection");
    Ok(length)
}

/// None for what would block.
fn unblocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

struct Clients<C: Client> {
    poll: Poll,
    clients: Vec<C>,
    shared: C::Shared,
    /// Those that go on without an event.
    again: Vec<usize>,
    tally: Tally,
}

impl<C: Client> Clients<C> {
    fn connect(load: &Load, shared: C::Shared) -> Result<Self> {
        let mut clients = Self {
            poll: Poll::new().context("open a poll")?,
            clients: Vec::with_capacity(load.connections.into()),
            shared,
            again: Vec::new(),
            tally: Tally::new(),
        };
        for index in 0..usize::from(load.connections) {
            clients
                .add(load.address, index)
                .with_context(|| format!("connect to {} (number {index})", load.address))?;
        }
        Ok(clients)
    }

    fn add(&mut self, address: SocketAddr, index: usize) -> Result<()> {
        let mut client = C::connect(address, index, &mut self.shared)?;
        let registry = self.poll.registry();
        registry.register(client.socket(), Token(index), C::INTEREST)?;
        self.clients.push(client);
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        let shared = &mut self.shared;
        let mut clients = self.clients.iter_mut();
        clients.try_for_each(|client| client.begin(shared))
    }

    /// Keeps all connections busy for at least `span`, and returns how long it was.
    fn turn_for(&mut self, span: Duration) -> Result<Duration> {
        let mut events = Events::with_capacity(1024);
        let started = Instant::now();
        let mut heard_at = started;
        loop {
            let now = Instant::now();
            let elapsed = now - started;
            let Some(rest) = span.checked_sub(elapsed).filter(|rest| !rest.is_zero()) else {
                return Ok(elapsed);
            };
            ensure!(now - heard_at < SILENCE_MAX, "no answer in {SILENCE_MAX:?}");
            if self.turn(&mut events, rest.min(SILENCE_MAX))? {
                heard_at = now;
            }
        }
    }

    /// Whether something happened.
    fn turn(&mut self, events: &mut Events, timeout: Duration) -> Result<bool> {
        let again = std::mem::take(&mut self.again);
        let timeout = if again.is_empty() {
            timeout
        } else {
            Duration::ZERO
        };
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
            polled => polled.context("poll")?,
        }
        for &index in &again {
            self.go_on(index)?;
        }
        for event in events.iter() {
            self.go_on(event.token().0)?;
        }
        Ok(!again.is_empty() || !events.is_empty())
    }

    fn go_on(&mut self, index: usize) -> Result<()> {
        if self.clients[index].go_on(&mut self.shared, &mut self.tally)? {
            self.again.push(index);
        }
        Ok(())
    }
}
