//! What the test guests share: checks that end a guest with a text, and connections to itself.
//! Each guest is one file of `examples/`, named after the interface and the case.

pub mod chain;
pub mod jobs;
pub mod python;
pub mod secure;

use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use aio_guest::bindings::aio::host::process::ExitStatus;
use aio_guest::bindings::aio::host::ring::{ReadResult, WriteResult, try_read, try_write};
use aio_guest::bindings::aio::host::workers::JobError;
use aio_guest::ring::{Batch, Completion, Outcome, Spawned};
use aio_guest::signal::{Signal, signals};
use aio_guest::{
    BindOptions, Connection, ErrorCode, Handle, IpSocketAddress, ListenOptions, Ring, TcpListener,
    TcpStream, UdpSocket, socket_address,
};

/// The longest wait that is allowed, in nanoseconds: 2^62.
pub const DELAY_MAX: u64 = 1 << 62;

/// A millisecond in nanoseconds.
pub const MILLISECOND: u64 = 1_000_000;

/// Ends the guest unless `condition` holds.
pub fn check(condition: bool, what: impl Display) -> Result<(), String> {
    condition
        .then_some(())
        .ok_or_else(|| format!("not so: {what}"))
}

/// Ends the guest unless both are equal.
pub fn equal<T: PartialEq + std::fmt::Debug>(
    found: T,
    expected: T,
    what: &str,
) -> Result<(), String> {
    check(
        found == expected,
        format_args!("{what}: {found:?}, expected {expected:?}"),
    )
}

/// Ends the guest unless the call succeeded.
pub fn succeeds<T>(result: Result<T, ErrorCode>, what: &str) -> Result<T, String> {
    result.map_err(|code| format!("{what}: {}", code.name()))
}

/// Ends the guest unless the call failed with `expected`.
pub fn fails<T>(
    result: Result<T, ErrorCode>,
    expected: ErrorCode,
    what: &str,
) -> Result<(), String> {
    match result {
        Ok(_) => Err(format!("{what}: succeeded, expected {}", expected.name())),
        Err(code) => equal(code.name(), expected.name(), what),
    }
}

/// The word `number` of the command line; the guest's own name is number 0.
pub fn argument(number: usize) -> Result<String, String> {
    std::env::args()
        .nth(number)
        .ok_or_else(|| format!("argument {number} is missing"))
}

/// The address that the first argument names.
pub fn peer() -> Result<IpSocketAddress, String> {
    socket_address(&argument(1)?)
}

/// Port 0 of the loopback.
pub fn loopback() -> IpSocketAddress {
    SocketAddr::from(([127, 0, 0, 1], 0)).into()
}

/// Listens at a port of the loopback that the system chooses.
pub fn listen() -> Result<(TcpListener, IpSocketAddress), String> {
    let listener = succeeds(
        TcpListener::listen(loopback(), ListenOptions::default()),
        "listen",
    )?;
    let address = succeeds(listener.local_address(), "local address")?;
    Ok((listener, address))
}

/// Binds a socket for datagrams to a port of the loopback that the system chooses.
pub fn bind() -> Result<(UdpSocket, IpSocketAddress), String> {
    let socket = succeeds(UdpSocket::bind(loopback(), BindOptions::default()), "bind")?;
    let address = succeeds(socket.local_address(), "local address")?;
    Ok((socket, address))
}

/// Listens for the signals that the arguments from the second on name, and tells the test so.
pub fn listen_for_signals() -> Result<(Signal, Vec<u32>), String> {
    let numbers = std::env::args().skip(2).map(|number| number.parse());
    let set: Vec<u32> = numbers.collect::<Result<_, _>>().map_err(|_| "numbers")?;
    let subscription = succeeds(signals(&set), "subscribe")?;
    println!("listening");
    Ok((subscription, set))
}

/// Tells the test where a listener is.
pub fn announce(address: IpSocketAddress) {
    println!("listening on {}", SocketAddr::from(address));
}

/// Connects this guest to itself: the side that connected, and the side that accepted.
pub async fn pair() -> Result<(TcpStream, TcpStream), String> {
    let (listener, address) = listen()?;
    let near = succeeds(TcpStream::connect(address).await, "connect")?;
    let (far, _) = succeeds(listener.accept().await, "accept")?;
    Ok((near, far))
}

/// Reads until `length` bytes are there.
pub async fn read_exactly(stream: &impl Connection, length: usize) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    while all.len() < length {
        let max = u32::try_from(length - all.len()).unwrap_or(u32::MAX);
        let data = succeeds(stream.read_some(max).await, "read")?;
        check(!data.is_empty(), format_args!("{length} bytes come in"))?;
        all.extend(data);
    }
    Ok(all)
}

