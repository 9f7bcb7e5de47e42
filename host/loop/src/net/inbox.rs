//! Room for datagrams that are received together. It is used again and again: a batch allocates
//! nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use super::Received;
use crate::sys::{BATCH_MAX, Head};

/// The most bytes of a datagram: what the length field of UDP can say.
const DATAGRAM_MAX: usize = 65_535;

/// Room for datagrams, and those that were received into it last.
#[derive(Debug)]
pub struct Inbox {
    bytes: Box<[u8]>,
    heads: [Head; BATCH_MAX],
    size: usize,
    count: usize,
    received: usize,
}

const NO_HEAD: Head = Head {
    len: 0,
    from: SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)),
    truncated: false,
};

impl Inbox {
    /// Room for datagrams of up to `size` bytes in `bytes` of memory: at least one, at most 64.
    ///
    /// No datagram has more than 65,535 bytes, and neither has a place of this room.
    pub fn new(bytes: usize, size: usize) -> Self {
        let bytes = bytes.max(size.min(DATAGRAM_MAX)).max(1);
        let mut inbox = Self {
            bytes: vec![0; bytes].into_boxed_slice(),
            heads: [NO_HEAD; BATCH_MAX],
            size: 0,
            count: 0,
            received: 0,
        };
        inbox.divide(size, BATCH_MAX);
        inbox
    }

    /// Divides the room anew, into places of `size` bytes or as many as there are, `count` of them
    /// or as many as fit, at least one and at most 64. What was in it is gone.
    pub fn divide(&mut self, size: usize, count: usize) {
        self.size = size.min(DATAGRAM_MAX).min(self.bytes.len());
        let fit = self.bytes.len() / self.size.max(1);
        self.count = count.min(fit).clamp(1, BATCH_MAX);
        self.received = 0;
    }

    /// The datagrams that were received last, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Received, &[u8])> {
        let places = self.bytes.chunks_exact(self.size.max(1));
        let heads = self.heads[..self.received].iter();
        heads.zip(places).map(|(head, place)| {
            let received = Received {
                len: head.len,
                from: head.from,
                truncated: head.truncated,
            };
            (received, &place[..head.len])
        })
    }

    pub(super) fn clear(&mut self) {
        self.received = 0;
    }

    /// How many datagrams it has places for.
    pub(super) fn room(&self) -> usize {
        self.count
    }

    /// Has `receive` fill the places.
    pub(super) fn fill(
        &mut self,
        receive: impl FnOnce(&mut [u8], usize, &mut [Head]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let heads = &mut self.heads[..self.count];
        self.received = receive(&mut self.bytes, self.size, heads)?;
        Ok(self.received)
    }
}
