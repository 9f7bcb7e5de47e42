//! What a turn brought, read in place: bytes are borrowed from the batch, never copied.

use std::net::SocketAddr;

use super::{layout, memory};
use crate::bindings::aio::host::process::Exit;
use crate::bindings::aio::host::ring::{Interest, Spawned};
use crate::bindings::aio::host::signals::Event;
use crate::bindings::aio::host::types::{ErrorCode, Handle};
use crate::bindings::aio::host::workers::JobError;

/// The completions of a turn, in the order in which they happened.
#[derive(Debug)]
pub struct Batch {
    completions: Vec<layout::Completion>,
    // Of each completion with lists, in order. Empty in nearly every batch.
    lists: Vec<List>,
    data: Vec<u8>,
    stop: bool,
}

/// The next turn has the same memory.
impl Drop for Batch {
    fn drop(&mut self) {
        memory::keep(
            std::mem::take(&mut self.completions),
            std::mem::take(&mut self.data),
        );
    }
}

/// What a completion has beside its own bytes.
#[derive(Debug)]
pub(super) enum List {
    Addresses(Vec<layout::Address>),
    Names(Vec<u8>, Vec<u8>),
    Reason(Vec<u8>),
}

impl Batch {
    pub(super) fn new(
        completions: Vec<layout::Completion>,
        lists: Vec<List>,
        data: Vec<u8>,
        stop: bool,
    ) -> Self {
        Self {
            completions,
            lists,
            data,
            stop,
        }
    }

    /// Tells whether the host has asked the guest to stop. It is told once.
    pub fn stop(&self) -> bool {
        self.stop
    }

    /// Tells how many operations completed.
    pub fn len(&self) -> usize {
        self.completions.len()
    }

    /// Tells whether nothing completed: the wait timed out.
    pub fn is_empty(&self) -> bool {
        self.completions.is_empty()
    }

    /// Goes through the completions.
    pub fn iter(&self) -> Completions<'_> {
        Completions {
            completions: self.completions.iter(),
            lists: self.lists.iter(),
            data: &self.data,
        }
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = Completion<'a>;
    type IntoIter = Completions<'a>;

    fn into_iter(self) -> Completions<'a> {
        self.iter()
    }
}

/// How one operation ended.
#[derive(Clone, Debug)]
pub struct Completion<'a> {
    /// The token it was submitted with.
    pub token: u64,
    /// What came of it.
    pub outcome: Outcome<'a>,
}

/// What came of an operation.
#[derive(Clone, Debug)]
pub enum Outcome<'a> {
    /// Nothing to tell but that it is done.
    Done,
    /// The bytes that were read; none at the end of the stream.
    Data(&'a [u8]),
    /// How many bytes were written.
    Written(u32),
    /// A connection came in, from this address.
    Accepted(Handle, SocketAddr),
    /// The connection stands.
    Connected(Handle),
    /// What a watched handle is ready for.
    Ready(Interest),
    /// What the name means, in the resolver's order.
    Addresses(Vec<SocketAddr>),
    /// The operation failed.
    Failed(ErrorCode),
    /// A connection came in over a Unix socket.
    AcceptedUnix(Handle),
    /// A datagram came in.
    Datagram {
        /// Its bytes, up to what was asked for.
        data: &'a [u8],
        /// Whether there were more.
        truncated: bool,
        /// Who sent it.
        peer: SocketAddr,
    },
    /// How many bytes were moved.
    Moved(u64),
    /// The names of a host and of a service.
    Names(String, String),
    /// A child was started. Handles of pipes that it has not are 0.
    Spawned(Spawned),
    /// The child has ended.
    Exited(Exit),
    /// A signal arrived.
    Signalled(Event),
    /// A job that was begun has no result.
    JobFailed(JobError),
}

/// Goes through the completions of a batch.
#[derive(Clone, Debug)]
pub struct Completions<'a> {
    completions: std::slice::Iter<'a, layout::Completion>,
    lists: std::slice::Iter<'a, List>,
    data: &'a [u8],
}

impl<'a> Iterator for Completions<'a> {
    type Item = Completion<'a>;

    fn next(&mut self) -> Option<Completion<'a>> {
        let completion = self.completions.next()?;
        Some(Completion {
            token: completion.token,
            outcome: self.outcome(completion),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.completions.size_hint()
    }
}

impl ExactSizeIterator for Completions<'_> {}

impl<'a> Completions<'a> {
    fn outcome(&mut self, completion: &layout::Completion) -> Outcome<'a> {
        match completion.case() {
            0 => Outcome::Done,
            1 => Outcome::Data(self.take(completion.number())),
            2 => Outcome::Written(completion.number()),
            3 => Outcome::Accepted(completion.words[0], completion.peer()),
            4 => Outcome::Connected(completion.words[0]),
            5 => Outcome::Ready(Interest::from_bits_truncate(completion.byte())),
            6 | 11 => self.take_list(),
            7 => Outcome::Failed(super::call::error_code(completion.byte())),
            8 => Outcome::AcceptedUnix(completion.words[0]),
            9 => Outcome::Datagram {
                data: self.take(completion.number()),
                truncated: completion.truncated(),
                peer: completion.peer(),
            },
            10 => Outcome::Moved(completion.words[0]),
            12 => Outcome::Spawned(completion.spawned()),
            13 => Outcome::Exited(completion.exit()),
            14 => Outcome::Signalled(completion.event()),
            _ => Outcome::JobFailed(self.job_error(completion)),
        }
    }

    fn take(&mut self, length: u32) -> &'a [u8] {
        let (taken, rest) = self.data.split_at((length as usize).min(self.data.len()));
        self.data = rest;
        taken
    }

    fn take_list(&mut self) -> Outcome<'a> {
        match self.lists.next() {
            Some(List::Addresses(list)) => {
                Outcome::Addresses(list.iter().map(layout::Address::lift).collect())
            }
            Some(List::Names(host, service)) => Outcome::Names(text(host), text(service)),
            _ => Outcome::Addresses(Vec::new()),
        }
    }

    fn job_error(&mut self, completion: &layout::Completion) -> JobError {
        let case = completion.byte();
        if case == 0 {
            return JobError::Refused(super::call::error_code(completion.reason().0 as u8));
        }
        let reason = match self.lists.next() {
            Some(List::Reason(reason)) => text(reason),
            _ => String::new(),
        };
        match case {
            1 => JobError::Failed(reason),
            _ => JobError::Trapped(reason),
        }
    }
}

/// Strings of the host are UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