/// Begins `future` without waiting for it.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Ends the guest unless the call waits; then it is cancelled.
pub fn waits_and_is_cancelled<T>(
    future: impl Future<Output = Result<T, ErrorCode>>,
    what: &str,
) -> Result<(), String> {
    match poll_once(Box::pin(future).as_mut()) {
        Poll::Pending => Ok(()),
        Poll::Ready(Ok(_)) => Err(format!("{what} was done at once")),
        Poll::Ready(Err(code)) => Err(format!("{what}: {}", code.name())),
    }
}

/// Submits what was collected, and does not wait.
pub fn look(ring: &mut Ring) -> Result<Batch, String> {
    succeeds(ring.enter(Some(std::time::Duration::ZERO)), "enter")
}

/// Enters until `count` completions have come, and tells them in order.
pub fn collect(ring: &mut Ring, count: usize) -> Result<Vec<(u64, Told)>, String> {
    let mut all = Vec::new();
    while all.len() < count {
        let batch = succeeds(ring.enter(None), "enter")?;
        all.extend(batch.iter().map(Told::from_completion));
    }
    Ok(all)
}

/// Enters for the one completion that is to come.
pub fn collect_one(ring: &mut Ring) -> Result<Told, String> {
    let mut all = collect(ring, 1)?;
    equal(all.len(), 1, "completions")?;
    all.pop().map(|(_, told)| told).ok_or_else(String::new)
}

/// Writes to `from`, without a wait, what `to` reads, which has nothing to read before.
pub fn carries(from: Handle, to: Handle) -> Result<(), String> {
    equal(try_read(to, 10), ReadResult::WouldBlock, "nothing is there")?;
    equal(try_write(from, b"abc"), WriteResult::Written(3), "write")?;
    let mut ring = Ring::new();
    ring.read(1, to, 10);
    let read = Told::Data(b"abc".to_vec());
    equal(collect_one(&mut ring)?, read, "the other end reads it")
}

/// An outcome that outlives its batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// Nothing to tell.
    Done,
    /// The bytes.
    Data(Vec<u8>),
    /// How many bytes.
    Written(u32),
    /// A handle, of either kind.
    Open(Handle),
    /// Readable, writable.
    Ready(bool, bool),
    /// The addresses.
    Addresses(Vec<SocketAddr>),
    /// The code.
    Failed(ErrorCode),
    /// The bytes, whether there were more, and who sent them.
    Datagram(Vec<u8>, bool, SocketAddr),
    /// How many bytes.
    Moved(u64),
    /// A host and a service.
    Names(String, String),
    /// A child and its pipes.
    Spawned(Spawned),
    /// How a child has ended.
    Exited(ExitStatus),
    /// Which signal, and how many of it.
    Signalled(u32, u32),
    /// Why there is no result.
    JobFailed(JobError),
}

impl Told {
    /// Keeps what a completion tells.
    pub fn from_completion(completion: Completion<'_>) -> (u64, Self) {
        use aio_guest::bindings::aio::host::ring::Interest;
        let told = match completion.outcome {
            Outcome::Done => Self::Done,
            Outcome::Data(data) => Self::Data(data.to_vec()),
            Outcome::Written(count) => Self::Written(count),
            Outcome::Accepted(handle, _) | Outcome::Connected(handle) => Self::Open(handle),
            Outcome::Ready(interest) => Self::Ready(
                interest.contains(Interest::READABLE),
                interest.contains(Interest::WRITABLE),
            ),
            Outcome::Addresses(addresses) => Self::Addresses(addresses),
            Outcome::Failed(code) => Self::Failed(code),
            Outcome::AcceptedUnix(handle) => Self::Open(handle),
            Outcome::Datagram {
                data,
                truncated,
                peer,
            } => Self::Datagram(data.to_vec(), truncated, peer),
            Outcome::Moved(count) => Self::Moved(count),
            Outcome::Names(host, service) => Self::Names(host, service),
            Outcome::Spawned(spawned) => Self::Spawned(spawned),
            Outcome::Exited(exit) => Self::Exited(exit.status),
            Outcome::Signalled(event) => Self::Signalled(event.signal, event.count),
            Outcome::JobFailed(error) => Self::JobFailed(error),
        };
        (completion.token, told)
    }

    /// The handle of a connection that was made or accepted.
    pub fn handle(&self) -> Result<Handle, String> {
        match self {
            Self::Open(handle) => Ok(*handle),
            other => Err(format!("a handle was expected, not {other:?}")),
        }
    }
}
