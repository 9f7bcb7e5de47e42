//! An echo server on `wstd`, an async library for WASI 0.2: it knows nothing of aio-host.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-listen=127.0.0.1:7000 \
//!     target/guests/wasm32-wasip2/release/echo-wstd.wasm 127.0.0.1:7000
//! ```

#![allow(missing_docs, reason = "the macro makes a public function of main")]

use wstd::io;
use wstd::iter::AsyncIterator;
use wstd::net::{TcpListener, TcpStream};

#[wstd::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut incoming = listener.incoming();
    while let Some(stream) = incoming.next().await {
        match stream {
            Ok(stream) => wstd::runtime::spawn(echo(stream)).detach(),
            // The next attempt may find what this one lacked.
            Err(error) => eprintln!("accept: {error}"),
        }
    }
    Ok(())
}

async fn echo(stream: TcpStream) {
    // A peer that goes away ends its connection and nothing else.
    drop(io::copy(&stream, &stream).await);
}
