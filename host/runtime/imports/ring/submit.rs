//! What a guest submits: each operation is tried at once, and waits only if it must.

use std::io::ErrorKind;

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::streams::count;
use super::super::wit::ring::{
    Interest, Operation, Outcome, ReadArguments, ShutdownArguments, Submission, WatchArguments,
};
use super::super::wit::types::ErrorCode;
use super::datagrams::Run;
use super::detached::Detached;
use super::{Place, QUEUE_MAX, Ring};
use crate::handles::{Many, Object, Read, Watch, Write};
use crate::stream::Stream;

/// The most operations in one call, so that a call ends before other guests notice.
const SUBMISSIONS_MAX: usize = 16_384;

/// The most children of one call, for the same reason: each takes the system a while, also one that
/// does not come about.
const SPAWNS_MAX: usize = 1024;

/// Token and quietness of an operation.
pub(super) type Id = (u64, bool);

impl Io {
    /// Begins a batch of operations. `data` has the bytes of the writes, `now` reads the guest's
    /// clock.
    pub(super) fn submit(
        &mut self,
        submissions: Vec<Submission>,
        mut data: &[u8],
        now: impl Fn() -> u64,
    ) -> Result<(), ErrorCode> {
        self.ring.takes(submissions.len())?;
        let mut run = Run::default();
        let mut spawns = 0..SPAWNS_MAX;
        for Submission {
            token,
            quiet,
            operation,
        } in submissions
        {
            let id = (token, quiet && !reports(&operation));
            if let Operation::Send(arguments) = operation {
                self.submit_send(&mut run, id, &arguments, &mut data);
                continue;
            }
            self.end_run(&mut run);
            let begun = match operation {
                Operation::Spawn(_) if spawns.next().is_none() => {
                    Err(ErrorCode::QuotaExceeded.into())
                }
                operation => self.begin(id, operation, &mut data, &now),
            };
            if let Err(refusal) = begun {
                self.refused(token, refusal);
            }
        }
        self.end_run(&mut run);
        Ok(())
    }

    pub(super) fn refused(&mut self, token: u64, refusal: Refusal) {
        let code = match refusal {
            Refusal::Code(code) => code,
            Refusal::Denied(denial) => {
                self.ring.denied.push(denial);
                ErrorCode::AccessDenied
            }
        };
        self.ring.fail(token, code);
    }

    fn begin(
        &mut self,
        id: Id,
        operation: Operation,
        data: &mut &[u8],
        now: &impl Fn() -> u64,
    ) -> Result<(), Refusal> {
        match operation {
            Operation::Read(arguments) => self.submit_read(id, &arguments, Many::No)?,
            Operation::ReadMany(arguments) => {
                self.submit_read(id, &arguments, Many::Since(0))?;
            }
            Operation::Write(arguments) => {
                let bytes = take_bytes(data, arguments.length)?;
                self.submit_write(id, arguments.handle, bytes)?;
            }
            Operation::Accept(handle) => self.submit_take(id, handle, Object::is_listener)?,
            Operation::NextSignal(handle) => self.submit_take(id, handle, Object::is_signals)?,
            Operation::Connect(address) => self.submit_connect(id, address.into())?,
            Operation::Shutdown(arguments) => self.submit_shutdown(id, &arguments)?,
            Operation::Watch(arguments) => self.submit_watch(id, &arguments)?,
            Operation::Sleep(delay) => self.submit_sleep(id, delay)?,
            Operation::SleepUntil(deadline) => self.submit_sleep_until(id, deadline, now())?,
            Operation::Lookup(arguments) => self.submit_lookup(id, arguments)?,
            Operation::Reverse(arguments) => self.submit_reverse(id, arguments)?,
            Operation::Close(handle) => self.submit_close(id, handle)?,
            Operation::Cancel(token) => self.submit_cancel(id, token)?,
            Operation::StartTls(arguments) => self.submit_start_tls(id, &arguments)?,
            Operation::ConnectName(arguments) => self.submit_connect_name(id, arguments)?,
            Operation::Transfer(arguments) => self.submit_transfer(id, &arguments)?,
            Operation::Receive(arguments) => self.submit_receive(id, &arguments, Many::No)?,
            Operation::ReceiveMany(arguments) => {
                self.submit_receive(id, &arguments, Many::Since(0))?;
            }
            // Sends were taken out before.
            Operation::Send(_) => {
                return Err(ErrorCode::NotSupported.into());
            }
            Operation::ConnectUnix(address) => self.submit_connect_unix(id, &address)?,
            Operation::RunJob(arguments) => {
                let input = take_bytes(data, arguments.length)?;
                self.submit_run_job(id, arguments.job, input)?;
            }
            Operation::Spawn(command) => self.submit_spawn(id, command)?,
            Operation::Wait(child) => self.submit_take(id, child, Object::is_child)?,
            Operation::Signal(arguments) => self.submit_signal(id, &arguments)?,
            Operation::ConnectSocket(arguments) => {
                self.submit_connect_socket(id, &arguments)?;
            }
            Operation::ConnectSocketUnix(arguments) => {
                self.submit_connect_socket_unix(id, &arguments)?;
            }
        }
        Ok(())
    }

