//! Why an operation on a socket did not succeed, in words that both versions of WASI have; each
//! skin turns them into its own.

use std::io;

use rustix::io::Errno;
use wasmtime::component::ResourceTableError;

use crate::capability::Denial;
use crate::imports::io::Refusal;
use crate::imports::wit::types::ErrorCode;

/// What a guest is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    AccessDenied,
    NotSupported,
    InvalidArgument,
    OutOfMemory,
    Timeout,
    InvalidState,
    AddressNotBindable,
    AddressInUse,
    RemoteUnreachable,
    ConnectionRefused,
    ConnectionBroken,
    ConnectionReset,
    ConnectionAborted,
    DatagramTooLarge,
    /// The guest's quota or the process's descriptors are used up.
    SocketLimit,
    Other,
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    Code(Code),
    /// The policy does not grant it, which the embedder is to be told.
    Denied(Denial),
    /// The guest broke the contract.
    Trap(wasmtime::Error),
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::Code(code)
    }
}

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Code(Code::from(&error))
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        match error {
            ResourceTableError::Full => Self::Code(Code::SocketLimit),
            error => Self::Trap(error.into()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => Self::Denied(denial),
            Refusal::Code(ErrorCode::QuotaExceeded) => Self::Code(Code::SocketLimit),
            Refusal::Code(_) => Self::Code(Code::Other),
        }
    }
}

impl From<io::Error> for Code {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&io::Error> for Code {
    fn from(error: &io::Error) -> Self {
        let code = Errno::from_io_error(error).map_or_else(|| kind_code(error), errno_code);
        if code == Self::Other {
            tracing::warn!("wasi:sockets: {error}");
        }
        code
    }
}

fn errno_code(errno: Errno) -> Code {
    match errno {
        Errno::ACCESS | Errno::PERM => Code::AccessDenied,
        Errno::ADDRINUSE => Code::AddressInUse,
        Errno::ADDRNOTAVAIL => Code::AddressNotBindable,
        Errno::TIMEDOUT => Code::Timeout,
        Errno::PIPE => Code::ConnectionBroken,
        Errno::CONNREFUSED => Code::ConnectionRefused,
        Errno::CONNRESET => Code::ConnectionReset,
        Errno::CONNABORTED => Code::ConnectionAborted,
        Errno::INVAL => Code::InvalidArgument,
        Errno::HOSTUNREACH | Errno::HOSTDOWN | Errno::NETDOWN | Errno::NETUNREACH => {
            Code::RemoteUnreachable
        }
        Errno::ISCONN | Errno::NOTCONN | Errno::DESTADDRREQ => Code::InvalidState,
        Errno::MSGSIZE => Code::DatagramTooLarge,
        Errno::MFILE | Errno::NFILE => Code::SocketLimit,
        Errno::NOMEM | Errno::NOBUFS => Code::OutOfMemory,
        Errno::OPNOTSUPP
        | Errno::NOPROTOOPT
        | Errno::PFNOSUPPORT
        | Errno::PROTONOSUPPORT
        | Errno::PROTOTYPE
        | Errno::SOCKTNOSUPPORT
        | Errno::AFNOSUPPORT => Code::NotSupported,
        _ => Code::Other,
    }
}

fn kind_code(error: &io::Error) -> Code {
    match error.kind() {
        // The loop's own word for a source that was closed.
        io::ErrorKind::NotConnected => Code::InvalidState,
        io::ErrorKind::InvalidInput => Code::InvalidArgument,
        io::ErrorKind::Unsupported => Code::NotSupported,
        _ => Code::Other,
    }
}
