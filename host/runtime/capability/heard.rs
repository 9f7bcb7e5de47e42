//! Who has sent datagrams to sockets that the policy lets anybody send to: these may be answered.
//! Bounded: the one that was heard first leaves first.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;

use foldhash::fast::RandomState;

/// How many pairs of a socket and a peer are remembered. More than one turn of a ring brings.
const HEARD_MAX: usize = 4096;

/// A socket, by handle, and its peer.
type Pair = (u64, SocketAddr);

#[derive(Debug, Default)]
pub(super) struct Heard {
    pairs: HashSet<Pair, RandomState>,
    order: VecDeque<Pair>,
    /// The last one, of which the next is likely to be another.
    last: Option<Pair>,
}

impl Heard {
    /// Remembers that `socket` has heard `peer`.
    pub(super) fn add(&mut self, socket: u64, peer: SocketAddr) {
        let pair = (socket, peer);
        if self.last == Some(pair) {
            return;
        }
        self.last = Some(pair);
        if !self.pairs.insert(pair) {
            return;
        }
        self.order.push_back(pair);
        if self.order.len() > HEARD_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.pairs.remove(&oldest);
        }
    }

    pub(super) fn covers(&self, socket: u64, peer: SocketAddr) -> bool {
        self.last == Some((socket, peer)) || self.pairs.contains(&(socket, peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: usize) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap()))
    }

    #[test]
    fn a_peer_is_heard_by_one_socket() {
        let mut heard = Heard::default();
        heard.add(1, peer(1));
        assert!(heard.covers(1, peer(1)));
        assert!(!heard.covers(2, peer(1)) && !heard.covers(1, peer(2)));
    }

    #[test]
    fn the_first_leaves_when_there_are_too_many() {
        let mut heard = Heard::default();
        (0..HEARD_MAX).for_each(|port| heard.add(1, peer(port)));
        assert!(heard.covers(1, peer(0)));
        heard.add(1, peer(0));
        heard.add(1, peer(HEARD_MAX));
        assert!(!heard.covers(1, peer(0)));
        assert!(heard.covers(1, peer(1)) && heard.covers(1, peer(HEARD_MAX)));
        assert_eq!(heard.pairs.len(), HEARD_MAX);
    }
}
