//! The interfaces of `aio:host`, one file per WIT file. An import borrows the store to start and to
//! finish, never to wait: its future owns what it needs, so that dropping it cancels it.

mod assets;
mod byte_streams;
mod closing;
pub(crate) mod convert;
pub(crate) mod dns;
pub(crate) mod io;
#[cfg_attr(not(unix), path = "no_process.rs")]
mod process;
mod ring;
#[cfg_attr(not(unix), path = "no_signals.rs")]
mod signals;
mod sockets;
mod stdio;
mod streams;
mod tcp;
mod timers;
mod tls;
mod transfer;
mod udp;
#[cfg_attr(not(unix), path = "no_unix.rs")]
mod unix;
mod workers;

use wasmtime::component::{HasData, Linker};

use crate::state::State;

mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "aio:host/imports",
        imports: {
            "aio:host/streams.[method]byte-stream.receive": store | trappable,
            "aio:host/tcp.[method]tcp-stream.receive": store | trappable,
            default: trappable,
        },
        with: {
            "aio:host/process.child": super::process::Child,
            "aio:host/process.command": super::process::Command,
            "aio:host/signals.subscription": super::signals::Subscription,
            "aio:host/streams.byte-stream": super::streams::ByteStream,
            "aio:host/tcp.tcp-listener": super::tcp::Listener,
            "aio:host/tcp.tcp-stream": super::tcp::Connection,
            "aio:host/timers.interval": super::timers::Ticks,
            "aio:host/tls.client-config": super::tls::ClientConfig,
            "aio:host/tls.engine": super::tls::Engine,
            "aio:host/tls.server-config": super::tls::ServerConfig,
            "aio:host/udp.udp-socket": super::udp::Socket,
            "aio:host/unix.datagram-socket": super::unix::Datagrams,
            "aio:host/unix.unix-listener": super::unix::Listener,
        },
    });
}
pub(crate) use generated::aio::host as wit;

/// Selects the data that the interfaces work on: all of it.
pub(crate) struct Imports;

impl HasData for Imports {
    type Data<'a> = &'a mut State;
}

/// Links every interface of `aio:host`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wit::types::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::timers::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::streams::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::tcp::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::udp::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::unix::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::sockets::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::tls::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::dns::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::process::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::signals::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::stdio::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::workers::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::assets::add_to_linker::<_, Imports>(linker, |state| state)?;
    ring::add_to_linker(linker)
}
