//! An echo server on the ring: one crossing a turn for all connections together, no task, no
//! allocation an operation. With `async` as second argument the wait lets other tasks go on.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-listen=127.0.0.1:7000 \
//!     target/guests/wasm32-wasip2/release/echo_ring.wasm 127.0.0.1:7000 [async]
//! ```

mod connections;
mod server;

use std::env;
use std::net::SocketAddr;

use aio_guest::{ListenOptions, TcpListener, socket_address};

use server::Server;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let address = env::args()
        .nth(1)
        .ok_or("usage: echo_ring ADDRESS:PORT [async]")?;
    let lets_others_go_on = env::args().nth(2).is_some_and(|how| how == "async");
    let listener = listen(&address).map_err(|error| format!("listen at {address}: {error}"))?;
    let mut server = Server::new(listener.as_handle(), None);
    while !server.stopped() {
        let batch = if lets_others_go_on {
            server.ring().enter_async(None).await
        } else {
            server.ring().enter(None)
        };
        server.react(&batch.map_err(|error| format!("enter the ring: {error}"))?);
    }
    Ok(())
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