    pub(super) fn submit_read(
        &mut self,
        (token, quiet): Id,
        arguments: &ReadArguments,
        many: Many,
    ) -> Result<(), ErrorCode> {
        let &ReadArguments { handle, max } = arguments;
        if max == 0 {
            self.stream(handle)?;
            self.ring.succeed(token, quiet, Outcome::Data(0));
            return Ok(());
        }
        let read = Read {
            token,
            quiet,
            max,
            many,
        };
        self.wait_to_read(handle, read, |object| matches!(object, Object::Stream(_)))
    }

    /// Waits for something that is no bytes: a connection to accept, a signal.
    fn submit_take(
        &mut self,
        (token, quiet): Id,
        handle: u64,
        fits: impl FnOnce(&Object) -> bool,
    ) -> Result<(), ErrorCode> {
        let take = Read {
            token,
            quiet,
            max: 0,
            many: Many::No,
        };
        self.wait_to_read(handle, take, fits)
    }

    /// Puts a read or an accept in its queue, and looks at the queue if the object is ready.
    pub(super) fn wait_to_read(
        &mut self,
        handle: u64,
        read: Read,
        fits: impl FnOnce(&Object) -> bool,
    ) -> Result<(), ErrorCode> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        if !fits(&entry.object) {
            return Err(ErrorCode::BadHandle);
        }
        if entry.reads.len() >= QUEUE_MAX {
            return Err(ErrorCode::QuotaExceeded);
        }
        self.ring.park(read.token, Place::Read(handle))?;
        entry.reads.push_back(read);
        self.ring.attach(handle, entry);
        if entry.object.readiness().readable {
            self.ring.queue(handle, entry);
        }
        Ok(())
    }

    /// Writes at once; what the socket does not take is kept, within the guest's quota.
    fn submit_write(
        &mut self,
        (token, quiet): Id,
        handle: u64,
        data: &[u8],
    ) -> Result<(), ErrorCode> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        let Object::Stream(stream) = &entry.object else {
            return Err(ErrorCode::BadHandle);
        };
        // Writes do not overtake those that wait.
        let written = if entry.writes.is_empty() {
            write_now(stream, data)?
        } else {
            0
        };
        let rest = data.get(written..).unwrap_or_default();
        // A write of nothing waits for its turn too: a guest learns by it that all is written.
        if rest.is_empty() && entry.writes.is_empty() {
            self.ring
                .succeed(token, quiet, Outcome::Written(count(written)));
            return Ok(());
        }
        match self.keep_writing((token, quiet), handle, rest, count(written)) {
            // Something was written: that is told, and is no failure.
            Err(_) if written > 0 => self.ring.complete(token, Outcome::Written(count(written))),
            kept => kept?,
        }
        Ok(())
    }

    fn keep_writing(
        &mut self,
        (token, quiet): Id,
        handle: u64,
        rest: &[u8],
        written: u32,
    ) -> Result<(), ErrorCode> {
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        if entry.writes.len() >= QUEUE_MAX {
            return Err(ErrorCode::QuotaExceeded);
        }
        let permit = self
            .buffered
            .take(rest.len() as u64)
            .ok_or(ErrorCode::QuotaExceeded)?;
        self.ring.park(token, Place::Write(handle))?;
        entry.writes.push_back(Write {
            token,
            quiet,
            data: rest.to_vec(),
            peer: None,
            offset: 0,
            written,
            _permit: permit,
        });
        self.ring.attach(handle, entry);
        Ok(())
    }

    fn submit_shutdown(&mut self, id: Id, arguments: &ShutdownArguments) -> Result<(), ErrorCode> {
        let stream = self.stream(arguments.handle)?;
        stream
            .shutdown(arguments.how.into())
            .map_err(|error| error_code("shutdown", &error))?;
        self.ring.succeed(id.0, id.1, Outcome::Done);
        Ok(())
    }

    /// Begins, changes or ends the watch of a handle.
    pub(super) fn submit_watch(
        &mut self,
        (token, _): Id,
        arguments: &WatchArguments,
    ) -> Result<(), ErrorCode> {
        let handle = arguments.handle;
        let interest = arguments.interest;
        let entry = self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)?;
        if let Some(previous) = entry.watch.take() {
            self.ring.unpark(previous.token);
        }
        if interest == Interest::empty() {
            self.ring.complete(token, Outcome::Done);
            return Ok(());
        }
        let writable = interest.contains(Interest::WRITABLE);
        if writable {
            let wanted = entry.object.want_writable();
            wanted.map_err(|error| error_code("watch", &error))?;
        }
        self.ring.park(token, Place::Watch(handle))?;
        entry.watch = Some(Watch {
            token,
            readable: interest.contains(Interest::READABLE),
            writable,
        });
        self.ring.list_watch(handle, entry);
        self.ring.attach(handle, entry);
        Ok(())
    }

    pub(super) fn submit_close(&mut self, id: Id, handle: u64) -> Result<(), ErrorCode> {
        self.close(handle)?;
        self.ring.succeed(id.0, id.1, Outcome::Done);
        Ok(())
    }

    pub(super) fn submit_cancel(&mut self, id: Id, token: u64) -> Result<(), ErrorCode> {
        let place = self
            .ring
            .tokens
            .get(&token)
            .ok_or(ErrorCode::InvalidArgument)?;
        match *place {
            Place::Detached(key) => {
                let outcome = self.ring.take_detached(key).map(Detached::cut_short);
                let outcome = outcome.unwrap_or(Outcome::Failed(ErrorCode::Cancelled));
                self.cancelled(id, token, outcome);
                return Ok(());
            }
            Place::Read(handle) => self.cancel_read(handle, token)?,
            Place::Watch(handle) => self.entry(handle)?.watch = None,
            Place::Write(handle) => return self.cancel_write(id, handle, token),
        }
        self.cancelled(id, token, Outcome::Failed(ErrorCode::Cancelled));
        Ok(())
    }

    /// A write that was cut short tells how far it came.
    fn cancel_write(&mut self, id: Id, handle: u64, token: u64) -> Result<(), ErrorCode> {
        let writes = &mut self.entry(handle)?.writes;
        let position = writes.iter().position(|write| write.token == token);
        let write = position.and_then(|position| writes.remove(position));
        let outcome = match write.map_or(0, |write| write.progress()) {
            0 => Outcome::Failed(ErrorCode::Cancelled),
            written => Outcome::Written(written),
        };
        self.cancelled(id, token, outcome);
        Ok(())
    }

    fn cancelled(&mut self, id: Id, token: u64, outcome: Outcome) {
        self.ring.unpark(token);
        self.ring.complete(token, outcome);
        self.ring.succeed(id.0, id.1, Outcome::Done);
    }
}

