//! `aio:host/ring`: a batch of operations in, a batch of completions out, one crossing per turn of
//! the loop.
//!
//! The ring is linked by hand, not by `bindgen!`: the bytes of writes are used where they lie in
//! the guest's memory, and a batch that was handed over is filled again, so that a turn in which
//! nothing grows allocates nothing per operation.

mod batch;
#[cfg_attr(not(unix), path = "no_children.rs")]
mod children;
mod connecting;
mod datagrams;
mod detached;
mod link;
mod packed;
mod pump;
mod submit;
#[cfg_attr(not(unix), path = "no_unix.rs")]
mod unix;
mod wait;

use std::collections::{HashMap, VecDeque, hash_map};

use aio_loop::Port;
use foldhash::fast::RandomState;
use slab::Slab;

use batch::Batches;
use detached::Detached;
pub(super) use link::add_to_linker;

use super::wit::ring::Outcome;
use super::wit::types::ErrorCode;
use crate::capability::Denial;
use crate::handles::Entry;
use crate::interrupt::Interrupt;

/// What a guest has in flight, and what has completed since its last turn.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Where objects and timers say that they are ready.
    port: Port,
    /// What the port said; kept for its allocation.
    keys: Vec<u64>,
    /// Handles and keys to look at, beginning with the oldest.
    runnable: VecDeque<u64>,
    /// Handles that had their share of this turn and may have more for the next.
    resting: Vec<u64>,
    /// Handles whose watch may be ready.
    watched: Vec<u64>,
    /// Operations that belong to no handle.
    detached: Slab<Detached>,
    /// Numbers the detached operations, so that a late key hits none.
    sequence: u32,
    /// Where the operation of a token waits.
    tokens: HashMap<u64, Place, RandomState>,
    /// How many operations wait.
    operations: u32,
    operations_max: u32,
    batches: Batches,
    /// What the policy refused since the embedder was told.
    denied: Vec<Denial>,
    interrupt: Interrupt,
    /// How many requests to stop the guest was told of.
    stops_told: u64,
    /// The key of the turn's timeout, which counts the turns.
    timeout_key: u64,
    /// Whether the turn's timeout is over.
    timed_out: bool,
    /// Whether a call waits.
    entered: bool,
}

/// Where an operation waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Read(u64),
    Write(u64),
    Watch(u64),
    Detached(u64),
}

/// Marks the keys of the port that are no handles; handles keep the two highest bits clear.
const OWN_KEY: u64 = 1 << 63;
/// Marks the keys that are timeouts of turns. Each has a number of its own: one that was posted
/// while its turn ended by something else means nothing to the next.
const TIMEOUT_KEY: u64 = 3 << 62;
/// The host asks the guest to stop.
const STOP_KEY: u64 = u64::MAX;
/// There is a completion that no event brought.
const WAKE_KEY: u64 = u64::MAX - 1;

/// The most operations that wait on one handle in one direction.
const QUEUE_MAX: usize = 64;

impl Ring {
    pub(crate) fn new(operations_max: u32, interrupt: &Interrupt) -> Self {
        let port = Port::new();
        interrupt.attach(&port, STOP_KEY);
        Self {
            port,
            keys: Vec::new(),
            runnable: VecDeque::new(),
            resting: Vec::new(),
            watched: Vec::new(),
            detached: Slab::new(),
            sequence: 0,
            tokens: HashMap::default(),
            operations: 0,
            operations_max,
            batches: Batches::default(),
            denied: Vec::new(),
            interrupt: interrupt.clone(),
            stops_told: 0,
            timeout_key: TIMEOUT_KEY,
            timed_out: false,
            entered: false,
        }
    }

    /// Begins a turn and returns the key of its timeout.
    fn begin_turn(&mut self) -> u64 {
        self.entered = true;
        self.timed_out = false;
        self.batches.reclaim();
        self.runnable.extend(self.resting.drain(..));
        let turn = (self.timeout_key + 1) & u64::from(u32::MAX);
        self.timeout_key = TIMEOUT_KEY | turn;
        self.timeout_key
    }

