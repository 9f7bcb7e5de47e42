//! What is to be submitted, in the memory layout that the host reads. Grows to the largest turn and
//! is never shrunk.

use super::layout::{Payload, Submission, Text};

/// Operations, the bytes of their writes, and the names of their lookups.
#[derive(Debug, Default)]
pub(super) struct Submissions {
    pub(super) entries: Vec<Submission>,
    pub(super) data: Vec<u8>,
    // Boxed, so that an entry may point to a name while others are added.
    names: Vec<Box<[u8]>>,
}

impl Submissions {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn push(&mut self, token: u64, payload: Payload) -> Entry<'_> {
        let entry = self.entries.len();
        self.entries.push(Submission::new(token, payload));
        Entry(&mut self.entries[entry])
    }

    /// Adds bytes for a write, and tells how many.
    pub(super) fn append(&mut self, data: &[u8]) -> u32 {
        self.data.extend_from_slice(data);
        // A guest has 32-bit addresses, so that every length fits.
        u32::try_from(data.len()).unwrap_or(u32::MAX)
    }

    /// Keeps a name until it was submitted.
    pub(super) fn keep(&mut self, name: &[u8]) -> Text {
        let name: Box<[u8]> = name.into();
        let text = Text::of(&name);
        self.names.push(name);
        text
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.data.clear();
        self.names.clear();
    }
}

/// An operation that was just added.
#[derive(Debug)]
pub struct Entry<'a>(&'a mut Submission);

impl Entry<'_> {
    /// Leaves success unreported: only a failure has a completion.
    pub fn quiet(self) {
        self.0.quiet();
    }
}
