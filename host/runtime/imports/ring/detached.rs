//! Operations that belong to no handle: sleeps, connections being made, look-ups and transfers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use aio_loop::dns::LookupError;
use aio_loop::net::happy_eyeballs::EyeballsOptions;
use aio_loop::{Task, TimerHandle};

use super::super::convert::error_code;
use super::super::dns::names;
use super::super::io::{Io, Refusal};
use super::super::tcp::Made;
use super::super::transfer::Moved;
use super::super::wit::ring::{
    LookupArguments, Outcome, ReverseArguments, StartTlsArguments, TransferArguments,
};
use super::super::wit::types::ErrorCode;
use super::super::wit::workers::JobError;
use super::submit::Id;
use super::{OWN_KEY, Place, Ring};
use crate::state::delay;
use crate::workers::Output;

/// One operation that waits; dropping it cancels it.
#[derive(Debug)]
pub(super) struct Detached {
    pub(super) token: u64,
    quiet: bool,
    sequence: u32,
    work: Work,
}

enum Work {
    Sleep {
        _timer: TimerHandle,
    },
    /// A future that runs on the loop.
    Task {
        finish: Arc<Mutex<Option<Finish>>>,
        /// Of a transfer: how far it has come.
        moved: Option<Moved>,
        _task: Task<()>,
    },
}

/// What is to be done once a task is done; it has the result.
type Finish = Box<dyn FnOnce(&mut Io, Id) + Send>;

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sleep { .. } => "Sleep",
            Self::Task { .. } => "Task",
        })
    }
}

impl Detached {
    /// What a cancel leaves of the operation.
    pub(super) fn cut_short(mut self) -> Outcome {
        let moved = match &mut self.work {
            Work::Task { moved, .. } => moved.take(),
            Work::Sleep { .. } => None,
        };
        // What is on its way goes back to its source before the guest reads on.
        drop(self);
        match moved.map_or(0, |moved| moved.count()) {
            0 => Outcome::Failed(ErrorCode::Cancelled),
            count => Outcome::Moved(count),
        }
    }
}

/// The bits of a key that number the operation.
const SEQUENCE_MASK: u32 = (1 << 30) - 1;

impl Ring {
    fn next_key(&mut self) -> (u64, u32) {
        self.sequence = self.sequence.wrapping_add(1) & SEQUENCE_MASK;
        let index = u64::try_from(self.detached.vacant_key()).unwrap_or(u64::MAX);
        (
            OWN_KEY | u64::from(self.sequence) << 32 | index,
            self.sequence,
        )
    }

    /// Takes a detached operation in, begun by `begin` with its key.
    fn detach(
        &mut self,
        (token, quiet): Id,
        begin: impl FnOnce(&Self, u64) -> Work,
    ) -> Result<(), ErrorCode> {
        let (key, sequence) = self.next_key();
        self.park(token, Place::Detached(key))?;
        let work = begin(self, key);
        self.detached.insert(Detached {
            token,
            quiet,
            sequence,
            work,
        });
        Ok(())
    }

    /// Takes the operation of a key out; none if it was cancelled.
    pub(super) fn take_detached(&mut self, key: u64) -> Option<Detached> {
        let index = usize::try_from(key & u64::from(u32::MAX)).ok()?;
        let sequence = u32::try_from((key & !OWN_KEY) >> 32).ok()?;
        let found = self.detached.get(index)?;
        (found.sequence == sequence).then(|| self.detached.remove(index))
    }
}