    /// Reports the end of an operation.
    fn complete(&mut self, token: u64, outcome: Outcome) {
        self.batches.add(token, outcome);
    }

    fn fail(&mut self, token: u64, code: ErrorCode) {
        self.complete(token, Outcome::Failed(code));
    }

    /// Reports a success, unless the guest does not want to hear of it.
    fn succeed(&mut self, token: u64, quiet: bool, outcome: Outcome) {
        if !quiet {
            self.complete(token, outcome);
        }
    }

    /// Takes an operation among those that wait.
    fn park(&mut self, token: u64, place: Place) -> Result<(), ErrorCode> {
        if self.operations >= self.operations_max {
            return Err(ErrorCode::QuotaExceeded);
        }
        if token != 0 {
            match self.tokens.entry(token) {
                hash_map::Entry::Occupied(_) => return Err(ErrorCode::InvalidArgument),
                hash_map::Entry::Vacant(vacant) => vacant.insert(place),
            };
        }
        self.operations += 1;
        Ok(())
    }

    /// Takes an operation out of those that wait.
    fn unpark(&mut self, token: u64) {
        self.operations -= 1;
        if token != 0 {
            self.tokens.remove(&token);
        }
    }

    /// Ends what waited on a handle that is closed.
    pub(crate) fn closed(&mut self, entry: &Entry) {
        let reads = entry.reads.iter().map(|read| read.token);
        let writes = entry.writes.iter().map(|write| write.token);
        let watch = entry.watch.iter().map(|watch| watch.token);
        for token in reads.chain(writes).chain(watch) {
            self.unpark(token);
            self.fail(token, ErrorCode::Closed);
            // Another task of the guest may wait in `enter-async`.
            self.port.post(WAKE_KEY);
        }
    }

    /// Drops all operations that belong to no handle: the guest has ended.
    pub(crate) fn abandon(&mut self) {
        self.detached.clear();
        self.tokens.clear();
        self.operations = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aio_loop::testing;

    use super::super::io::Io;
    use super::super::wit::ring::{Operation, ReadArguments, Submission};
    use crate::capability::Policy;
    use crate::handles::Object;
    use crate::inherited::Inherited;
    use crate::interrupt::Interrupt;
    use crate::stream::Stream;

    fn submission(token: u64, operation: Operation) -> Submission {
        Submission {
            token,
            quiet: false,
            operation,
        }
    }

    /// A guest that begins and cancels reads, and so always has completions, is not kept from
    /// what waits, nor does the host keep anything for it.
    #[test]
    fn completions_at_once_do_not_fill_a_batch() {
        let mut event_loop = aio_loop::Loop::new().unwrap();
        let handle = event_loop.handle().clone();
        let mut io = Io::new(
            &handle,
            Policy::default(),
            Inherited::default(),
            &Interrupt::default(),
        );
        let (stream, peer) = testing::socket_pair(&handle).unwrap();
        let stream = Arc::new(Stream::from(stream));
        peer.try_write(b"bytes").unwrap();
        event_loop.block_on(std::future::poll_fn(|cx| stream.poll_readable(cx)));
        let handle = io.open(Object::Stream(stream)).unwrap();
        for _ in 0..3 {
            let read = Operation::Read(ReadArguments { handle, max: 1 });
            let pair = [submission(1, read), submission(0, Operation::Cancel(1))];
            let submissions = pair.iter().cycle().take(4_000).cloned().collect();
            io.submit(submissions, &[], || 0).unwrap();
            assert!(!io.ring.batches.is_full());
            io.collect();
            assert!(io.ring.runnable.is_empty());
            assert_eq!(io.ring.batches.take().completions.len(), 4_000);
        }
        assert_eq!(io.ring.operations, 0);
    }
}
