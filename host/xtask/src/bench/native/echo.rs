//! Echo: written as the documentation of mio asks, and once as tight as edge-triggered reads allow.

use std::io;

use mio::Interest;

use super::{Fate, Io, Service};

/// How the server reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echo {
    UntilBlocked,
    UntilShort,
}

impl Service for Echo {
    /// What could not be written yet. Nothing is read while there is some.
    type Connection = Vec<u8>;

    fn connect(&self) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn go_on(&self, unsent: &mut Vec<u8>, io: &mut Io<'_>) -> io::Result<Fate> {
        if !unsent.is_empty() && !flush(unsent, io)? {
            return Ok(Fate::Waits);
        }
        loop {
            let length = match io.read()? {
                Some(0) => return Ok(Fate::Closed),
                Some(length) => length,
                None => return Ok(Fate::Waits),
            };
            let written = write_back(io, length)?;
            if written < length {
                unsent.extend_from_slice(&io.buffer[written..length]);
                io.wait_for(Interest::READABLE | Interest::WRITABLE)?;
                return Ok(Fate::Waits);
            }
            if *self == Self::UntilShort && length < io.buffer.len() {
                return Ok(Fate::Waits);
            }
        }
    }
}

/// Writes the first `length` bytes of the buffer, and returns how much went.
fn write_back(io: &mut Io<'_>, length: usize) -> io::Result<usize> {
    let buffer = std::mem::take(&mut io.buffer);
    let written = io.write(&buffer[..length]);
    io.buffer = buffer;
    written
}

/// Writes what is left over. Returns whether all of it went.
fn flush(unsent: &mut Vec<u8>, io: &mut Io<'_>) -> io::Result<bool> {
    let written = io.write(unsent)?;
    unsent.drain(..written);
    if unsent.is_empty() {
        io.wait_for(Interest::READABLE)?;
    }
    Ok(unsent.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net;
    use std::thread;

    use super::super::tests::start;
    use super::*;

    #[test]
    fn more_than_a_socket_holds_comes_back_whole() {
        let sent: Vec<_> = (0..16 << 20).map(|index: u32| index as u8).collect();
        for kind in [Echo::UntilBlocked, Echo::UntilShort] {
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
        let address = start(Echo::UntilBlocked);
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
