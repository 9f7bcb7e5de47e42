//! An echo server at a Unix socket: a path in a granted directory, or `@NAME` for an abstract name.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --dir /tmp/echo::/run target/guests/wasm32-wasip2/release/unix_echo.wasm \
//!     /run/echo.sock
//! ```

use std::env;

use aio_guest::unix::{UnixAddress, UnixListener};
use aio_guest::{ByteStream, ErrorCode, spawn, timers, write_all};

aio_guest::main!(run);

/// The most bytes that are read at once, and so what a connection can hold of this program.
const READ_MAX: u32 = 65_536;

/// How long a listener rests that found no room for another connection.
const PAUSE_NS: u64 = 50_000_000;

async fn run() -> Result<(), String> {
    let address = env::args().nth(1).ok_or("usage: unix_echo PATH|@NAME")?;
    let listener = UnixListener::listen(&parse(&address), 1024)
        .map_err(|error| format!("listen at {address}: {}", error.name()))?;
    println!("listening on {address}");
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(echo(stream)),
            // The host asks to stop. Tasks that wait are told the same, and end by themselves.
            Err(ErrorCode::Cancelled) => return Ok(()),
            Err(error) => rest(error).await?,
        }
    }
}

fn parse(address: &str) -> UnixAddress {
    match address.strip_prefix('@') {
        Some(name) => UnixAddress::Abstract(name.as_bytes().to_vec()),
        None => UnixAddress::Path(address.to_owned()),
    }
}

/// Too many connections are no reason to end: some will close.
async fn rest(error: ErrorCode) -> Result<(), String> {
    eprintln!("accept: {}", error.name());
    match timers::sleep(PAUSE_NS).await {
        Ok(()) | Err(ErrorCode::Cancelled) => Ok(()),
        Err(error) => Err(format!("sleep: {error}")),
    }
}

/// Sends back what comes in, until the peer is done or gone. The next read waits for the write: a
/// peer that does not read is not read from either.
async fn echo(stream: ByteStream) {
    while let Ok(data) = stream.read(READ_MAX).await
        && !data.is_empty()
        && write_all(&stream, &data).await.is_ok()
    {}
}
