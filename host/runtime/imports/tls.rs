//! `aio:host/tls`: TLS on connections and by itself. Configurations are objects of the handle
//! table, so that the ring names them as the plain imports do.

mod certificate;
mod engine;
mod options;

use std::sync::Arc;
use std::time::Duration;

use aio_loop::tls::{self, Negotiated};
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub use self::engine::Engine;

use super::Imports;
use super::convert::{error_code, tls_code};
use super::io::Io;
use super::wit::ring::StartTlsArguments;
use super::wit::tls::{
    ClientOptions, Host, HostClientConfig, HostServerConfig, HostWithStore, ServerOptions, Session,
    Timeouts, Version,
};
use super::wit::types::ErrorCode;
use crate::handles::Object;
use crate::interrupt::Interrupt;
use crate::state::{State, delay};
use crate::stream::Stream;

/// A configuration of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct ClientConfig(u64);

/// A configuration of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct ServerConfig(u64);

type Code<T> = Result<T, ErrorCode>;

/// How long a handshake and what is left of a closed connection may take, as in asyncio.
const HANDSHAKE: Duration = Duration::from_secs(60);
const SHUTDOWN: Duration = Duration::from_secs(30);

/// Which side of a connection this is, and how it behaves.
enum Role<'a> {
    /// With the name of the server.
    Client(u64, &'a str),
    Server(u64),
}

/// How long things may take.
#[derive(Clone, Copy)]
struct Spans {
    handshake: Duration,
    shutdown: Duration,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            handshake: HANDSHAKE,
            shutdown: SHUTDOWN,
        }
    }
}

impl TryFrom<Timeouts> for Spans {
    type Error = ErrorCode;

    fn try_from(timeouts: Timeouts) -> Code<Self> {
        let span = |nanoseconds: Option<u64>, default| match nanoseconds {
            None => Ok(default),
            Some(0) => Err(ErrorCode::OutOfRange),
            Some(nanoseconds) => delay(nanoseconds).ok_or(ErrorCode::OutOfRange),
        };
        Ok(Self {
            handshake: span(timeouts.handshake, HANDSHAKE)?,
            shutdown: span(timeouts.shutdown, SHUTDOWN)?,
        })
    }
}

impl Io {
    /// Makes one end of a session.
    fn engine(&self, role: &Role<'_>) -> Code<tls::Engine> {
        let made = match (role, self.config(role)) {
            (Role::Client(_, name), Some(Object::TlsClient(config))) => {
                let name = Some(*name).filter(|name| !name.is_empty());
                tls::Engine::client(config, name)
            }
            (Role::Server(_), Some(Object::TlsServer(config))) => tls::Engine::server(config),
            _ => return Err(ErrorCode::BadHandle),
        };
        made.map_err(|error| tls_code("begin TLS", &error))
    }

    fn config(&self, role: &Role<'_>) -> Option<&Object> {
        let (Role::Client(handle, _) | Role::Server(handle)) = role;
        self.handles.get(*handle).map(|entry| &entry.object)
    }

    /// Puts TLS on a connection on which nothing waits.
    fn upgrade(&mut self, connection: u64, role: &Role<'_>, spans: Spans) -> Code<Arc<Stream>> {
        let engine = self.engine(role)?;
        let stream = self.stream(connection)?;
        let entry = self.entry(connection)?;
        let waits = !entry.reads.is_empty() || !entry.writes.is_empty() || entry.watch.is_some();
        // Beside the table's and this one, each wait of a plain import and each transfer has a
        // share.
        if waits || Arc::strong_count(&stream) > 2 {
            return Err(ErrorCode::InvalidState);
        }
        let started = stream.start_tls(engine, &self.handle, spans.shutdown);
        started.map_err(|_state| ErrorCode::InvalidState)?;
        Ok(stream)
    }

    /// Begins what the ring calls `start-tls`; the future waits for the end of the handshake.
    pub(super) fn start_tls(
        &mut self,
        arguments: &StartTlsArguments,
    ) -> Code<impl Future<Output = Code<()>> + use<>> {
        let config = arguments.config;
        let role = match self.handles.get(config).map(|entry| &entry.object) {
            Some(Object::TlsServer(_)) => Role::Server(config),
            _ => Role::Client(config, &arguments.server_name),
        };
        let spans = Spans::default();
        let stream = self.upgrade(arguments.connection, &role, spans)?;
        Ok(shake(stream, spans))
    }
}

