//! The ring, typed: operations are collected in buffers that are used again and again, and what
//! completes is read in place. Nothing is allocated in a turn in which nothing grows.

mod batch;
mod call;
mod layout;
mod memory;
mod submissions;

use std::net::SocketAddr;
use std::time::Duration;

pub use batch::{Batch, Completion, Completions, Outcome};
pub use submissions::Entry;

pub use crate::bindings::aio::host::ring::Spawned;

use crate::bindings::aio::host::dns::ReverseFlags;
use crate::bindings::aio::host::ring::Interest;
use crate::bindings::aio::host::streams::ShutdownHow;
use crate::bindings::aio::host::types::{ErrorCode, Handle, Instant, IpFamily};
use crate::bindings::aio::host::unix::UnixAddress;
use layout::Payload;
use submissions::Submissions;

/// Collects operations, and hands them to the host with [`Ring::enter`].
///
/// A token comes back with the completion of its operation. Of two operations that wait, the same
/// token is refused for the later one, unless it is 0.
#[derive(Debug, Default)]
pub struct Ring {
    submissions: Submissions,
}

impl Ring {
    /// Makes a ring with nothing to submit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells how many operations the next [`Ring::enter`] submits.
    pub fn len(&self) -> usize {
        self.submissions.len()
    }

