//! What the benchmark loads by TLS: echo on the ring, with a key that stays in the host.

use aio_guest::ring::{Completion, Outcome, Ring};
use aio_guest::{Handle, ListenOptions, TcpListener, socket_address, tls};
use test_guests::{announce, argument, succeeds};

aio_guest::main!(run);

const REQUEST_MAX: u32 = 16_384;

const ACCEPT: u64 = 0;
/// Added to the handle that a token is about.
const CONNECTION: u64 = 1 << 63;

async fn run() -> Result<(), String> {
    let address = socket_address(&argument(1)?)?;
    let config = tls::ServerConfig::create(&options(argument(2)?));
    let config = succeeds(config, "configure TLS")?;
    let listener = TcpListener::listen(address, ListenOptions::default());
    let listener = succeeds(listener, "listen")?;
    announce(succeeds(listener.local_address(), "local address")?);
    let mut server = Server {
        ring: Ring::new(),
        listener: listener.as_handle(),
        config: config.as_handle(),
    };
    server.ring.accept(ACCEPT, server.listener);
    loop {
        let batch = succeeds(server.ring.enter(None), "enter")?;
        for completion in &batch {
            server.react(&completion);
        }
        if batch.stop() {
            return Ok(());
        }
    }
}

fn options(identity: String) -> tls::ServerOptions {
    tls::ServerOptions {
        identities: vec![tls::Identity::Named(identity)],
        clients: tls::ClientAuthentication::None,
        protocols: Vec::new(),
        min_version: tls::Version::Tls12,
        max_version: tls::Version::Tls13,
    }
}

struct Server {
    ring: Ring,
    listener: Handle,
    config: Handle,
}

impl Server {
    fn react(&mut self, completion: &Completion<'_>) {
        match (completion.token, &completion.outcome) {
            (ACCEPT, Outcome::Accepted(handle, _)) => {
                self.ring
                    .start_tls(CONNECTION + handle, *handle, self.config, "");
                self.ring.accept(ACCEPT, self.listener);
            }
            (token, outcome) if token >= CONNECTION => self.go_on(token - CONNECTION, outcome),
            _ => (),
        }
    }

    fn go_on(&mut self, handle: Handle, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Done => {
                self.ring
                    .read_many(CONNECTION + handle, handle, REQUEST_MAX);
            }
            // Its peers have one request under way, which fits what a socket holds.
            Outcome::Data(data) if !data.is_empty() => self.ring.write(0, handle, data).quiet(),
            _ => self.ring.close(0, handle).quiet(),
        }
    }
}
