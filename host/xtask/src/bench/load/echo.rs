//! Requests of 1 KiB, each of which is to come back as it was sent; one under way a connection.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mio::Interest;
use mio::net::TcpStream;

use super::{Client, Tally};

/// The size of a request and of its answer, in bytes.
const MESSAGE: usize = 1024;

/// The part of a message that differs between requests, in bytes.
const HEADER: usize = 8;

/// One connection, and how far its current request has come.
pub(in super::super) struct Echo {
    stream: TcpStream,
    request: Request,
}

impl Client for Echo {
    type Shared = Exchange;
    type Socket = TcpStream;
    const INTEREST: Interest = Interest::READABLE;

    fn connect(address: SocketAddr, index: usize, _: &mut Exchange) -> Result<Self> {
        Ok(Self {
            stream: super::non_blocking(super::connect(address)?)?,
            request: Request::first(index),
        })
    }

    fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn begin(&mut self, exchange: &mut Exchange) -> Result<()> {
        self.send(exchange, Instant::now())
    }

    /// Reads once: less than was asked for means there is no more, and the next edge will come.
    fn go_on(&mut self, exchange: &mut Exchange, tally: &mut Tally) -> Result<bool> {
        let room = exchange.room(&self.request);
        let Some(length) = super::read(&mut self.stream, room)? else {
            return Ok(false);
        };
        if let Some(now) = self.request.received(length, exchange, tally)? {
            self.send(exchange, now)?;
        }
        Ok(false)
    }
}

impl Echo {
    /// Sends the next request. It fits: nothing else is under way on this connection.
    fn send(&mut self, exchange: &mut Exchange, now: Instant) -> Result<()> {
        let message = self.request.next(exchange, now);
        let written = self.stream.write(message).context("send a request")?;
        ensure!(written == MESSAGE, "sent {written} of {MESSAGE} bytes");
        Ok(())
    }
}

/// A request that is under way, whatever carries it.
#[derive(Debug)]
pub(super) struct Request {
    sequence: u64,
    received: usize,
    sent_at: Instant,
}

impl Request {
    /// Begins at another number on each connection, so that mixed up answers are seen.
    pub(super) fn first(index: usize) -> Self {
        Self {
            sequence: (index as u64) << 40,
            received: 0,
            sent_at: Instant::now(),
        }
    }

    /// The bytes to send.
    pub(super) fn next<'a>(&mut self, exchange: &'a mut Exchange, now: Instant) -> &'a [u8] {
        self.sequence += 1;
        self.received = 0;
        self.sent_at = now;
        exchange.message(self.sequence)
    }

    /// Checks what came in, and tells the time when the answer is whole.
    pub(super) fn received(
        &mut self,
        length: usize,
        exchange: &mut Exchange,
        tally: &mut Tally,
    ) -> Result<Option<Instant>> {
        exchange.check(self.sequence, self.received, length)?;
        self.received += length;
        if self.received < MESSAGE {
            return Ok(None);
        }
        let now = Instant::now();
        tally.latencies.record(now - self.sent_at);
        Ok(Some(now))
    }
}

/// The bytes that all connections send and expect; only the header differs.
#[derive(Debug)]
pub(in super::super) struct Exchange {
    message: [u8; MESSAGE],
    /// One byte more than an answer may have, so that an excess is seen.
    answer: [u8; MESSAGE + 1],
}

impl Exchange {
    pub(in super::super) fn new() -> Self {
        Self {
            message: std::array::from_fn(|index| index as u8),
            answer: [0; MESSAGE + 1],
        }
    }

    /// Where the rest of an answer goes.
    pub(super) fn room(&mut self, request: &Request) -> &mut [u8] {
        &mut self.answer[..MESSAGE + 1 - request.received]
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
    use std::io::Read;
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use super::super::{Load, Measured, run};
    use super::*;

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
        let measured = run::<Echo>(&load(address), Exchange::new(), || Ok(Duration::ZERO));
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
