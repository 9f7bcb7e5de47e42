//! Datagrams on the ring: sends that stand next to each other, and receives that wait on one
//! socket, share a system call.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::net::{Outgoing, Received};

use super::super::io::{DATAGRAM_MAX, Io, Refusal, read_max};
use super::super::streams::count;
use super::super::udp::seen;
use super::super::wit::ring::{self as wit, Outcome, ReceiveArguments, SendArguments};
use super::super::wit::types::ErrorCode;
use super::super::wit::udp::Datagram;
use super::pump::not_blocked;
use super::submit::Id;
use super::{Place, QUEUE_MAX};
use crate::datagrams::Datagrams;
use crate::handles::{Many, Object, Read, Write};

/// The most datagrams of one system call.
const BATCH_MAX: usize = 64;

/// How often a turn looks at a socket that got only what its guest may not see.
const UNSEEN_MAX: usize = 16;

/// Sends by one socket that are next to each other in what a guest submits.
#[derive(Default)]
pub(super) struct Run<'a> {
    handle: u64,
    ids: Vec<Id>,
    datagrams: Vec<Outgoing<'a>>,
}

impl<'a> Run<'a> {
    fn takes(&self, handle: u64) -> bool {
        self.ids.is_empty() || (self.handle == handle && self.ids.len() < BATCH_MAX)
    }

    fn push(&mut self, handle: u64, id: Id, datagram: Outgoing<'a>) {
        if self.ids.capacity() == 0 {
            self.ids.reserve(BATCH_MAX);
            self.datagrams.reserve(BATCH_MAX);
        }
        self.handle = handle;
        self.ids.push(id);
        self.datagrams.push(datagram);
    }
}

