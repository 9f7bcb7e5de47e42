//! What a turn brought, handed to the guest without an allocation: two batches take turns, one
//! being filled while wasmtime still copies the other into the guest's memory.

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lower};

use super::super::io::READ_MAX;
use super::super::tcp::count;
use super::super::wit::ring::{Completion, Outcome};

/// The WIT's `batch`.
#[derive(ComponentType, Lower, Debug, Default)]
#[component(record)]
pub(crate) struct Batch {
    #[component(name = "completions")]
    pub(super) completions: Vec<Completion>,
    #[component(name = "data")]
    pub(super) data: Vec<u8>,
    #[component(name = "stop")]
    pub(super) stop: bool,
}

/// Completions of operations that waited, in one batch; more come with the next.
const COMPLETIONS_MAX: usize = 1024;
/// Bytes read in one batch.
const DATA_MAX: usize = 1 << 20;

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.completions.is_empty() && !self.stop
    }

    fn clear(&mut self) {
        self.completions.clear();
        self.data.clear();
        self.stop = false;
    }
}

/// The batch being filled, and the one handed over last.
#[derive(Debug, Default)]
pub(super) struct Batches {
    filling: Batch,
    /// How many of its completions are of operations that waited. Only these fill a batch: were it
    /// filled by what completes at once, a guest could keep what waits from being looked at.
    waited: usize,
    given: Arc<Batch>,
}

impl Batches {
    pub(super) fn filling(&mut self) -> &mut Batch {
        &mut self.filling
    }

    /// Adds the completion of an operation that waited.
    pub(super) fn add_waited(&mut self, token: u64, outcome: Outcome) {
        self.waited += 1;
        self.filling.completions.push(Completion { token, outcome });
    }

    /// Adds what was read, and says so.
    pub(super) fn add_data(&mut self, data: &[u8]) -> Outcome {
        self.filling.data.extend_from_slice(data);
        Outcome::Data(count(data.len()))
    }

    /// Whether what is ready should wait for the next turn: one more read might go beyond the
    /// bound.
    pub(super) fn is_full(&self) -> bool {
        self.waited >= COMPLETIONS_MAX || self.filling.data.len() > DATA_MAX - READ_MAX
    }

    /// Hands over what was filled.
    pub(super) fn take(&mut self) -> Arc<Batch> {
        self.waited = 0;
        if let Some(last) = Arc::get_mut(&mut self.given) {
            last.clear();
            std::mem::swap(last, &mut self.filling);
        } else {
            self.given = Arc::new(std::mem::take(&mut self.filling));
        }
        Arc::clone(&self.given)
    }
}
