//! Bytes through `cat` and back, 64 KiB at a time: what a pipe takes when mio alone is in between.

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::unix::pipe::{Receiver, Sender};
use mio::{Events, Interest, Poll, Token};

use super::{BUFFER, unblocked};

const STDIN: Token = Token(0);
const STDOUT: Token = Token(1);

/// Says that it is ready, sends for `window`, and prints how many MiB a second came back.
pub(super) fn measure(window: Duration) -> Result<()> {
    let mut cat = Cat::start()?;
    println!("ready");
    let start = Instant::now();
    let bytes = cat.pump(|| start.elapsed() < window)?;
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    println!("rate {}", mebibytes / start.elapsed().as_secs_f64());
    cat.child.wait().context("wait for cat")?;
    Ok(())
}

struct Cat {
    child: Child,
    poll: Poll,
    stdin: Option<Sender>,
    stdout: Receiver,
    chunk: Vec<u8>,
    /// How much of the chunk is written.
    written: usize,
    buffer: Vec<u8>,
}

impl Cat {
    fn start() -> Result<Self> {
        let mut command = Command::new("/bin/cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("start cat")?;
        let mut stdin = Sender::from(child.stdin.take().context("cat has a pipe")?);
        let mut stdout = Receiver::from(child.stdout.take().context("cat has a pipe")?);
        let poll = Poll::new().context("open a poll")?;
        stdin.set_nonblocking(true).context("unblock a pipe")?;
        stdout.set_nonblocking(true).context("unblock a pipe")?;
        let registry = poll.registry();
        registry.register(&mut stdin, STDIN, Interest::WRITABLE)?;
        registry.register(&mut stdout, STDOUT, Interest::READABLE)?;
        Ok(Self {
            child,
            poll,
            stdin: Some(stdin),
            stdout,
            chunk: vec![7; BUFFER],
            written: 0,
            buffer: vec![0; BUFFER],
        })
    }

    /// Writes while `more`, reads to the end, and returns how much that was.
    fn pump(&mut self, more: impl Fn() -> bool) -> Result<u64> {
        let mut events = Events::with_capacity(16);
        let mut bytes = 0;
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.context("poll")?,
            }
            for event in &events {
                match event.token() {
                    STDIN => self.write(&more).context("write to cat")?,
                    _ => {
                        let (read, is_end) = self.read().context("read from cat")?;
                        bytes += read;
                        if is_end {
                            return Ok(bytes);
                        }
                    }
                }
            }
        }
    }

    fn write(&mut self, more: impl Fn() -> bool) -> std::io::Result<()> {
        while let Some(stdin) = &mut self.stdin {
            let Some(length) = unblocked(stdin.write(&self.chunk[self.written..]))? else {
                break;
            };
            self.written += length;
            if self.written == self.chunk.len() {
                self.written = 0;
                if !more() {
                    self.stdin = None;
                }
            }
        }
        Ok(())
    }

    /// How much there was, and whether it was the end.
    fn read(&mut self) -> std::io::Result<(u64, bool)> {
        let mut bytes = 0;
        while let Some(length) = unblocked(self.stdout.read(&mut self.buffer))? {
            if length == 0 {
                return Ok((bytes, true));
            }
            bytes += length as u64;
        }
        Ok((bytes, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn all_that_is_written_comes_back() {
        let left = Cell::new(20);
        let more = || {
            left.set(left.get() - 1);
            left.get() > 0
        };
        let mut cat = Cat::start().unwrap();
        assert_eq!(cat.pump(more).unwrap(), 20 * BUFFER as u64);
        assert!(cat.child.wait().unwrap().success());
    }
}
