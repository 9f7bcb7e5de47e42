//! An echo server on plain async imports: one task a connection, each call awaited by itself.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-listen=127.0.0.1:7000 \
//!     target/guests/wasm32-wasip2/release/echo_async.wasm 127.0.0.1:7000
//! ```

use std::env;
use std::net::SocketAddr;

use aio_guest::{
    ErrorCode, ListenOptions, TcpListener, TcpStream, socket_address, spawn, timers, write_all,
};

aio_guest::main!(run);

/// The most bytes that are read at once, and so what a connection can hold of this program.
const READ_MAX: u32 = 65_536;

/// How long a listener rests that found no room for another connection.
const PAUSE_NS: u64 = 50_000_000;

async fn run() -> Result<(), String> {
    let address = env::args().nth(1).ok_or("usage: echo_async ADDRESS:PORT")?;
    let listener = listen(&address).map_err(|error| format!("listen at {address}: {error}"))?;
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(echo(stream)),
            // The host asks to stop. Tasks that wait are told the same, and end by themselves.
            Err(ErrorCode::Cancelled) => return Ok(()),
            Err(error) => rest(error).await?,
        }
    }
}

fn listen(address: &str) -> Result<TcpListener, String> {
    let listener = TcpListener::listen(socket_address(address)?, ListenOptions::default())
        .map_err(|error| error.name().to_owned())?;
    let bound = listener
        .local_address()
        .map_err(|error| error.name().to_owned())?;
    println!("listening on {}", SocketAddr::from(bound));
    Ok(listener)
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
async fn echo(stream: TcpStream) {
    while let Ok(data) = stream.read(READ_MAX).await
        && !data.is_empty()
        && write_all(&stream, &data).await.is_ok()
    {}
}
