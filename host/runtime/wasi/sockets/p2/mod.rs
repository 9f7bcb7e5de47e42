//! The skin of WASI 0.2: operations that are started and finished, pollables, and streams of
//! `wasi:io`. What it adds to the sockets are the operation that is under way and the codes.

mod lookup;
mod network;
mod streams;
mod tcp;
mod udp;

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::sockets as wit;
use wasmtime_wasi::p2::{SocketError, SocketResult};
use wit::network::ErrorCode;

use super::{Code, Failure, Sockets};
use crate::state::State;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = wit::network::LinkOptions::default();
    wit::network::add_to_linker::<State, Sockets>(linker, &options, |state| state)?;
    link_all!(
        linker,
        Sockets,
        |state| state,
        wit::instance_network,
        wit::tcp,
        wit::tcp_create_socket,
        wit::udp,
        wit::udp_create_socket,
        wit::ip_name_lookup,
    );
    Ok(())
}

impl State {
    /// Tells the guest in the words of 0.2, and the embedder of a denial.
    fn p2<T>(&self, result: Result<T, Failure>) -> SocketResult<T> {
        result.map_err(|failure| match failure {
            Failure::Code(code) => ErrorCode::from(code).into(),
            Failure::Trap(trap) => SocketError::trap(trap),
            Failure::Denied(denial) => {
                self.deny(&denial);
                ErrorCode::AccessDenied.into()
            }
        })
    }
}

impl From<Code> for ErrorCode {
    fn from(code: Code) -> Self {
        match code {
            Code::AccessDenied => Self::AccessDenied,
            Code::NotSupported => Self::NotSupported,
            Code::InvalidArgument => Self::InvalidArgument,
            Code::OutOfMemory => Self::OutOfMemory,
            Code::Timeout => Self::Timeout,
            Code::InvalidState => Self::InvalidState,
            Code::AddressNotBindable => Self::AddressNotBindable,
            Code::AddressInUse => Self::AddressInUse,
            Code::RemoteUnreachable => Self::RemoteUnreachable,
            Code::ConnectionRefused => Self::ConnectionRefused,
            Code::ConnectionReset => Self::ConnectionReset,
            Code::ConnectionAborted => Self::ConnectionAborted,
            Code::DatagramTooLarge => Self::DatagramTooLarge,
            Code::SocketLimit => Self::NewSocketLimit,
            Code::ConnectionBroken | Code::Other => Self::Unknown,
        }
    }
}

/// For `?` in what is 0.2's own.
impl From<Code> for SocketError {
    fn from(code: Code) -> Self {
        ErrorCode::from(code).into()
    }
}

/// What the guest must not do.
fn trap(error: wasmtime::Error) -> SocketError {
    SocketError::trap(error)
}
