//! Bulk: sends or reads 64 KiB at a time, as much as the socket takes or has.

use std::io;

use mio::Interest;

use super::{Fate, Io, Service};

/// In which direction the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bulk {
    /// From the server.
    Source,
    /// To the server.
    Sink,
}

/// Reads or writes before other connections have their turn.
const TURN: usize = 4;

impl Service for Bulk {
    /// Whether the socket's events were chosen.
    type Connection = bool;

    fn connect(&self) -> io::Result<bool> {
        Ok(*self == Self::Sink)
    }

    fn go_on(&self, chosen: &mut bool, io: &mut Io<'_>) -> io::Result<Fate> {
        if !std::mem::replace(chosen, true) {
            io.wait_for(Interest::WRITABLE)?;
        }
        for _ in 0..TURN {
            let moved = match self {
                Self::Source => super::unblocked(io::Write::write(io.stream, io.buffer))?,
                Self::Sink => io.read()?,
            };
            match moved {
                Some(0) => return Ok(Fate::Closed),
                Some(_) => (),
                None => return Ok(Fate::Waits),
            }
        }
        Ok(Fate::GoesOn)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net;

    use super::super::tests::start;
    use super::*;

    #[test]
    fn a_source_sends_and_a_sink_takes_without_end() {
        let mut buffer = vec![0; 8 << 20];
        let mut stream = net::TcpStream::connect(start(Bulk::Source)).unwrap();
        stream.read_exact(&mut buffer).unwrap();
        let mut stream = net::TcpStream::connect(start(Bulk::Sink)).unwrap();
        stream.write_all(&buffer).unwrap();
    }
}