    /// Tells whether there is nothing to submit.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for a connection: [`Outcome::Accepted`].
    pub fn accept(&mut self, token: u64, listener: Handle) -> Entry<'_> {
        self.push(token, Payload::accept(listener))
    }

    /// Connects: [`Outcome::Connected`].
    pub fn connect(&mut self, token: u64, address: impl Into<SocketAddr>) -> Entry<'_> {
        self.push(token, Payload::connect(address.into()))
    }

    /// Waits for up to `max` bytes: [`Outcome::Data`], which is empty at the end of the stream.
    pub fn read(&mut self, token: u64, stream: Handle, max: u32) -> Entry<'_> {
        self.push(token, Payload::read(stream, max))
    }

    /// Reads up to `max` bytes again and again, at most once a turn: [`Outcome::Data`] each time.
    /// An empty one, a failure and [`Ring::cancel`] end it.
    pub fn read_many(&mut self, token: u64, stream: Handle, max: u32) -> Entry<'_> {
        self.push(token, Payload::read_many(stream, max))
    }

    /// Writes all of `data`, of which a copy is made: [`Outcome::Written`].
    pub fn write(&mut self, token: u64, stream: Handle, data: &[u8]) -> Entry<'_> {
        let length = self.submissions.append(data);
        self.push(token, Payload::write(stream, length))
    }

    /// Shuts down a direction: [`Outcome::Done`].
    pub fn shutdown(&mut self, token: u64, stream: Handle, how: ShutdownHow) -> Entry<'_> {
        self.push(token, Payload::shutdown(stream, how))
    }

    /// Reports [`Outcome::Ready`] in every turn in which `handle` is ready.
    pub fn watch(&mut self, token: u64, handle: Handle, interest: Interest) -> Entry<'_> {
        self.push(token, Payload::watch(handle, interest))
    }

    /// Waits for `delay`: [`Outcome::Done`]. More than 2^62 ns is out of range.
    pub fn sleep(&mut self, token: u64, delay: Duration) -> Entry<'_> {
        self.push(token, Payload::sleep(nanoseconds(delay)))
    }

    /// Waits until `deadline`: [`Outcome::Done`].
    pub fn sleep_until(&mut self, token: u64, deadline: Instant) -> Entry<'_> {
        self.push(token, Payload::sleep_until(deadline))
    }

    /// Looks up `name`: [`Outcome::Addresses`].
    pub fn lookup(
        &mut self,
        token: u64,
        name: &str,
        service: &str,
        family: Option<IpFamily>,
    ) -> Entry<'_> {
        let name = self.submissions.keep(name.as_bytes());
        let service = self.submissions.keep(service.as_bytes());
        self.push(token, Payload::lookup(name, service, family))
    }

    /// Closes `handle`: [`Outcome::Done`].
    pub fn close(&mut self, token: u64, handle: Handle) -> Entry<'_> {
        self.push(token, Payload::close(handle))
    }

    /// Cancels the operation that waits under the token `target`: [`Outcome::Done`].
    pub fn cancel(&mut self, token: u64, target: u64) -> Entry<'_> {
        self.push(token, Payload::cancel(target))
    }

    /// Looks up `name` and connects to one of its addresses: [`Outcome::Connected`].
    pub fn connect_name(
        &mut self,
        token: u64,
        name: &str,
        service: &str,
        family: Option<IpFamily>,
    ) -> Entry<'_> {
        let name = self.submissions.keep(name.as_bytes());
        let service = self.submissions.keep(service.as_bytes());
        self.push(token, Payload::connect_name(name, service, family))
    }

    /// Connects to a Unix socket: [`Outcome::Connected`].
    pub fn connect_unix(&mut self, token: u64, address: &UnixAddress) -> Entry<'_> {
        let (case, name) = unix_name(address);
        let name = self.submissions.keep(name);
        self.push(token, Payload::connect_unix(case, name))
    }

    /// Waits for a datagram, of which up to `max` bytes are kept: [`Outcome::Datagram`].
    pub fn receive(&mut self, token: u64, socket: Handle, max: u32) -> Entry<'_> {
        self.push(token, Payload::receive(socket, max))
    }

    /// Waits for datagrams again and again: [`Outcome::Datagram`] each time, until a failure.
    pub fn receive_many(&mut self, token: u64, socket: Handle, max: u32) -> Entry<'_> {
        self.push(token, Payload::receive_many(socket, max))
    }

    /// Sends `data`, of which a copy is made, as one datagram to `peer`, or to the peer of a
    /// connected socket: [`Outcome::Written`].
    pub fn send(
        &mut self,
        token: u64,
        socket: Handle,
        data: &[u8],
        peer: Option<SocketAddr>,
    ) -> Entry<'_> {
        let length = self.submissions.append(data);
        self.push(token, Payload::send(socket, length, peer))
    }

    /// Upgrades a connection to TLS: [`Outcome::Done`] after the handshake. `config` is a client's
    /// or a server's; a server's takes an empty `server_name`.
    pub fn start_tls(
        &mut self,
        token: u64,
        connection: Handle,
        config: Handle,
        server_name: &str,
    ) -> Entry<'_> {
        let name = self.submissions.keep(server_name.as_bytes());
        self.push(token, Payload::start_tls(connection, config, name))
    }

    /// Moves bytes within the host, up to `max` or to the end of `source`: [`Outcome::Moved`].
    pub fn transfer(
        &mut self,
        token: u64,
        source: Handle,
        sink: Handle,
        max: Option<u64>,
    ) -> Entry<'_> {
        self.push(token, Payload::transfer(source, sink, max))
    }

    /// Looks up the names of an address and its port: [`Outcome::Names`].
    pub fn reverse(
        &mut self,
        token: u64,
        address: impl Into<SocketAddr>,
        flags: ReverseFlags,
    ) -> Entry<'_> {
        self.push(token, Payload::reverse(address.into(), flags))
    }

    /// Starts a child of `command`: [`Outcome::Spawned`].
    pub fn spawn(&mut self, token: u64, command: Handle) -> Entry<'_> {
        self.push(token, Payload::spawn(command))
    }

    /// Waits for the end of `child`: [`Outcome::Exited`].
    pub fn wait(&mut self, token: u64, child: Handle) -> Entry<'_> {
        self.push(token, Payload::wait(child))
    }

    /// Sends the signal `number`, 1 to 64, to `child`: [`Outcome::Done`].
    pub fn signal(&mut self, token: u64, child: Handle, number: u32) -> Entry<'_> {
        self.push(token, Payload::signal(child, number))
    }

    /// Waits for a signal of `subscription`: [`Outcome::Signalled`].
    pub fn next_signal(&mut self, token: u64, subscription: Handle) -> Entry<'_> {
        self.push(token, Payload::next_signal(subscription))
    }

    /// Runs `job`, an export of this component, in a worker, with a copy of `input`, at most
    /// 16 MiB: [`Outcome::Data`], or [`Outcome::JobFailed`] if it was begun and has no result.
    pub fn run_job(&mut self, token: u64, job: &str, input: &[u8]) -> Entry<'_> {
        let job = self.submissions.keep(job.as_bytes());
        let length = self.submissions.append(input);
        self.push(token, Payload::run_job(job, length))
    }

    /// Connects a socket of [`sockets`](crate::sockets), which becomes the connection:
    /// [`Outcome::Done`].
    pub fn connect_socket(
        &mut self,
        token: u64,
        socket: Handle,
        address: impl Into<SocketAddr>,
    ) -> Entry<'_> {
        self.push(token, Payload::connect_socket(socket, address.into()))
    }

    /// Connects a Unix socket of [`sockets`](crate::sockets), which becomes the connection, or one
    /// for datagrams: [`Outcome::Done`].
    pub fn connect_socket_unix(
        &mut self,
        token: u64,
        socket: Handle,
        address: &UnixAddress,
    ) -> Entry<'_> {
        let (case, name) = unix_name(address);
        let name = self.submissions.keep(name);
        self.push(token, Payload::connect_socket_unix(socket, case, name))
    }

    /// Submits what was collected, and blocks the whole guest until something completes or
    /// `timeout` has passed. After an error nothing was begun, and nothing is left to submit.
    pub fn enter(&mut self, timeout: Option<Duration>) -> Result<Batch, ErrorCode> {
        let result = call::enter(&self.submissions, timeout.map(nanoseconds));
        self.submissions.clear();
        result
    }

    /// Does the same while other tasks of the guest go on.
    pub async fn enter_async(&mut self, timeout: Option<Duration>) -> Result<Batch, ErrorCode> {
        // By value: a future that is leaked takes along what the host may still read.
        let submissions = std::mem::take(&mut self.submissions);
        let (result, submissions) = call::enter_async(submissions, timeout.map(nanoseconds)).await;
        self.submissions = submissions;
        result
    }

    fn push(&mut self, token: u64, payload: Payload) -> Entry<'_> {
        self.submissions.push(token, payload)
    }
}

/// The number of the case, and its bytes.
fn unix_name(address: &UnixAddress) -> (u64, &[u8]) {
    match address {
        UnixAddress::Unnamed => (0, &[]),
        UnixAddress::Path(path) => (1, path.as_bytes()),
        UnixAddress::Abstract(name) => (2, name),
    }
}

/// More than 584 years are as good as the largest number, which is out of range too.
fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
