//! What the loop brings: the queues of objects that became ready go on, and watches are reported.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use aio_loop::Readiness;
use aio_loop::net::TcpListeners;

use super::super::convert::error_code;
use super::super::io::{Io, read_max};
use super::super::wit::ring::{Interest, Outcome};
use super::super::wit::types::{ErrorCode, IpSocketAddress};
use super::{OWN_KEY, Ring, STOP_KEY, TIMEOUT_KEY, WAKE_KEY};
use crate::handles::{Entry, Many, Object, Watch};

/// What accepting brings.
type Accepted = (u64, IpSocketAddress);

impl Io {
    /// Takes what became ready since the last look, as far as the batch has room.
    pub(super) fn collect(&mut self) {
        self.ring.port.drain(&mut self.ring.keys);
        self.ring.runnable.extend(self.ring.keys.drain(..));
        while !self.ring.batches.is_full() {
            let Some(key) = self.ring.runnable.pop_front() else {
                break;
            };
            match key {
                STOP_KEY => self.tell_stop(),
                WAKE_KEY => (),
                key if key & TIMEOUT_KEY == TIMEOUT_KEY => {
                    self.ring.timed_out |= key == self.ring.timeout_key;
                }
                key if key & OWN_KEY != 0 => self.finish(key),
                handle => self.pump(handle),
            }
        }
    }

    /// Whether the guest has something to hear.
    pub(super) fn has_news(&mut self) -> bool {
        self.ring.timed_out
            || !self.ring.batches.is_empty()
            || !self.ring.runnable.is_empty()
            || !self.ring.port.is_empty()
            || !self.ring.watched.is_empty()
    }

    fn tell_stop(&mut self) {
        let requests = self.ring.interrupt.requests();
        if requests != self.ring.stops_told {
            self.ring.stops_told = requests;
            self.ring.interrupt.told();
            self.ring.batches.add_stop();
        }
    }

    /// Goes on with what waits on a handle.
    fn pump(&mut self, handle: u64) {
        let Some(entry) = self.handles.get_mut(handle) else {
            return;
        };
        entry.queued = false;
        if entry.watch.is_some() {
            self.ring.list_watch(handle, entry);
        }
        let (reads, writes) = (!entry.reads.is_empty(), !entry.writes.is_empty());
        while writes && self.write_next(handle) {}
        while reads && self.read_next(handle) {}
    }

