//! Where the OS moves no bytes from socket to socket: there is never a pipe, and all is copied.

use std::io;
use std::task::{Context, Poll};

use super::byte_stream::RawSocket;

/// A pipe that nobody can open.
#[derive(Debug)]
pub(super) enum Pipe {}

impl Pipe {
    pub(super) fn open() -> Option<Self> {
        None
    }

    pub(super) fn is_empty(&self) -> bool {
        match *self {}
    }

    pub(super) fn poll_fill(
        &mut self,
        _cx: &mut Context<'_>,
        _socket: RawSocket<'_>,
        _max: usize,
    ) -> Poll<io::Result<usize>> {
        match *self {}
    }

    pub(super) fn poll_drain(
        &mut self,
        _cx: &mut Context<'_>,
        _socket: RawSocket<'_>,
    ) -> Poll<io::Result<usize>> {
        match *self {}
    }

    pub(super) fn take(&mut self, _bytes: &mut Vec<u8>) {
        match *self {}
    }
}
