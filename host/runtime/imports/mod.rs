//! The interfaces of `aio:host`, one file per WIT file. An import borrows the store to start and to
//! finish, never to wait: its future owns what it needs, so that dropping it cancels it.

pub(crate) mod convert;
mod dns;
pub(crate) mod io;
mod ring;
mod tcp;
mod tcp_bytes;
mod timers;

use wasmtime::component::{HasData, Linker};

use crate::state::State;

mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "aio:host/imports",
        imports: {
            "aio:host/tcp.[method]tcp-stream.receive": store | trappable,
            default: trappable,
        },
        with: {
            "aio:host/tcp.tcp-listener": super::tcp::Listener,
            "aio:host/tcp.tcp-stream": super::tcp::Stream,
            "aio:host/timers.interval": super::timers::Ticks,
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
    wit::tcp::add_to_linker::<_, Imports>(linker, |state| state)?;
    wit::dns::add_to_linker::<_, Imports>(linker, |state| state)?;
    ring::add_to_linker(linker)
}
