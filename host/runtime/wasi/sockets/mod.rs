//! `wasi:sockets` of 0.2 and 0.3 on the sockets of our loop, under the guest's policy and quotas.
//! What a socket is and may do is told once, in `tcp.rs`, `udp.rs` and `lookup.rs`; `p2` and `p3`
//! are the two skins. The traits are those of wasmtime-wasi, whose tokio reactor is never reached.

mod address;
mod code;
mod lookup;
mod options;
mod p2;
mod p3;
mod tcp;
mod udp;

use wasmtime::component::{HasData, Linker, Resource};

use self::code::{Code, Failure};
use crate::state::State;

/// Selects the data that the interfaces work on: all of it.
struct Sockets;

impl HasData for Sockets {
    type Data<'a> = &'a mut State;
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::add_to_linker(linker)?;
    p3::add_to_linker(linker)
}

/// The bindings name types of wasmtime-wasi; what the table keeps under the same number is ours.
fn ours<Theirs: 'static, Ours: 'static>(theirs: &Resource<Theirs>) -> Resource<Ours> {
    if theirs.owned() {
        Resource::new_own(theirs.rep())
    } else {
        Resource::new_borrow(theirs.rep())
    }
}

/// The name that the bindings have for what the table keeps under this number.
fn theirs<Ours: 'static, Theirs: 'static>(ours: &Resource<Ours>) -> Resource<Theirs> {
    Resource::new_own(ours.rep())
}
