//! Operations that belong to no handle: sleeps, connections being made, look-ups and transfers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{io, mem};

use aio_loop::dns::{LookupError, Names};
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
use super::super::wit::unix::UnixAddress;
use super::{OWN_KEY, Place, Ring};
use crate::state::delay;

/// One operation that waits; dropping it cancels it.
#[derive(Debug)]
pub(super) struct Detached {
    pub(super) token: u64,
    quiet: bool,
    sequence: u32,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Sleep {
        _timer: TimerHandle,
    },
    Connect {
        result: Shared<io::Result<Made>>,
        _task: Task<()>,
    },
    StartTls {
        result: Shared<Result<(), ErrorCode>>,
        _task: Task<()>,
    },
    Lookup {
        name: String,
        result: Shared<Result<Vec<SocketAddr>, LookupError>>,
        _task: Task<()>,
    },
    /// A look-up that a connection follows.
    ConnectName {
        name: String,
        result: Shared<Result<Vec<SocketAddr>, LookupError>>,
        _task: Task<()>,
    },
    Reverse {
        result: Shared<Result<Names, LookupError>>,
        _task: Task<()>,
    },
    Transfer {
        moved: Moved,
        result: Shared<io::Result<u64>>,
        _task: Task<()>,
    },
}

impl Detached {
    /// What a cancel leaves of the operation.
    pub(super) fn cut_short(self) -> Outcome {
        let moved = match &self.work {
            Work::Transfer { moved, .. } => moved.clone(),
            _ => Moved::default(),
        };
        // What is on its way goes back to its source before the guest reads on.
        drop(self);
        match moved.count() {
            0 => Outcome::Failed(ErrorCode::Cancelled),
            count => Outcome::Moved(count),
        }
    }
}

