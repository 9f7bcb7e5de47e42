//! An echo server for datagrams on the ring: those that came together are taken in and sent back
//! together, by one crossing and two system calls a turn.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-listen=127.0.0.1:7000 \
//!     target/guests/wasm32-wasip2/release/udp_ping_pong.wasm 127.0.0.1:7000
//! ```

use std::env;
use std::net::SocketAddr;

use aio_guest::ring::{Batch, Outcome};
use aio_guest::{BindOptions, ErrorCode, Handle, Ring, UdpSocket, socket_address};

/// The most bytes of a datagram that come back. Up to this size 64 of them come at once.
const DATAGRAM_MAX: u32 = 16_384;

const RECEIVE: u64 = 1;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let address = env::args()
        .nth(1)
        .ok_or("usage: udp_ping_pong ADDRESS:PORT")?;
    let socket = bind(&address).map_err(|error| format!("bind to {address}: {error}"))?;
    let handle = socket.as_handle();
    let mut ring = Ring::new();
    ring.receive_many(RECEIVE, handle, DATAGRAM_MAX);
    loop {
        let batch = ring.enter(None);
        let batch = batch.map_err(|error| format!("enter the ring: {error}"))?;
        if batch.stop() {
            return Ok(());
        }
        echo(&mut ring, handle, &batch)?;
    }
}

fn echo(ring: &mut Ring, socket: Handle, batch: &Batch) -> Result<(), String> {
    for completion in batch {
        match completion.outcome {
            // Quiet: who hears nothing asks again, as with every datagram that is lost.
            Outcome::Datagram { data, peer, .. } => ring.send(0, socket, data, Some(peer)).quiet(),
            Outcome::Failed(code) if completion.token == RECEIVE => {
                return Err(format!("receive: {}", code.name()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn bind(address: &str) -> Result<UdpSocket, String> {
    let options = BindOptions::default();
    let socket = UdpSocket::bind(socket_address(address)?, options).map_err(name)?;
    let bound = socket.local_address().map_err(name)?;
    println!("listening on {}", SocketAddr::from(bound));
    Ok(socket)
}

fn name(code: ErrorCode) -> String {
    code.name().to_owned()
}
