//! The memory layout of `submission` and `completion` in the canonical ABI, written by hand: the
//! bindings would copy every operation and every completion twice more.
//!
//! Both are plain numbers here, so that nothing in this file can go wrong but the numbers. Offsets
//! are those of a 32-bit, little-endian machine.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::bindings::aio::host::dns::ReverseFlags;
use crate::bindings::aio::host::process::{Exit, ExitStatus};
use crate::bindings::aio::host::ring::{Interest, Spawned};
use crate::bindings::aio::host::signals::Event;
use crate::bindings::aio::host::streams::ShutdownHow;
use crate::bindings::aio::host::types::{Handle, Instant, IpFamily};

/// `submission`: token, quiet, and the operation's case and payload. 72 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(super) struct Submission {
    token: u64,
    quiet: u64,
    payload: Payload,
}

impl Submission {
    pub(super) fn new(token: u64, payload: Payload) -> Self {
        Self {
            token,
            quiet: 0,
            payload,
        }
    }

    pub(super) fn quiet(&mut self) {
        self.quiet = 1;
    }
}

/// `operation`: the number of its case, and up to 48 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Payload {
    case: u64,
    words: [u64; 6],
}

impl Payload {
    pub(super) fn accept(handle: Handle) -> Self {
        Self::new(0, [handle])
    }

    pub(super) fn connect(address: SocketAddr) -> Self {
        Self::new(1, lower_address(address))
    }

    pub(super) fn read(handle: Handle, max: u32) -> Self {
        Self::new(2, [handle, max.into()])
    }

    pub(super) fn read_many(handle: Handle, max: u32) -> Self {
        Self::new(3, [handle, max.into()])
    }

    pub(super) fn write(handle: Handle, length: u32) -> Self {
        Self::new(4, [handle, length.into()])
    }

    pub(super) fn shutdown(handle: Handle, how: ShutdownHow) -> Self {
        Self::new(5, [handle, how as u64])
    }

    pub(super) fn watch(handle: Handle, interest: Interest) -> Self {
        Self::new(6, [handle, interest.bits().into()])
    }

    pub(super) fn sleep(nanoseconds: u64) -> Self {
        Self::new(7, [nanoseconds])
    }

    pub(super) fn sleep_until(deadline: Instant) -> Self {
        Self::new(8, [deadline])
    }

    pub(super) fn lookup(name: Text, service: Text, family: Option<IpFamily>) -> Self {
        Self::new(9, [name.0, service.0, lower_family(family)])
    }

    pub(super) fn close(handle: Handle) -> Self {
        Self::new(10, [handle])
    }

    pub(super) fn cancel(token: u64) -> Self {
        Self::new(11, [token])
    }

    pub(super) fn connect_name(name: Text, service: Text, family: Option<IpFamily>) -> Self {
        Self::new(12, [name.0, service.0, lower_family(family)])
    }

    pub(super) fn connect_unix(case: u64, name: Text) -> Self {
        // The text follows the case after 4 bytes.
        Self::new(13, [case | name.0 << 32, name.0 >> 32])
    }

    pub(super) fn receive(handle: Handle, max: u32) -> Self {
        Self::new(14, [handle, max.into()])
    }

    pub(super) fn receive_many(handle: Handle, max: u32) -> Self {
        Self::new(15, [handle, max.into()])
    }

    pub(super) fn send(handle: Handle, length: u32, peer: Option<SocketAddr>) -> Self {
        let [a, b, c, d] = peer.map_or([0; 4], lower_address);
        let length = u64::from(length) | u64::from(peer.is_some()) << 32;
        Self::new(16, [handle, length, a, b, c, d])
    }

    pub(super) fn start_tls(connection: Handle, config: Handle, server_name: Text) -> Self {
        Self::new(17, [connection, config, server_name.0])
    }

    pub(super) fn transfer(source: Handle, sink: Handle, max: Option<u64>) -> Self {
        let has_max = u64::from(max.is_some());
        Self::new(18, [source, sink, has_max, max.unwrap_or_default()])
    }

    pub(super) fn reverse(address: SocketAddr, flags: ReverseFlags) -> Self {
        let [a, b, c, d] = lower_address(address);
        Self::new(19, [a, b, c, d, flags.bits().into()])
    }

    pub(super) fn spawn(command: Handle) -> Self {
        Self::new(20, [command])
    }

    pub(super) fn wait(child: Handle) -> Self {
        Self::new(21, [child])
    }

    pub(super) fn signal(child: Handle, number: u32) -> Self {
        Self::new(22, [child, number.into()])
    }

    pub(super) fn next_signal(subscription: Handle) -> Self {
        Self::new(23, [subscription])
    }

    pub(super) fn run_job(job: Text, length: u32) -> Self {
        Self::new(24, [job.0, length.into()])
    }

    pub(super) fn connect_socket(socket: Handle, address: SocketAddr) -> Self {
        let [a, b, c, d] = lower_address(address);
        Self::new(25, [socket, a, b, c, d])
    }

    pub(super) fn connect_socket_unix(socket: Handle, case: u64, name: Text) -> Self {
        Self::new(26, [socket, case | name.0 << 32, name.0 >> 32])
    }

