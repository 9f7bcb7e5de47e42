//! Bytes in one direction, 64 KiB at a time, as fast as the other side lets them.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result};
use mio::Interest;
use mio::net::TcpStream;

use super::{Client, Tally};

const BUFFER: usize = 64 * 1024;

/// Reads or writes before other connections have their turn.
const TURN: usize = 4;

/// Takes what the server sends.
pub(in super::super) struct Taker(TcpStream);

/// Sends what the server takes.
pub(in super::super) struct Giver(TcpStream);

/// One buffer for all connections; its bytes mean nothing.
pub(in super::super) fn buffer() -> Vec<u8> {
    vec![0; BUFFER]
}

impl Client for Taker {
    type Shared = Vec<u8>;
    type Socket = TcpStream;
    const INTEREST: Interest = Interest::READABLE;

    fn connect(address: SocketAddr, _: usize, _: &mut Vec<u8>) -> Result<Self> {
        Ok(Self(super::non_blocking(super::connect(address)?)?))
    }

    fn socket(&mut self) -> &mut TcpStream {
        &mut self.0
    }

    fn begin(&mut self, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn go_on(&mut self, buffer: &mut Vec<u8>, tally: &mut Tally) -> Result<bool> {
        for _ in 0..TURN {
            match super::read(&mut self.0, buffer)? {
                Some(length) => tally.bytes += length as u64,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Client for Giver {
    type Shared = Vec<u8>;
    type Socket = TcpStream;
    const INTEREST: Interest = Interest::WRITABLE;

    fn connect(address: SocketAddr, _: usize, _: &mut Vec<u8>) -> Result<Self> {
        Ok(Self(super::non_blocking(super::connect(address)?)?))
    }

    fn socket(&mut self) -> &mut TcpStream {
        &mut self.0
    }

    fn begin(&mut self, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn go_on(&mut self, buffer: &mut Vec<u8>, tally: &mut Tally) -> Result<bool> {
        for _ in 0..TURN {
            match self.0.write(buffer) {
                Ok(length) => tally.bytes += length as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("send"),
            }
        }
        Ok(true)
    }
}