impl Io {
    pub(crate) fn datagrams(&self, handle: u64) -> Result<Arc<Datagrams>, ErrorCode> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::Datagrams(datagrams)) => Ok(Arc::clone(datagrams)),
            _ => Err(ErrorCode::BadHandle),
        }
    }

    /// Takes a send into `run`, whose end sends it. `data` has the bytes.
    pub(super) fn submit_send<'a>(
        &mut self,
        run: &mut Run<'a>,
        id: Id,
        arguments: &SendArguments,
        data: &mut &'a [u8],
    ) {
        let handle = arguments.handle;
        let datagram = self.outgoing(arguments, data);
        if datagram.is_err() || !run.takes(handle) {
            self.end_run(run);
        }
        match datagram {
            Ok(datagram) => run.push(handle, id, datagram),
            Err(refusal) => self.refused(id.0, refusal),
        }
    }

    /// Takes the bytes of a send off `data`, whatever else is wrong with it: the others' follow.
    fn outgoing<'a>(
        &self,
        arguments: &SendArguments,
        data: &mut &'a [u8],
    ) -> Result<Outgoing<'a>, Refusal> {
        let (bytes, rest) = usize::try_from(arguments.length)
            .ok()
            .and_then(|length| data.split_at_checked(length))
            .ok_or(ErrorCode::InvalidArgument)?;
        *data = rest;
        let to = arguments.peer.map(SocketAddr::from);
        self.judge_send(arguments.handle, bytes.len(), to)?;
        Ok(Outgoing { data: bytes, to })
    }

    /// Decides on a datagram. The peer of a connected socket was decided on before.
    pub(crate) fn judge_send(
        &self,
        handle: u64,
        length: usize,
        to: Option<SocketAddr>,
    ) -> Result<(), Refusal> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        if !matches!(entry.object, Object::Datagrams(_)) {
            return Err(ErrorCode::BadHandle.into());
        }
        if let Some(to) = to {
            self.grants.send_by(handle, to)?;
        }
        if length > DATAGRAM_MAX {
            return Err(ErrorCode::DatagramTooLarge.into());
        }
        Ok(())
    }

    /// Sends what `run` has, and keeps what the socket does not take now.
    pub(super) fn end_run(&mut self, run: &mut Run<'_>) {
        let mut done = 0;
        while let Some(rest) = run.datagrams.get(done..).filter(|rest| !rest.is_empty()) {
            let Some(sent) = self.send_now(run.handle, rest) else {
                break;
            };
            let sent = sent.map_err(|code| self.ring.fail(run.ids[done].0, code));
            let sent = sent.map_or(1, |sent| {
                self.sent(&run.ids[done..], &rest[..sent]);
                sent
            });
            done += sent;
        }
        for (&id, datagram) in run.ids.iter().zip(&run.datagrams).skip(done) {
            if let Err(code) = self.keep_sending(id, run.handle, *datagram) {
                self.ring.fail(id.0, code);
            }
        }
        run.ids.clear();
        run.datagrams.clear();
    }

    /// Sends one datagram, if the socket takes it now and no others wait.
    pub(super) fn try_send(
        &self,
        handle: u64,
        data: &[u8],
        to: Option<SocketAddr>,
    ) -> Result<Option<usize>, Refusal> {
        self.judge_send(handle, data.len(), to)?;
        let sent = self
            .send_now(handle, &[Outgoing { data, to }])
            .transpose()?;
        Ok(sent.map(|_one| data.len()))
    }

    /// Receives one datagram that the guest may see, if it is there and no others wait.
    pub(super) fn try_receive(
        &mut self,
        handle: u64,
        max: u32,
    ) -> Result<Option<Datagram>, ErrorCode> {
        let socket = self.datagrams(handle)?;
        for _ in 0..UNSEEN_MAX {
            if !self.entry(handle)?.reads.is_empty() {
                break;
            }
            let inbox = self.inbox();
            inbox.divide(read_max(max), 1);
            let received = not_blocked("receive", socket.socket().try_recv_batch(inbox));
            let Some(received) = received.transpose()? else {
                break;
            };
            if let Some(datagram) = seen(self, &socket, handle, received).pop() {
                return Ok(Some(datagram));
            }
        }
        Ok(None)
    }

    /// None when the socket takes nothing now, or others wait before these.
    fn send_now(
        &self,
        handle: u64,
        datagrams: &[Outgoing<'_>],
    ) -> Option<Result<usize, ErrorCode>> {
        let entry = self.handles.get(handle)?;
        let Object::Datagrams(socket) = &entry.object else {
            return None;
        };
        if !entry.writes.is_empty() {
            return None;
        }
        not_blocked("send", socket.socket().try_send_batch(datagrams))
    }

    fn sent(&mut self, ids: &[Id], datagrams: &[Outgoing<'_>]) {
        for (&(token, quiet), datagram) in ids.iter().zip(datagrams) {
            let written = Outcome::Written(count(datagram.data.len()));
            self.ring.succeed(token, quiet, written);
        }
    }

    fn keep_sending(
        &mut self,
        (token, quiet): Id,
        handle: u64,
        datagram: Outgoing<'_>,
    ) -> Result<(), ErrorCode> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        if entry.writes.len() >= QUEUE_MAX {
            return Err(ErrorCode::QuotaExceeded);
        }
        let permit = self
            .buffered
            .take(datagram.data.len() as u64)
            .ok_or(ErrorCode::QuotaExceeded)?;
        self.ring.park(token, Place::Write(handle))?;
        entry.writes.push_back(Write {
            token,
            quiet,
            data: datagram.data.to_vec(),
            peer: datagram.to,
            offset: 0,
            written: 0,
            _permit: permit,
        });
        self.ring.attach(handle, entry);
        Ok(())
    }

    /// Sends the first datagram that waits; whether to go on.
    pub(super) fn send_next(&mut self, handle: u64) -> bool {
        let Some(entry) = self.handles.get(handle) else {
            return false;
        };
        let (Object::Datagrams(socket), Some(write)) = (&entry.object, entry.writes.front()) else {
            return false;
        };
        let datagram = Outgoing {
            data: &write.data,
            to: write.peer,
        };
        let Some(sent) = not_blocked("send", socket.socket().try_send_batch(&[datagram])) else {
            return false;
        };
        let (token, quiet, length) = (write.token, write.quiet, count(write.data.len()));
        if let Some(entry) = self.handles.get_mut(handle) {
            entry.writes.pop_front();
        }
        self.end(token, quiet, sent.map(|_one| Outcome::Written(length)));
        true
    }

    pub(super) fn submit_receive(
        &mut self,
        (token, quiet): Id,
        arguments: &ReceiveArguments,
        many: Many,
    ) -> Result<(), ErrorCode> {
        let &ReceiveArguments { handle, max } = arguments;
        let read = Read {
            token,
            quiet,
            max,
            many,
        };
        self.wait_to_read(handle, read, |object| {
            matches!(object, Object::Datagrams(_))
        })
    }

    /// Serves the receives that wait, as many as a system call can; whether to go on.
    pub(super) fn receive_next(&mut self, handle: u64) -> bool {
        let Ok(socket) = self.datagrams(handle) else {
            return false;
        };
        for _ in 0..UNSEEN_MAX {
            let Some(received) = self.receive(handle, &socket) else {
                return false;
            };
            match received {
                Ok(()) if self.deliver(handle, &socket) == 0 => {}
                Ok(()) => return self.goes_on(handle),
                Err(code) => return self.receive_failed(handle, code),
            }
        }
        // It comes again, after a turn: whoever floods the socket does not hold up the guest.
        self.ring.port.post(handle);
        false
    }

    /// Receives into the inbox what those that wait have asked for; none if nothing is there.
    fn receive(&mut self, handle: u64, socket: &Datagrams) -> Option<Result<(), ErrorCode>> {
        let (wanted, max) = wanted(&self.handles.get(handle)?.reads)?;
        let room = self.ring.batches.datagrams_max(max);
        let inbox = self.inbox();
        inbox.divide(max, wanted.min(room));
        let received = not_blocked("receive", socket.socket().try_recv_batch(inbox))?;
        Some(received.map(drop))
    }

    /// Hands what is in the inbox to those that wait; says how many got something.
    fn deliver(&mut self, handle: u64, socket: &Datagrams) -> usize {
        let (Some(entry), Some(inbox)) = (self.handles.get_mut(handle), &self.inbox) else {
            return 0;
        };
        let mut delivered = 0;
        for (received, bytes) in inbox.iter() {
            let Some(&read) = entry.reads.front() else {
                break;
            };
            if !socket.admits(&mut self.grants, handle, received.from) {
                continue;
            }
            if read.many == Many::No {
                entry.reads.pop_front();
                self.ring.unpark(read.token);
            }
            self.ring
                .batches
                .add_datagram(read.token, outcome(&received), bytes);
            delivered += 1;
        }
        delivered
    }

    /// A receive that goes on has had its share of the turn.
    fn goes_on(&mut self, handle: u64) -> bool {
        let Some(entry) = self.handles.get_mut(handle) else {
            return false;
        };
        match entry.reads.front_mut() {
            Some(read) if read.many != Many::No => read.many = Many::Since(self.ring.timeout_key),
            first => return first.is_some(),
        }
        if entry.object.readiness().readable {
            self.ring.resting.push(handle);
        }
        false
    }

    fn receive_failed(&mut self, handle: u64, code: ErrorCode) -> bool {
        let entry = self.handles.get_mut(handle);
        if let Some(read) = entry.and_then(|entry| entry.reads.pop_front()) {
            self.end(read.token, read.quiet, Err(code));
        }
        true
    }
}