/// Where a task leaves its result.
type Shared<T> = Arc<Mutex<Option<T>>>;

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
        (token, quiet): (u64, bool),
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
    pub(super) fn submit_sleep(
        &mut self,
        id: (u64, bool),
        nanoseconds: u64,
    ) -> Result<(), Refusal> {
        let delay = delay(nanoseconds).ok_or(ErrorCode::OutOfRange)?;
        self.sleep(id, delay)
    }

    /// `now` is the guest's clock.
    pub(super) fn submit_sleep_until(
        &mut self,
        id: (u64, bool),
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

    fn sleep(&mut self, id: (u64, bool), delay: Duration) -> Result<(), Refusal> {
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

    pub(super) fn submit_connect(
        &mut self,
        id: (u64, bool),
        address: SocketAddr,
    ) -> Result<(), Refusal> {
        let connect = self.connect(address)?;
        self.detach_connect(id, connect)
    }

    fn detach_connect(
        &mut self,
        id: (u64, bool),
        connect: impl Future<Output = io::Result<Made>> + Send + 'static,
    ) -> Result<(), Refusal> {
        let handle = &self.handle;
        let begin = |ring: &Ring, key| {
            let (result, task) = run(handle, ring, key, connect);
            Work::Connect {
                result,
                _task: task,
            }
        };
        Ok(self.ring.detach(id, begin)?)
    }

    /// Most connect at once; a full backlog is waited for.
    #[cfg(unix)]
    pub(super) fn submit_connect_unix(
        &mut self,
        id: (u64, bool),
        address: &UnixAddress,
    ) -> Result<(), Refusal> {
        let mut connect = Box::pin(self.connect_unix(address)?);
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(made) = connect.as_mut().poll(&mut cx) else {
            return self.detach_connect(id, connect);
        };
        let connected = self.connected(Some(made))?;
        self.ring.complete(id.0, connected);
        Ok(())
    }

    #[cfg(not(unix))]
    pub(super) fn submit_connect_unix(
        &mut self,
        _id: (u64, bool),
        _address: &UnixAddress,
    ) -> Result<(), Refusal> {
        Err(ErrorCode::NotSupported.into())
    }

    pub(super) fn submit_lookup(
        &mut self,
        id: (u64, bool),
        arguments: LookupArguments,
    ) -> Result<(), Refusal> {
        let LookupArguments {
            name,
            service,
            family,
        } = arguments;
        let lookup = self.lookup(&name, &service, family)?;
        let handle = &self.handle;
        let begin = |ring: &Ring, key| {
            let (result, task) = run(handle, ring, key, lookup);
            Work::Lookup {
                name,
                result,
                _task: task,
            }
        };
        Ok(self.ring.detach(id, begin)?)
    }

    pub(super) fn submit_connect_name(
        &mut self,
        id: (u64, bool),
        arguments: LookupArguments,
    ) -> Result<(), Refusal> {
        let LookupArguments {
            name,
            service,
            family,
        } = arguments;
        self.room()?;
        let lookup = self.lookup(&name, &service, family)?;
        let handle = &self.handle;
        let begin = |ring: &Ring, key| {
            let (result, task) = run(handle, ring, key, lookup);
            Work::ConnectName {
                name,
                result,
                _task: task,
            }
        };
        Ok(self.ring.detach(id, begin)?)
    }

    /// Goes on from the look-up to the connection, which takes its place.
    fn connect_on(
        &mut self,
        id: (u64, bool),
        name: &str,
        found: Option<Result<Vec<SocketAddr>, LookupError>>,
    ) {
        self.ring.unpark(id.0);
        let found = found.ok_or(ErrorCode::Other).map_err(Refusal::from);
        let begun = found.and_then(|found| {
            let connect = self.connect_found(name, found, &EyeballsOptions::default())?;
            self.detach_connect(id, connect)
        });
        if let Err(refusal) = begun {
            self.refused(id.0, refusal);
        }
    }

    /// A transfer does not pass by what waits on its two ends.
    pub(super) fn submit_transfer(
        &mut self,
        id: (u64, bool),
        arguments: &TransferArguments,
    ) -> Result<(), ErrorCode> {
        let &TransferArguments { source, sink, max } = arguments;
        if !self.entry(source)?.reads.is_empty() || !self.entry(sink)?.writes.is_empty() {
            return Err(ErrorCode::InvalidArgument);
        }
        let (moved, transfer) = self.transfer(source, sink, max)?;
        let handle = &self.handle;
        let begin = |ring: &Ring, key| {
            let (result, task) = run(handle, ring, key, transfer);
            Work::Transfer {
                moved,
                result,
                _task: task,
            }
        };
        self.ring.detach(id, begin)
    }

    pub(super) fn submit_reverse(
        &mut self,
        id: (u64, bool),
        arguments: ReverseArguments,
    ) -> Result<(), Refusal> {
        let ReverseArguments { address, flags } = arguments;
        let reverse = self.reverse(address.into(), flags, None)?;
        let handle = &self.handle;
        let begin = |ring: &Ring, key| {
            let (result, task) = run(handle, ring, key, reverse);
            Work::Reverse {
                result,
                _task: task,
            }
        };
        Ok(self.ring.detach(id, begin)?)
    }

    pub(super) fn submit_start_tls(
        &mut self,
        id: (u64, bool),
        arguments: &StartTlsArguments,
    ) -> Result<(), Refusal> {
        let start = self.start_tls(arguments)?;
        let handle = &self.handle;
        let begin = |ring: &Ring, key| {
            let (result, task) = run(handle, ring, key, start);
            Work::StartTls {
                result,
                _task: task,
            }
        };
        Ok(self.ring.detach(id, begin)?)
    }

    /// Finishes the operation of a key that the port brought.
    pub(super) fn finish(&mut self, key: u64) {
        let Some(done) = self.ring.take_detached(key) else {
            return;
        };
        let outcome = match done.work {
            Work::Sleep { .. } => Ok(Outcome::Done),
            Work::Connect { result, .. } => self.connected(take(&result)),
            Work::StartTls { result, .. } => take(&result)
                .unwrap_or(Err(ErrorCode::Other))
                .map(|()| Outcome::Done),
            Work::Lookup { name, result, .. } => match take(&result) {
                Some(found) => self.found(&name, found).map(Outcome::Addresses),
                None => Err(ErrorCode::Other),
            },
            Work::ConnectName { name, result, .. } => {
                return self.connect_on((done.token, done.quiet), &name, take(&result));
            }
            Work::Transfer { result, .. } => match take(&result) {
                Some(Ok(moved)) => Ok(Outcome::Moved(moved)),
                Some(Err(error)) => Err(error_code("transfer", &error)),
                None => Err(ErrorCode::Other),
            },
            Work::Reverse { result, .. } => match take(&result) {
                Some(answer) => names(answer).map(Outcome::Names),
                None => Err(ErrorCode::Other),
            },
        };
        self.end(done.token, done.quiet, outcome);
    }

    fn connected(&mut self, result: Option<io::Result<Made>>) -> Result<Outcome, ErrorCode> {
        let made = result
            .ok_or(ErrorCode::Other)?
            .map_err(|error| error_code("connect", &error))?;
        self.open_made(made).map(Outcome::Connected)
    }
}

/// Runs a future on the loop; its result is left for the key that is then posted.
fn run<T: Send + 'static>(
    handle: &aio_loop::Handle,
    ring: &Ring,
    key: u64,
    work: impl Future<Output = T> + Send + 'static,
) -> (Shared<T>, Task<()>) {
    let result = Shared::default();
    let (port, slot) = (ring.port.clone(), Arc::clone(&result));
    let task = handle.spawn(async move {
        let value = work.await;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        port.post(key);
    });
    (result, task)
}

fn take<T>(result: &Shared<T>) -> Option<T> {
    mem::take(&mut *result.lock().unwrap_or_else(PoisonError::into_inner))
}
