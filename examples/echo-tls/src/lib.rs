//! An echo server with TLS on the ring: that of `echo-ring`, each connection of which begins with a
//! handshake. Its private key stays in the host, which is given it as `web`.
//!
//! ```text
//! cargo xtask guests
//! aio-host run --allow-listen=127.0.0.1:7443 --tls-identity=web=cert.pem,key.pem \
//!     target/guests/wasm32-wasip2/release/echo_tls.wasm 127.0.0.1:7443
//! ```

#[path = "../../echo-ring/src/connections.rs"]
mod connections;
#[path = "../../echo-ring/src/server.rs"]
mod server;

use std::env;
use std::net::SocketAddr;

use aio_guest::tls::{ClientAuthentication, Identity, ServerConfig, ServerOptions, Version};
use aio_guest::{ListenOptions, TcpListener, socket_address};

use server::Server;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let address = env::args().nth(1).ok_or("usage: echo_tls ADDRESS:PORT")?;
    let config = config().map_err(|error| format!("configure TLS: {error}"))?;
    let listener = listen(&address).map_err(|error| format!("listen at {address}: {error}"))?;
    let mut server = Server::new(listener.as_handle(), Some(config.as_handle()));
    while !server.stopped() {
        let batch = server.ring().enter(None);
        server.react(&batch.map_err(|error| format!("enter the ring: {error}"))?);
    }
    Ok(())
}

fn config() -> Result<ServerConfig, String> {
    let options = ServerOptions {
        identities: vec![Identity::Named("web".to_owned())],
        clients: ClientAuthentication::None,
        protocols: Vec::new(),
        min_version: Version::Tls12,
        max_version: Version::Tls13,
    };
    ServerConfig::create(&options).map_err(|error| error.name().to_owned())
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
