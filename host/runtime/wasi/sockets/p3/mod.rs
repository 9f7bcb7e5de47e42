//! The skin of WASI 0.3: calls that wait, and streams of bytes and of sockets that wasmtime pipes
//! between the guest's memory and the OS.

mod accept;
mod bytes;
mod lookup;
mod tcp;
mod udp;

use aio_loop::dns::Family;
use wasmtime::component::Linker;
use wasmtime_wasi::p3::bindings::sockets as wit;
use wasmtime_wasi::p3::sockets::{SocketError, SocketResult};
use wit::types::{ErrorCode, Host, IpAddressFamily};

use super::{Code, Failure, Sockets};
use crate::state::State;

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    link_all!(
        linker,
        Sockets,
        |state| state,
        wit::types,
        wit::ip_name_lookup
    );
    Ok(())
}

impl Host for State {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl State {
    /// Tells the guest in the words of 0.3, and the embedder of a denial.
    fn p3<T>(&self, result: Result<T, Failure>) -> SocketResult<T> {
        result.map_err(|failure| match failure {
            Failure::Code(code) => code.into(),
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
            Code::ConnectionBroken => Self::ConnectionBroken,
            Code::ConnectionReset => Self::ConnectionReset,
            Code::ConnectionAborted => Self::ConnectionAborted,
            Code::DatagramTooLarge => Self::DatagramTooLarge,
            Code::SocketLimit => Self::Other(Some("too many sockets".to_owned())),
            Code::Other => Self::Other(None),
        }
    }
}

impl From<Code> for SocketError {
    fn from(code: Code) -> Self {
        ErrorCode::from(code).into()
    }
}

fn trap(error: impl Into<wasmtime::Error>) -> SocketError {
    SocketError::trap(error)
}

fn family(family: IpAddressFamily) -> Family {
    match family {
        IpAddressFamily::Ipv4 => Family::V4,
        IpAddressFamily::Ipv6 => Family::V6,
    }
}

fn family_of(family: Family) -> IpAddressFamily {
    match family {
        Family::V4 => IpAddressFamily::Ipv4,
        Family::V6 => IpAddressFamily::Ipv6,
    }
}