impl Io {
    /// Runs a future on the loop, and then `finish` with what came of it.
    pub(super) fn detach_task<T: Send + 'static>(
        &mut self,
        id: Id,
        future: impl Future<Output = T> + Send + 'static,
        moved: Option<Moved>,
        finish: impl FnOnce(&mut Self, Id, T) + Send + 'static,
    ) -> Result<(), ErrorCode> {
        let handle = &self.handle;
        self.ring.detach(id, |ring, key| {
            let slot = Arc::<Mutex<Option<Finish>>>::default();
            let (port, result) = (ring.port.clone(), Arc::clone(&slot));
            let task = handle.spawn(async move {
                let value = future.await;
                let finish: Finish = Box::new(move |io, id| finish(io, id, value));
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(finish);
                port.post(key);
            });
            Work::Task {
                finish: slot,
                moved,
                _task: task,
            }
        })
    }

    /// The same for an operation that ends with it.
    pub(super) fn detach_until<T: Send + 'static>(
        &mut self,
        id: Id,
        future: impl Future<Output = T> + Send + 'static,
        outcome: impl FnOnce(&mut Self, T) -> Result<Outcome, ErrorCode> + Send + 'static,
    ) -> Result<(), Refusal> {
        let finish = |io: &mut Self, (token, quiet): Id, value| {
            let outcome = outcome(io, value);
            io.end(token, quiet, outcome);
        };
        Ok(self.detach_task(id, future, None, finish)?)
    }

    pub(super) fn submit_sleep(&mut self, id: Id, nanoseconds: u64) -> Result<(), Refusal> {
        let delay = delay(nanoseconds).ok_or(ErrorCode::OutOfRange)?;
        self.sleep(id, delay)
    }

    /// `now` is the guest's clock.
    pub(super) fn submit_sleep_until(
        &mut self,
        id: Id,
        deadline: u64,
        now: u64,
    ) -> Result<(), Refusal> {
        let left = deadline.saturating_sub(now);
        if left > 0 {
            return self.submit_sleep(id, left);
        }
        self.ring.succeed(id.0, id.1, Outcome::Done);
        Ok(())
    }

    fn sleep(&mut self, id: Id, delay: Duration) -> Result<(), Refusal> {
        let handle = &self.handle;
        let deadline = handle
            .now()
            .checked_add(delay)
            .ok_or(ErrorCode::OutOfRange)?;
        let begin = |ring: &Ring, key| Work::Sleep {
            _timer: handle.post_at(deadline, &ring.port, key),
        };
        Ok(self.ring.detach(id, begin)?)
    }

    pub(super) fn submit_connect(&mut self, id: Id, address: SocketAddr) -> Result<(), Refusal> {
        let connect = self.connect(address)?;
        self.detach_connect(id, connect)
    }

    pub(super) fn detach_connect(
        &mut self,
        id: Id,
        connect: impl Future<Output = io::Result<Made>> + Send + 'static,
    ) -> Result<(), Refusal> {
        self.detach_until(id, connect, Self::connected)
    }

    pub(super) fn submit_lookup(
        &mut self,
        id: Id,
        arguments: LookupArguments,
    ) -> Result<(), Refusal> {
        let LookupArguments {
            name,
            service,
            family,
        } = arguments;
        let lookup = self.lookup(&name, &service, family)?;
        let outcome = move |io: &mut Self, found| io.found(&name, found).map(Outcome::Addresses);
        self.detach_until(id, lookup, outcome)
    }

    pub(super) fn submit_connect_name(
        &mut self,
        id: Id,
        arguments: LookupArguments,
    ) -> Result<(), Refusal> {
        let LookupArguments {
            name,
            service,
            family,
        } = arguments;
        self.room()?;
        let lookup = self.lookup(&name, &service, family)?;
        let connect = move |io: &mut Self, id, found| io.connect_on(id, &name, found);
        Ok(self.detach_task(id, lookup, None, connect)?)
    }

    /// Goes on from the look-up to the connection, which takes its place.
    fn connect_on(&mut self, id: Id, name: &str, found: Result<Vec<SocketAddr>, LookupError>) {
        self.ring.unpark(id.0);
        let connect = self.connect_found(name, found, &EyeballsOptions::default());
        let begun = connect.and_then(|connect| self.detach_connect(id, connect));
        if let Err(refusal) = begun {
            self.refused(id.0, refusal);
        }
    }

    /// A transfer does not pass by what waits on its two ends.
    pub(super) fn submit_transfer(
        &mut self,
        id: Id,
        arguments: &TransferArguments,
    ) -> Result<(), ErrorCode> {
        let &TransferArguments { source, sink, max } = arguments;
        if !self.entry(source)?.reads.is_empty() || !self.entry(sink)?.writes.is_empty() {
            return Err(ErrorCode::InvalidArgument);
        }
        let (moved, transfer) = self.transfer(source, sink, max)?;
        let finish = |io: &mut Self, (token, quiet): Id, result: io::Result<u64>| {
            let moved = result.map_err(|error| error_code("transfer", &error));
            io.end(token, quiet, moved.map(Outcome::Moved));
        };
        self.detach_task(id, transfer, Some(moved), finish)
    }

    pub(super) fn submit_reverse(
        &mut self,
        id: Id,
        arguments: ReverseArguments,
    ) -> Result<(), Refusal> {
        let ReverseArguments { address, flags } = arguments;
        let reverse = self.reverse(address.into(), flags, None)?;
        self.detach_until(id, reverse, |_, answer| names(answer).map(Outcome::Names))
    }

    pub(super) fn submit_start_tls(
        &mut self,
        id: Id,
        arguments: &StartTlsArguments,
    ) -> Result<(), Refusal> {
        let start = self.start_tls(arguments)?;
        self.detach_until(id, start, |_, started| started.map(|()| Outcome::Done))
    }

    pub(super) fn submit_run_job(
        &mut self,
        id: Id,
        job: String,
        input: &[u8],
    ) -> Result<(), Refusal> {
        let run = self.run_job(job, input)?;
        self.detach_until(id, run, |io, output| io.job_done(output))
    }

    /// Hands a job's result over, in the batch that is being filled.
    fn job_done(&mut self, output: Output) -> Result<Outcome, ErrorCode> {
        match output.outcome {
            Ok(bytes) => Ok(self.ring.batches.add_bytes(&bytes)),
            Err(JobError::Refused(code)) => Err(code),
            Err(error) => Ok(Outcome::JobFailed(error)),
        }
    }

    /// Finishes the operation of a key that the port brought.
    pub(super) fn finish(&mut self, key: u64) {
        let Some(done) = self.ring.take_detached(key) else {
            return;
        };
        let id = (done.token, done.quiet);
        match done.work {
            Work::Sleep { .. } => self.end(done.token, done.quiet, Ok(Outcome::Done)),
            Work::Task { finish, .. } => match take(&finish) {
                Some(finish) => finish(self, id),
                None => self.end(done.token, done.quiet, Err(ErrorCode::Other)),
            },
        }
    }

    pub(super) fn connected(&mut self, made: io::Result<Made>) -> Result<Outcome, ErrorCode> {
        let made = made.map_err(|error| error_code("connect", &error))?;
        self.open_made(made).map(Outcome::Connected)
    }
}

fn take(slot: &Mutex<Option<Finish>>) -> Option<Finish> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