    fn new<const N: usize>(case: u64, payload: [u64; N]) -> Self {
        let mut words = [0; 6];
        words[..N].copy_from_slice(&payload);
        Self { case, words }
    }
}

fn lower_family(family: Option<IpFamily>) -> u64 {
    family.map_or(0, |family| 1 | (family as u64) << 8)
}

/// A `string` or a `list<u8>`: address and length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text(u64);

impl Text {
    pub(super) fn of(text: &[u8]) -> Self {
        Self(text.as_ptr().expose_provenance() as u64 | (text.len() as u64) << 32)
    }
}

/// `completion`: token, and the outcome's case and payload. 56 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(super) struct Completion {
    pub(super) token: u64,
    case: u64,
    pub(super) words: [u64; 5],
}

impl Completion {
    /// The number of the outcome's case; what surrounds it is padding.
    pub(super) fn case(&self) -> u8 {
        low_byte(self.case)
    }

    pub(super) fn byte(&self) -> u8 {
        low_byte(self.words[0])
    }

    pub(super) fn number(&self) -> u32 {
        low(self.words[0])
    }

    /// A list in the payload, the first or the second: where it is, and how many.
    pub(super) fn list(&self, number: usize) -> (usize, usize) {
        let word = self.words[number];
        (low(word) as usize, low(word >> 32) as usize)
    }

    /// The text in the payload that follows a case: why a job has failed.
    pub(super) fn reason(&self) -> (usize, usize) {
        let [head, second, ..] = self.words;
        (low(head >> 32) as usize, low(second) as usize)
    }

    /// A child, its pipes, and the number of its process.
    pub(super) fn spawned(&self) -> Spawned {
        let [child, stdin, stdout, stderr, id] = self.words;
        Spawned {
            child,
            stdin,
            stdout,
            stderr,
            id: low(id),
        }
    }

    /// How a child has ended.
    pub(super) fn exit(&self) -> Exit {
        let [status, user_time, system_time, max_resident, _] = self.words;
        let number = low(status >> 32);
        Exit {
            status: match low_byte(status) {
                0 => ExitStatus::Code(low_byte(number.into())),
                _ => ExitStatus::Signal(number),
            },
            user_time,
            system_time,
            max_resident,
        }
    }

    /// A signal that arrived.
    pub(super) fn event(&self) -> Event {
        let [head, sender, ..] = self.words;
        Event {
            signal: low(head),
            count: low(head >> 32),
            sender: (low_byte(sender) != 0).then_some(low(sender >> 32)),
        }
    }

    /// Whether a datagram was cut.
    pub(super) fn truncated(&self) -> bool {
        low_byte(self.words[0] >> 32) != 0
    }

    /// The address beside an accepted handle, or of a datagram.
    pub(super) fn peer(&self) -> SocketAddr {
        let [_, a, b, c, d] = self.words;
        lift_address([a, b, c, d])
    }
}

/// `ip-socket-address` as an element of a list. 32 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(4))]
pub(super) struct Address([u32; 8]);

impl Address {
    pub(super) fn lift(&self) -> SocketAddr {
        let [a, b, c, d, e, f, g, h] = self.0.map(u64::from);
        lift_address([a | b << 32, c | d << 32, e | f << 32, g | h << 32])
    }
}

/// 0: case; 4: port; then 6: four bytes, or 8: flow, 12: eight groups, 28: scope.
fn lower_address(address: SocketAddr) -> [u64; 4] {
    match address {
        SocketAddr::V4(address) => {
            let [a, b, c, d] = address.ip().octets().map(u64::from);
            let port = u64::from(address.port());
            [port << 32 | a << 48 | b << 56, c | d << 8, 0, 0]
        }
        SocketAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.ip().segments().map(u64::from);
            let port = u64::from(address.port());
            let flow = u64::from(address.flowinfo());
            let scope = u64::from(address.scope_id());
            [
                1 | port << 32,
                flow | a << 32 | b << 48,
                c | d << 16 | e << 32 | f << 48,
                g | h << 16 | scope << 32,
            ]
        }
    }
}

fn lift_address([head, second, third, fourth]: [u64; 4]) -> SocketAddr {
    let port = group(head >> 32);
    if low_byte(head) == 0 {
        let address = Ipv4Addr::new(
            low_byte(head >> 48),
            low_byte(head >> 56),
            low_byte(second),
            low_byte(second >> 8),
        );
        return SocketAddr::V4(SocketAddrV4::new(address, port));
    }
    let address = Ipv6Addr::new(
        group(second >> 32),
        group(second >> 48),
        group(third),
        group(third >> 16),
        group(third >> 32),
        group(third >> 48),
        group(fourth),
        group(fourth >> 16),
    );
    SocketAddr::V6(SocketAddrV6::new(
        address,
        port,
        low(second),
        low(fourth >> 32),
    ))
}

fn low(word: u64) -> u32 {
    word as u32
}

fn group(word: u64) -> u16 {
    word as u16
}

fn low_byte(word: u64) -> u8 {
    word as u8
}