async fn shake(stream: Arc<Stream>, spans: Spans) -> Code<()> {
    let done = stream.handshake(spans.handshake).await;
    done.map_err(|error| error_code("TLS handshake", &error))
}

impl State {
    fn keep_config(&mut self, object: Object) -> Code<u64> {
        self.io().open(object)
    }

    /// What a handshake needs that has begun.
    fn begin_tls(
        &self,
        connection: u64,
        role: &Role<'_>,
        timeouts: Timeouts,
    ) -> Code<(Arc<Stream>, Spans, Interrupt)> {
        let spans = timeouts.try_into()?;
        let stream = self.io().upgrade(connection, role, spans)?;
        Ok((stream, spans, self.interrupt.clone()))
    }
}

async fn start<T>(
    store: &Accessor<T, Imports>,
    connection: u64,
    role: Role<'_>,
    timeouts: Timeouts,
) -> Code<()> {
    let begun = store.with(|mut access| access.get().begin_tls(connection, &role, timeouts));
    let (stream, spans, interrupt) = begun?;
    interrupt.or_stop(shake(stream, spans)).await?
}

impl<T> HostWithStore<T> for Imports {
    async fn start_client(
        store: &Accessor<T, Self>,
        connection: u64,
        config: u64,
        server_name: String,
        timeouts: Timeouts,
    ) -> Result<Code<()>> {
        let role = Role::Client(config, &server_name);
        Ok(start(store, connection, role, timeouts).await)
    }

    async fn start_server(
        store: &Accessor<T, Self>,
        connection: u64,
        config: u64,
        timeouts: Timeouts,
    ) -> Result<Code<()>> {
        Ok(start(store, connection, Role::Server(config), timeouts).await)
    }
}

impl Host for State {
    fn session_of(&mut self, connection: u64) -> Result<Code<Session>> {
        let stream = self.io().stream(connection);
        Ok(stream.and_then(|stream| session(stream.negotiated())))
    }
}

fn session(negotiated: Option<Negotiated>) -> Code<Session> {
    let negotiated = negotiated.ok_or(ErrorCode::InvalidState)?;
    let certificates = negotiated.certificates.into_iter();
    Ok(Session {
        version: match negotiated.version {
            tls::Version::Tls12 => Version::Tls12,
            tls::Version::Tls13 => Version::Tls13,
        },
        cipher_suite: negotiated.cipher,
        protocol: negotiated.protocol,
        server_name: negotiated.server_name,
        peer_certificates: certificates.map(certificate::read).collect(),
        resumed: negotiated.resumed,
    })
}

impl HostClientConfig for State {
    fn create(&mut self, options: ClientOptions) -> Result<Code<Resource<ClientConfig>>> {
        let made = options::client(options, &self.identities);
        let handle = match made {
            Ok(config) => self.keep_config(Object::TlsClient(config)),
            Err(refusal) => Err(self.refuse(refusal)),
        };
        Ok(match handle {
            Ok(handle) => self
                .table
                .push(ClientConfig(handle))
                .map_err(|_full| self.close_unnamed(handle)),
            Err(code) => Err(code),
        })
    }

    fn as_handle(&mut self, config: Resource<ClientConfig>) -> Result<u64> {
        Ok(self.table.get(&config)?.0)
    }

    fn drop(&mut self, config: Resource<ClientConfig>) -> Result<()> {
        let ClientConfig(handle) = self.table.delete(config)?;
        self.close_dropped(handle);
        Ok(())
    }
}

impl HostServerConfig for State {
    fn create(&mut self, options: ServerOptions) -> Result<Code<Resource<ServerConfig>>> {
        let made = options::server(options, &self.identities);
        let handle = match made {
            Ok(config) => self.keep_config(Object::TlsServer(config)),
            Err(refusal) => Err(self.refuse(refusal)),
        };
        Ok(match handle {
            Ok(handle) => self
                .table
                .push(ServerConfig(handle))
                .map_err(|_full| self.close_unnamed(handle)),
            Err(code) => Err(code),
        })
    }

    fn as_handle(&mut self, config: Resource<ServerConfig>) -> Result<u64> {
        Ok(self.table.get(&config)?.0)
    }

    fn drop(&mut self, config: Resource<ServerConfig>) -> Result<()> {
        let ServerConfig(handle) = self.table.delete(config)?;
        self.close_dropped(handle);
        Ok(())
    }
}
