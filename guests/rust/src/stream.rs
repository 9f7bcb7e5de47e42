//! What connections leave to their callers: defaults, and reading and writing to the end.

use crate::bindings::aio::host::streams::ByteStream;
use crate::bindings::aio::host::tcp::{ConnectOptions, ListenOptions, TcpStream};
use crate::bindings::aio::host::types::ErrorCode;

/// The most bytes that one call hands over: a connection rarely takes more at once.
pub(crate) const CHUNK_MAX: u32 = 65_536;

impl Default for ListenOptions {
    /// A backlog of 1,024, an address of its own, and the system's choice for IPv6.
    fn default() -> Self {
        Self {
            backlog: 1024,
            reuse_port: false,
            ipv6_only: None,
        }
    }
}

#[allow(
    clippy::derivable_impls,
    reason = "the bindings' types are not this crate's to derive for"
)]
impl Default for ConnectOptions {
    /// An address of the system's choice, and 250 ms from one attempt to the next.
    fn default() -> Self {
        Self {
            local: None,
            attempt_delay: None,
        }
    }
}

/// A connection of any kind, as far as reading and writing go.
pub trait Connection {
    /// Waits for up to `max` bytes: the import `read`.
    fn read_some(&self, max: u32) -> impl Future<Output = Result<Vec<u8>, ErrorCode>>;

    /// Writes as much of `data` as the connection takes: the import `write`.
    fn write_some(&self, data: Vec<u8>) -> impl Future<Output = Result<u32, ErrorCode>>;
}

impl Connection for TcpStream {
    fn read_some(&self, max: u32) -> impl Future<Output = Result<Vec<u8>, ErrorCode>> {
        self.read(max)
    }

    fn write_some(&self, data: Vec<u8>) -> impl Future<Output = Result<u32, ErrorCode>> {
        self.write(data)
    }
}

impl Connection for ByteStream {
    fn read_some(&self, max: u32) -> impl Future<Output = Result<Vec<u8>, ErrorCode>> {
        self.read(max)
    }

    fn write_some(&self, data: Vec<u8>) -> impl Future<Output = Result<u32, ErrorCode>> {
        self.write(data)
    }
}

/// Writes all of `data`, however many calls that takes. After an error, or when the future is
/// dropped, some of it may have been written.
pub async fn write_all(stream: &impl Connection, mut data: &[u8]) -> Result<(), ErrorCode> {
    while !data.is_empty() {
        // The import takes its bytes by value: what it leaves would otherwise be lost.
        let chunk = data[..data.len().min(CHUNK_MAX as usize)].to_vec();
        let written = usize::try_from(stream.write_some(chunk).await?).unwrap_or(usize::MAX);
        data = data.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Reads to the end of the stream.
pub async fn read_to_end(stream: &impl Connection) -> Result<Vec<u8>, ErrorCode> {
    let mut all = Vec::new();
    loop {
        let data = stream.read_some(CHUNK_MAX).await?;
        if data.is_empty() {
            return Ok(all);
        }
        all.extend(data);
    }
}
