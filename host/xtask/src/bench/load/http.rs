//! Requests by HTTP/1.1 on connections that are kept; one under way on each.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use mio::Interest;
use mio::net::TcpStream;

use super::{Client, Tally};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
const BODY: &[u8] = b"Hello, world!";

/// No answer that is expected is longer, in bytes.
const ANSWER_MAX: usize = 4096;

/// One connection, and what has come of the answer to its current request.
pub(in super::super) struct Http {
    stream: TcpStream,
    answer: Vec<u8>,
    sent_at: Instant,
}

impl Client for Http {
    type Shared = ();
    type Socket = TcpStream;
    const INTEREST: Interest = Interest::READABLE;

    fn connect(address: SocketAddr, _: usize, (): &mut ()) -> Result<Self> {
        Ok(Self {
            stream: super::non_blocking(super::connect(address)?)?,
            answer: Vec::with_capacity(ANSWER_MAX),
            sent_at: Instant::now(),
        })
    }

    fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn begin(&mut self, (): &mut ()) -> Result<()> {
        self.answer.clear();
        self.sent_at = Instant::now();
        let written = self.stream.write(REQUEST).context("send a request")?;
        ensure!(written == REQUEST.len(), "a request was not taken whole");
        Ok(())
    }

    fn go_on(&mut self, (): &mut (), tally: &mut Tally) -> Result<bool> {
        let mut room = [0; ANSWER_MAX];
        let Some(length) = super::read(&mut self.stream, &mut room)? else {
            return Ok(false);
        };
        self.answer.extend_from_slice(&room[..length]);
        if is_whole(&self.answer)? {
            tally.latencies.record(self.sent_at.elapsed());
            self.begin(&mut ())?;
        }
        Ok(false)
    }
}

/// Whether it is all there. What is not the answer that is expected is an error.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let head_end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(at) = head_end else {
        ensure!(
            answer.len() < ANSWER_MAX,
            "the head of an answer is endless"
        );
        return Ok(false);
    };
    let head = std::str::from_utf8(&answer[..at]).context("read the head of an answer")?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "the answer is {head:?}");
    ensure!(
        length_in(head)? == BODY.len(),
        "the length differs: {head:?}"
    );
    let body = &answer[at + 4..];
    if !BODY.starts_with(body) {
        bail!("the body differs");
    }
    Ok(body.len() == BODY.len())
}

fn length_in(head: &str) -> Result<usize> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let line = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = line.with_context(|| format!("no length: {head:?}"))?;
    length.parse().context("read a length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte_and_no_other_is_taken() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nHello, world!";
        assert!(is_whole(answer).unwrap());
        for part in [10, 40, answer.len() - 1] {
            assert!(!is_whole(&answer[..part]).unwrap(), "{part}");
        }
        assert!(is_whole(&[&answer[..], b"?"].concat()).is_err());
        for wrong in ["HTTP/1.1 404 No\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
            assert!(is_whole(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").is_err());
    }
}
