//! The load: a closed loop of 1 KiB requests over many connections in one thread. As cheap as the
//! check of every answer allows, because it shares the machine with what it measures.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::histogram::Histogram;

/// The size of a request and of its answer, in bytes.
const MESSAGE: usize = 1024;

/// The part of a message that differs between requests, in bytes.
const HEADER: usize = 8;

const CONNECT_MAX: Duration = Duration::from_secs(10);
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// What load to put on a server, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Where the server listens.
    pub(super) address: SocketAddr,
    /// How many connections have one request under way each.
    pub(super) connections: u16,
    /// How long nothing is recorded.
    pub(super) warm_up: Duration,
    /// How long answers are recorded.
    pub(super) window: Duration,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    /// The latency of every answer in the window.
    pub(super) latencies: Histogram,
    /// How long the window was in fact.
    pub(super) window: Duration,
    /// The CPU time of the server in the window.
    pub(super) cpu_time: Duration,
}

/// Puts `load` on a server whose CPU time `cpu_time` tells.
pub(super) fn run(load: &Load, cpu_time: impl Fn() -> Result<Duration>) -> Result<Measured> {
    let mut clients = Clients::connect(load)?;
    clients.send_all()?;
    clients.turn_for(load.warm_up)?;
    clients.latencies = Histogram::new();
    let cpu_before = cpu_time()?;
    let window = clients.turn_for(load.window)?;
    ensure!(clients.latencies.count() > 0, "no answer in {window:?}");
    Ok(Measured {
        cpu_time: cpu_time()?.saturating_sub(cpu_before),
        latencies: clients.latencies,
        window,
    })
}

struct Clients {
    poll: Poll,
    connections: Vec<Connection>,
    exchange: Exchange,
    latencies: Histogram,
}

/// One connection, and how far its current request has come.
struct Connection {
    stream: TcpStream,
    sequence: u64,
    received: usize,
    sent_at: Instant,
}

/// The bytes that all connections send and expect; only the header differs.
struct Exchange {
    message: [u8; MESSAGE],
    /// One byte more than an answer may have, so that an excess is seen.
    answer: [u8; MESSAGE + 1],
}

impl Clients {
    fn connect(load: &Load) -> Result<Self> {
        let poll = Poll::new().context("open a poll")?;
        let mut clients = Self {
            poll,
            connections: Vec::with_capacity(load.connections.into()),
            exchange: Exchange::new(),
            latencies: Histogram::new(),
        };
        for index in 0..usize::from(load.connections) {
            clients
                .add(load.address, index)
                .with_context(|| format!("connect to {} (number {index})", load.address))?;
        }
        Ok(clients)
    }

    fn add(&mut self, address: SocketAddr, index: usize) -> Result<()> {
        let stream = std::net::TcpStream::connect_timeout(&address, CONNECT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(index), Interest::READABLE)?;
        self.connections.push(Connection {
            stream,
            // Begins at another number on each connection, so that mixed up answers are seen.
            sequence: (index as u64) << 40,
            received: 0,
            sent_at: Instant::now(),
        });
        Ok(())
    }

    fn send_all(&mut self) -> Result<()> {
        for connection in &mut self.connections {
            connection.send(&mut self.exchange, Instant::now())?;
        }
        Ok(())
    }

    /// Answers answers with requests for at least `span`, and returns how long it was.
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
            self.turn(&mut events, rest.min(SILENCE_MAX))?;
            if !events.is_empty() {
                heard_at = now;
            }
        }
    }

    fn turn(&mut self, events: &mut Events, timeout: Duration) -> Result<()> {
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled.context("poll")?,
        }
        for event in events.iter() {
            let connection = &mut self.connections[event.token().0];
            if let Some((latency, now)) = connection.receive(&mut self.exchange)? {
                self.latencies.record(latency);
                connection.send(&mut self.exchange, now)?;
            }
        }
        Ok(())
    }
}

impl Connection {
    /// Sends the next request. It fits: nothing else is under way on this connection.
    fn send(&mut self, exchange: &mut Exchange, now: Instant) -> Result<()> {
        self.sequence += 1;
        self.received = 0;
        self.sent_at = now;
        let message = exchange.message(self.sequence);
        let written = self.stream.write(message).context("send a request")?;
        ensure!(written == MESSAGE, "sent {written} of {MESSAGE} bytes");
        Ok(())
    }

    /// Reads once: less than was asked for means there is no more, and the next edge will come.
    /// Returns the latency when the answer is whole.
    fn receive(&mut self, exchange: &mut Exchange) -> Result<Option<(Duration, Instant)>> {
        let space = MESSAGE + 1 - self.received;
        let length = match self.stream.read(&mut exchange.answer[..space]) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error).context("receive an answer"),
        };
        exchange.check(self.sequence, self.received, length)?;
        self.received += length;
        if self.received < MESSAGE {
            return Ok(None);
        }
        let now = Instant::now();
        Ok(Some((now - self.sent_at, now)))
    }
}

impl Exchange {
    fn new() -> Self {
        Self {
            message: std::array::from_fn(|index| index as u8),
            answer: [0; MESSAGE + 1],
        }
    }

    fn message(&mut self, sequence: u64) -> &[u8] {
        self.message[..HEADER].copy_from_slice(&sequence.to_le_bytes());
        &self.message
    }

    /// Compares the first `length` bytes of the answer with what belongs at `offset`.
    fn check(&mut self, sequence: u64, offset: usize, length: usize) -> Result<()> {
        self.message(sequence);
        let expected = self.message.get(offset..offset + length);
        let expected = expected.context("the server sent more than it was sent")?;
        ensure!(self.answer[..length] == *expected, "the answer differs");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    fn load(address: SocketAddr) -> Load {
        Load {
            address,
            connections: 1,
            warm_up: Duration::ZERO,
            window: Duration::from_secs(5),
        }
    }

    /// Runs the load against a server that answers one request with `answer`.
    fn run_against(answer: impl Fn(&mut [u8]) -> Vec<u8> + Send + 'static) -> Result<Measured> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; MESSAGE];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(&answer(&mut request)).unwrap();
        });
        let measured = run(&load(address), || Ok(Duration::ZERO));
        server.join().unwrap();
        measured
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let error = run_against(|request| {
            request[MESSAGE - 1] ^= 1;
            request.to_vec()
        });
        assert_eq!(error.unwrap_err().to_string(), "the answer differs");
    }

    #[test]
    fn an_answer_of_another_request_is_an_error() {
        let error = run_against(|request| {
            request[0] ^= 1;
            request.to_vec()
        });
        assert_eq!(error.unwrap_err().to_string(), "the answer differs");
    }

    #[test]
    fn too_long_an_answer_is_an_error() {
        let error = run_against(|request| [request, &mut [0]].concat());
        let text = error.unwrap_err().to_string();
        assert_eq!(text, "the server sent more than it was sent");
    }

    #[test]
    fn a_closed_connection_is_an_error() {
        let error = run_against(|request| request.to_vec()).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("closed") || text.contains("reset"), "{text}");
    }
}