    /// Writes some of the first write that waits; whether to go on.
    fn write_next(&mut self, handle: u64) -> bool {
        let Some(entry) = self.handles.get_mut(handle) else {
            return false;
        };
        if let Object::Datagrams(_) = entry.object {
            return self.send_next(handle);
        }
        let (Object::Stream(stream), Some(write)) = (&entry.object, entry.writes.front_mut())
        else {
            return false;
        };
        let outcome = match stream.try_write(write.rest()) {
            Ok(written) => {
                write.offset += written;
                if !write.rest().is_empty() {
                    return true;
                }
                Ok(write.progress())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => Err(error_code("write", &error)),
        };
        let (token, quiet) = (write.token, write.quiet);
        entry.writes.pop_front();
        self.end(token, quiet, outcome.map(Outcome::Written));
        true
    }

    /// Serves the first read or accept that waits; whether to go on.
    fn read_next(&mut self, handle: u64) -> bool {
        let Some(entry) = self.handles.get_mut(handle) else {
            return false;
        };
        let Some(&read) = entry.reads.front() else {
            return false;
        };
        if self.ring.batches.is_full() {
            self.ring.queue(handle, entry);
            return false;
        }
        if read.many == Many::Since(self.ring.timeout_key) {
            return false;
        }
        let served = match &entry.object {
            Object::Stream(stream) => {
                let batches = &mut self.ring.batches;
                let read = batches.add_data(read_max(read.max), |room| stream.try_read(room));
                not_blocked("read", read)
            }
            Object::Listener(listener) => {
                let listener = Arc::clone(listener);
                let accepted = self.accept(&listener).transpose();
                accepted.map(|accepted| accepted.map(Outcome::Accepted))
            }
            Object::Datagrams(_) => return self.receive_next(handle),
            Object::Socket(_) => return self.connect_next(handle),
            #[cfg(unix)]
            Object::UnixListener(listener) => {
                let listener = Arc::clone(listener);
                let accepted = self.accept_unix(&listener).transpose();
                accepted.map(|accepted| accepted.map(Outcome::AcceptedUnix))
            }
            #[cfg(unix)]
            Object::Signals(signals) => {
                let arrival = not_blocked("next signal", signals.try_next());
                arrival.map(|arrival| arrival.map(|arrival| Outcome::Signalled(arrival.into())))
            }
            #[cfg(unix)]
            Object::Child(running) => running.child.try_wait().map(|exit| Ok(exit.into())),
            #[cfg(unix)]
            Object::Command(_) => None,
            #[cfg(unix)]
            Object::UnixSocket(_) | Object::UnixDatagrams(_) => None,
            // Nothing is read from these, and nobody was let wait.
            Object::TlsClient(_) | Object::TlsServer(_) => None,
        };
        let Some(outcome) = served else {
            return false;
        };
        if read.many != Many::No && !is_last(&outcome) {
            self.go_on_reading(handle, read.token, outcome);
            return false;
        }
        if let Some(entry) = self.handles.get_mut(handle) {
            entry.reads.pop_front();
        }
        self.end(read.token, read.quiet, outcome);
        true
    }

    /// Reports what the first read brought, which goes on in the next turn.
    fn go_on_reading(&mut self, handle: u64, token: u64, outcome: Result<Outcome, ErrorCode>) {
        let Some(entry) = self.handles.get_mut(handle) else {
            return;
        };
        if let Some(read) = entry.reads.front_mut() {
            read.many = Many::Since(self.ring.timeout_key);
        }
        if entry.object.readiness().readable {
            self.ring.resting.push(handle);
        }
        self.ring.report(token, outcome);
    }

    /// Accepts a connection that waits; none if none does.
    pub(super) fn accept(
        &mut self,
        listener: &TcpListeners,
    ) -> Result<Option<Accepted>, ErrorCode> {
        self.room()?;
        let Some(accepted) = not_blocked("accept", listener.try_accept()).transpose()? else {
            return Ok(None);
        };
        let (stream, peer) = accepted;
        Ok(Some((self.open_stream(stream)?, peer.into())))
    }

    /// Ends an operation that waited.
    pub(super) fn end(&mut self, token: u64, quiet: bool, outcome: Result<Outcome, ErrorCode>) {
        self.ring.unpark(token);
        if outcome.is_err() || !quiet {
            self.ring.report(token, outcome);
        }
    }

    /// Forgets watches that are not ready until an event comes.
    pub(super) fn sift_watches(&mut self) {
        let mut watched = std::mem::take(&mut self.ring.watched);
        watched.retain(|&handle| self.ready_watch(handle).is_some());
        self.ring.watched = watched;
    }

    /// Reports the watches that are ready, as far as the batch has room; the next turn begins with
    /// those that found none.
    pub(super) fn report_watches(&mut self) {
        let mut watched = std::mem::take(&mut self.ring.watched);
        let reported = watched
            .iter()
            .take_while(|&&handle| self.report_watch(handle))
            .count();
        watched.rotate_left(reported);
        self.ring.watched = watched;
    }

    /// Whether there was room.
    fn report_watch(&mut self, handle: u64) -> bool {
        let room = !self.ring.batches.is_full();
        if let Some((token, ready)) = self.ready_watch(handle).filter(|_| room) {
            self.ring.batches.add_waited(token, Outcome::Ready(ready));
        }
        room
    }

    /// What a watch has to report; if nothing, it is not among those to report any more.
    fn ready_watch(&mut self, handle: u64) -> Option<(u64, Interest)> {
        let entry = self.handles.get_mut(handle)?;
        let readiness = entry.object.readiness();
        let ready = entry
            .watch
            .map(|watch| (watch.token, ready(&watch, readiness)));
        let ready = ready.filter(|(_, ready)| *ready != Interest::empty());
        entry.listed = ready.is_some();
        ready
    }
}

impl Ring {
    /// Tells what came of an operation that waited.
    fn report(&mut self, token: u64, outcome: Result<Outcome, ErrorCode>) {
        let outcome = outcome.unwrap_or_else(Outcome::Failed);
        self.batches.add_waited(token, outcome);
    }

    /// Has a handle looked at again.
    pub(super) fn queue(&mut self, handle: u64, entry: &mut Entry) {
        if !entry.queued {
            entry.queued = true;
            self.runnable.push_back(handle);
        }
    }

    /// Has the watch of a handle looked at in the next turn.
    pub(super) fn list_watch(&mut self, handle: u64, entry: &mut Entry) {
        if !entry.listed {
            entry.listed = true;
            self.watched.push(handle);
        }
    }
}

fn ready(watch: &Watch, readiness: Readiness) -> Interest {
    let mut ready = Interest::empty();
    if watch.readable && readiness.readable {
        ready |= Interest::READABLE;
    }
    if watch.writable && readiness.writable {
        ready |= Interest::WRITABLE;
    }
    ready
}

/// Whether reading again is in vain: at the end of the stream and after a failure.
fn is_last(outcome: &Result<Outcome, ErrorCode>) -> bool {
    matches!(outcome, Err(_) | Ok(Outcome::Data(0)))
}

/// None for what would block, which is no error.
pub(super) fn not_blocked<T>(
    operation: &str,
    result: io::Result<T>,
) -> Option<Result<T, ErrorCode>> {
    match result {
        Ok(value) => Some(Ok(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => Some(Err(error_code(operation, &error))),
    }
}
