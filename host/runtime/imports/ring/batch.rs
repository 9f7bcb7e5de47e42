//! What a turn brought, handed to the guest without an allocation: what was handed over is taken
//! back and filled again. Bytes are read to where they are handed over from.

use std::sync::Arc;

use bytes::BytesMut;
use wasmtime::component::{ComponentType, Lower};

use super::super::io::READ_MAX;
use super::super::streams::count;
use super::super::wit::ring::{Completion, Outcome};

/// The WIT's `batch`.
#[derive(ComponentType, Lower, Debug, Default)]
#[component(record)]
pub(crate) struct Batch {
    #[component(name = "completions")]
    pub(super) completions: Vec<Completion>,
    #[component(name = "data")]
    pub(super) data: BytesMut,
    #[component(name = "stop")]
    pub(super) stop: bool,
}

/// Completions of operations that waited, in one batch; more come with the next.
const COMPLETIONS_MAX: usize = 1024;
/// Bytes read in one batch.
const DATA_MAX: usize = 1 << 20;
/// Room that is kept for the next batches; the result of a job may need more.
const ROOM_MAX: usize = 2 * DATA_MAX;
/// Bytes after which streams wait for the next turn: what is read here and copied to the guest at
/// once is still in the processor's cache.
const STREAMS_MAX: usize = 256 << 10;

/// The batch being filled, and the one handed over last.
#[derive(Debug, Default)]
pub(super) struct Batches {
    completions: Vec<Completion>,
    stop: bool,
    /// Room for what is read. All of it is initialised, so that a read clears nothing first.
    room: BytesMut,
    /// How many bytes of the room have been read.
    read: usize,
    /// How many completions are of operations that waited. Only these fill a batch: were it filled
    /// by what completes at once, a guest could keep what waits from being looked at.
    waited: usize,
    given: Arc<Batch>,
}

impl Batches {
    pub(super) fn is_empty(&self) -> bool {
        self.completions.is_empty() && !self.stop
    }

    /// Adds the completion of an operation that completed at once.
    pub(super) fn add(&mut self, token: u64, outcome: Outcome) {
        self.completions.push(Completion { token, outcome });
    }

    /// Adds the completion of an operation that waited.
    pub(super) fn add_waited(&mut self, token: u64, outcome: Outcome) {
        self.waited += 1;
        self.add(token, outcome);
    }

    /// Adds what `read` reads into a buffer of `max` bytes, and says how much that was.
    pub(super) fn add_data<E>(
        &mut self,
        max: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<Outcome, E> {
        let end = self.read + max;
        if self.room.len() < end {
            self.room.resize(end.next_power_of_two(), 0);
        }
        let length = read(&mut self.room[self.read..end])?;
        self.read += length;
        Ok(Outcome::Data(count(length)))
    }

    /// Adds bytes that are here already.
    pub(super) fn add_bytes(&mut self, data: &[u8]) -> Outcome {
        let end = self.read + data.len();
        if self.room.len() < end {
            self.room.resize(end.next_power_of_two(), 0);
        }
        self.room[self.read..end].copy_from_slice(data);
        self.read = end;
        Outcome::Data(count(data.len()))
    }

    /// Adds a datagram that was received.
    pub(super) fn add_datagram(&mut self, token: u64, outcome: Outcome, data: &[u8]) {
        self.add_bytes(data);
        self.add_waited(token, outcome);
    }

    /// How many datagrams of `max` bytes it takes.
    pub(super) fn datagrams_max(&self, max: usize) -> usize {
        let data = DATA_MAX.saturating_sub(self.read) / max.max(1);
        data.min(COMPLETIONS_MAX.saturating_sub(self.waited))
    }

    /// Asks the guest to stop.
    pub(super) fn add_stop(&mut self) {
        self.stop = true;
    }

    /// Whether what is ready should wait for the next turn: one more read might go beyond the
    /// bound.
    pub(super) fn is_full(&self) -> bool {
        self.waited >= COMPLETIONS_MAX || self.read > STREAMS_MAX - READ_MAX
    }

    /// How many completions have not been handed over.
    pub(super) fn len(&self) -> usize {
        self.completions.len()
    }

    /// Adds what was taken and not handed over. It fills the batch: who does not take it is brought
    /// no more.
    pub(super) fn put_back(&mut self, completions: &[Completion], data: &[u8]) {
        self.waited += completions.len();
        self.completions.extend_from_slice(completions);
        if !data.is_empty() {
            self.add_bytes(data);
        }
    }

    /// Takes back the room of what was handed over, unless wasmtime still copies it.
    pub(super) fn reclaim(&mut self) {
        if self.read > 0 {
            return;
        }
        if let Some(last) = Arc::get_mut(&mut self.given) {
            let mut room = std::mem::take(&mut last.data);
            let joined = room.try_unsplit(std::mem::take(&mut self.room));
            // Room that has grown meanwhile is the larger one.
            self.room = joined.map_or_else(|rest| rest, |()| room);
            if self.room.capacity() > ROOM_MAX {
                self.room = BytesMut::new();
            }
        }
    }

    /// Hands over what was filled.
    pub(super) fn take(&mut self) -> Arc<Batch> {
        self.waited = 0;
        let data = self.room.split_to(std::mem::take(&mut self.read));
        let stop = std::mem::take(&mut self.stop);
        if let Some(last) = Arc::get_mut(&mut self.given) {
            last.completions.clear();
            std::mem::swap(&mut last.completions, &mut self.completions);
            (last.data, last.stop) = (data, stop);
        } else {
            self.given = Arc::new(Batch {
                completions: std::mem::take(&mut self.completions),
                data,
                stop,
            });
        }
        Arc::clone(&self.given)
    }
}