/// How many datagrams, and of what size, those that wait want: one that goes on wants all, others
/// that want the same share a call.
fn wanted(reads: &VecDeque<Read>) -> Option<(usize, usize)> {
    let first = reads.front()?;
    let max = read_max(first.max);
    if first.many != Many::No {
        return Some((BATCH_MAX, max));
    }
    let alike = |read: &&Read| read.many == Many::No && read.max == first.max;
    Some((reads.iter().take_while(alike).count(), max))
}

fn outcome(received: &Received) -> Outcome {
    Outcome::Datagram(wit::Received {
        length: count(received.len),
        truncated: received.truncated,
        peer: received.from.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as Peer;

    use aio_loop::Loop;
    use aio_loop::dns::Family;
    use aio_loop::net::{UdpOptions, UdpSocket};

    use super::super::super::wit::ring::{Operation, Submission};
    use super::*;
    use crate::capability::Policy;
    use crate::inherited::Inherited;
    use crate::interrupt::Interrupt;

    /// A guest's I/O under a policy that grants the loopback, with a socket that is not bound.
    fn guest(event_loop: &Loop, buffered_max: usize) -> (Io, u64) {
        let mut policy = Policy::default().allow_net("127.0.0.1".parse().unwrap());
        policy.limits.buffered_max = buffered_max;
        let (inherited, interrupt) = (Inherited::default(), Interrupt::default());
        let mut io = Io::new(event_loop.handle(), policy, inherited, &interrupt);
        let options = UdpOptions::default();
        let socket = UdpSocket::new(event_loop.handle(), Family::V4, &options).unwrap();
        socket.assign("127.0.0.1:0".parse().unwrap()).unwrap();
        let datagrams = Object::Datagrams(Arc::new(Datagrams::new(socket)));
        let handle = io.open(datagrams).unwrap();
        (io, handle)
    }

    fn peer() -> (Peer, SocketAddr) {
        let peer = Peer::bind("127.0.0.1:0").unwrap();
        let address = peer.local_addr().unwrap();
        (peer, address)
    }

    fn submit(io: &mut Io, token: u64, operation: Operation, data: &[u8]) {
        let submission = Submission {
            token,
            quiet: false,
            operation,
        };
        io.submit(vec![submission], data, || 0).unwrap();
    }

    fn send(handle: u64, length: u32, to: SocketAddr) -> Operation {
        Operation::Send(SendArguments {
            handle,
            length,
            peer: Some(to.into()),
        })
    }

    fn tokens(io: &mut Io) -> Vec<u64> {
        let batch = io.ring.batches.take();
        batch.completions.iter().map(|done| done.token).collect()
    }

    /// Loopback always has room, so the first is made to wait by hand.
    #[test]
    fn a_send_does_not_overtake_those_that_wait() {
        let event_loop = Loop::new().unwrap();
        let (mut io, handle) = guest(&event_loop, 100);
        let (peer, to) = peer();
        let waits = Outgoing {
            data: b"one",
            to: Some(to),
        };
        io.keep_sending((1, false), handle, waits).unwrap();
        submit(&mut io, 2, send(handle, 3, to), b"two");
        assert!(tokens(&mut io).is_empty());
        while io.send_next(handle) {}
        assert_eq!(tokens(&mut io), [1, 2]);
        submit(&mut io, 3, send(handle, 5, to), b"three");
        for expected in ["one", "two", "three"] {
            let mut buf = [0; 10];
            let length = peer.recv(&mut buf).unwrap();
            assert_eq!(&buf[..length], expected.as_bytes());
        }
    }

    #[test]
    fn what_waits_is_within_the_quota_of_bytes_and_given_back() {
        let event_loop = Loop::new().unwrap();
        let (mut io, handle) = guest(&event_loop, 5);
        let (_peer, to) = peer();
        let waits = |data| Outgoing { data, to: Some(to) };
        io.keep_sending((1, false), handle, waits(b"12345"))
            .unwrap();
        let full = io.keep_sending((2, false), handle, waits(b"6"));
        assert_eq!(full, Err(ErrorCode::QuotaExceeded));
        io.keep_sending((3, false), handle, waits(b"")).unwrap();
        submit(&mut io, 0, Operation::Cancel(1), b"");
        assert_eq!(io.buffered.used(), 0);
        while io.send_next(handle) {}
        assert_eq!(tokens(&mut io), [1, 0, 3]);
    }

    #[test]
    fn the_queue_of_a_socket_is_bounded() {
        let event_loop = Loop::new().unwrap();
        let (mut io, handle) = guest(&event_loop, 1000);
        let (_peer, to) = peer();
        let waits = Outgoing {
            data: b"x",
            to: Some(to),
        };
        for _ in 0..QUEUE_MAX {
            io.keep_sending((0, false), handle, waits).unwrap();
        }
        let full = io.keep_sending((0, false), handle, waits);
        assert_eq!(full, Err(ErrorCode::QuotaExceeded));
    }

    /// A peer that is not granted fills the socket: the guest's turn ends all the same, and what it
    /// may see comes through.
    #[test]
    fn what_is_not_seen_holds_nobody_up() {
        let mut event_loop = Loop::new().unwrap();
        let (mut io, handle) = guest(&event_loop, 1000);
        let own = io.datagrams(handle).unwrap();
        let own = own.socket().local_addr().unwrap();
        let stranger = Peer::bind("127.0.0.2:0").unwrap();
        for _ in 0..UNSEEN_MAX * BATCH_MAX / 8 {
            stranger.send_to(b"x", own).unwrap();
        }
        let (peer, _) = peer();
        peer.send_to(b"seen", own).unwrap();
        let receive = ReceiveArguments { handle, max: 10 };
        submit(&mut io, 1, Operation::Receive(receive), b"");
        let mut turns = 0;
        while io.ring.batches.is_empty() {
            event_loop.block_on(async { io.handle.sleep(std::time::Duration::ZERO).await });
            io.collect();
            turns += 1;
        }
        assert_eq!(tokens(&mut io), [1]);
        assert!(turns > 1, "a turn looks at a bounded number");
    }
}