impl Write {
    /// The bytes that are not written yet.
    pub(crate) fn rest(&self) -> &[u8] {
        self.data.get(self.offset..).unwrap_or_default()
    }

    /// How many bytes of the operation are written.
    pub(super) fn progress(&self) -> u32 {
        self.written.saturating_add(count(self.offset))
    }
}

impl Ring {
    /// Whether it takes so many submissions: not while a guest leaves what it was to be told.
    pub(super) fn takes(&self, submissions: usize) -> Result<(), ErrorCode> {
        let waiting = usize::try_from(self.operations_max).unwrap_or(usize::MAX);
        let told_max = waiting.saturating_add(SUBMISSIONS_MAX);
        match submissions {
            0 => Ok(()),
            1..=SUBMISSIONS_MAX if self.batches.len() <= told_max => Ok(()),
            1..=SUBMISSIONS_MAX => Err(ErrorCode::QuotaExceeded),
            _ => Err(ErrorCode::OutOfRange),
        }
    }

    /// Has the object's events posted from now on.
    pub(super) fn attach(&self, handle: u64, entry: &mut crate::handles::Entry) {
        if !entry.attached {
            entry.object.attach(&self.port, handle);
            entry.attached = true;
        }
    }
}

/// Takes the next `length` of a batch's bytes.
pub(super) fn take_bytes<'a>(data: &mut &'a [u8], length: u32) -> Result<&'a [u8], ErrorCode> {
    let length = usize::try_from(length).ok();
    let split = length.and_then(|length| data.split_at_checked(length));
    let (bytes, rest) = split.ok_or(ErrorCode::InvalidArgument)?;
    *data = rest;
    Ok(bytes)
}

/// Writes what the socket takes at once.
pub(super) fn write_now(stream: &Stream, data: &[u8]) -> Result<usize, ErrorCode> {
    match stream.try_write(data) {
        Ok(written) => Ok(written),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error_code("write", &error)),
    }
}

/// Results that a guest must hear of in any case, or they would be lost.
fn reports(operation: &Operation) -> bool {
    use Operation::{Accept, Connect, ConnectName, ConnectUnix, Lookup, Read, ReadMany};
    use Operation::{
        NextSignal, Receive, ReceiveMany, Reverse, RunJob, Spawn, Transfer, Wait, Watch,
    };
    matches!(
        operation,
        Accept(_)
            | Connect(_)
            | ConnectName(_)
            | ConnectUnix(_)
            | Lookup(_)
            | NextSignal(_)
            | Read(_)
            | ReadMany(_)
            | Receive(_)
            | ReceiveMany(_)
            | Reverse(_)
            | RunJob(_)
            | Spawn(_)
            | Transfer(_)
            | Wait(_)
            | Watch(_)
    )
}
