//! Between the loop's types and the WIT's: addresses, and the one place where an error of the
//! operating system becomes a code.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use aio_loop::dns::LookupError;
use aio_loop::tls;
use rustix::io::Errno;

use super::wit::types::{ErrorCode, Host, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress};
use crate::interrupt::Stopped;
use crate::state::State;
use crate::stream::InvalidState;

impl Host for State {}

/// Tells the code for an error; what has none goes to the log, with the operation.
pub(crate) fn error_code(operation: &str, error: &io::Error) -> ErrorCode {
    if let Some(error) = tls::Error::of(error) {
        return tls_code(operation, error);
    }
    if error
        .get_ref()
        .is_some_and(|inner| inner.is::<InvalidState>())
    {
        return ErrorCode::InvalidState;
    }
    // The loop's own word for an object that was closed; the system's has a number.
    if error.kind() == io::ErrorKind::NotConnected && error.raw_os_error().is_none() {
        return ErrorCode::Closed;
    }
    if error.kind() == io::ErrorKind::Unsupported && error.raw_os_error().is_none() {
        return ErrorCode::NotSupported;
    }
    let code = Errno::from_io_error(error).map_or(ErrorCode::Other, errno_code);
    if code == ErrorCode::Other {
        tracing::warn!("{operation}: {error}");
    }
    code
}

fn errno_code(errno: Errno) -> ErrorCode {
    match errno {
        Errno::ADDRINUSE => ErrorCode::AddressInUse,
        Errno::ADDRNOTAVAIL | Errno::NODEV => ErrorCode::AddressNotAvailable,
        Errno::AFNOSUPPORT | Errno::OPNOTSUPP => ErrorCode::NotSupported,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => ErrorCode::AccessDenied,
        // Nobody of this kind listens: a Unix socket of another kind has the name.
        Errno::CONNREFUSED | Errno::PROTOTYPE => ErrorCode::ConnectionRefused,
        Errno::CONNRESET => ErrorCode::ConnectionReset,
        Errno::CONNABORTED => ErrorCode::ConnectionAborted,
        Errno::PIPE => ErrorCode::BrokenPipe,
        Errno::NOTCONN | Errno::DESTADDRREQ => ErrorCode::NotConnected,
        Errno::TIMEDOUT => ErrorCode::TimedOut,
        Errno::HOSTUNREACH => ErrorCode::HostUnreachable,
        Errno::NETUNREACH | Errno::NETDOWN => ErrorCode::NetworkUnreachable,
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => {
            ErrorCode::InsufficientResources
        }
        Errno::NOSPC | Errno::DQUOT => ErrorCode::InsufficientResources,
        Errno::NOENT | Errno::NOTDIR => ErrorCode::NotFound,
        Errno::LOOP => ErrorCode::PathEscapes,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::MSGSIZE => ErrorCode::DatagramTooLarge,
        Errno::INVAL => ErrorCode::InvalidArgument,
        _ => ErrorCode::Other,
    }
}

/// Tells the code for a failure of TLS; its own words go to the log where the code says less.
pub(crate) fn tls_code(operation: &str, error: &tls::Error) -> ErrorCode {
    use tls::Error;
    match error {
        Error::BadName => ErrorCode::CertificateWrongName,
        Error::Expired => ErrorCode::CertificateExpired,
        Error::NotYetValid => ErrorCode::CertificateNotYetValid,
        Error::UnknownIssuer => ErrorCode::CertificateUnknownIssuer,
        Error::Revoked => ErrorCode::CertificateRevoked,
        Error::CertificateRequired => ErrorCode::CertificateRequired,
        Error::NoCommonVersion | Error::NoCommonCipher => ErrorCode::TlsNoAgreement,
        Error::NoCommonProtocol => ErrorCode::TlsNoProtocol,
        Error::Truncated => ErrorCode::TlsTruncated,
        Error::Closed => ErrorCode::BrokenPipe,
        Error::InvalidPem | Error::UnsupportedKey | Error::KeyMismatch => ErrorCode::TlsBadIdentity,
        Error::PemTooLong => ErrorCode::OutOfRange,
        Error::InvalidName | Error::InvalidOptions => ErrorCode::InvalidArgument,
        vague => {
            tracing::warn!("{operation}: {error}");
            vague_tls_code(vague)
        }
    }
}

fn vague_tls_code(error: &tls::Error) -> ErrorCode {
    match error {
        tls::Error::BadCertificate(_) => ErrorCode::CertificateInvalid,
        tls::Error::Alert(_) => ErrorCode::TlsAlert,
        tls::Error::NotTls | tls::Error::Misbehaved(_) => ErrorCode::TlsProtocol,
        _ => ErrorCode::Other,
    }
}

/// Tells the code for a failed look-up; what has none goes to the log.
pub(crate) fn lookup_code(error: &LookupError) -> ErrorCode {
    use LookupError::{
        Busy, InvalidFlags, InvalidName, InvalidService, NameTooLong, NoAddress, NotFound,
        Temporary, TimedOut, UnknownKind, UnknownService,
    };
    match error {
        NotFound | NoAddress => ErrorCode::NameUnresolvable,
        UnknownService => ErrorCode::ServiceUnknown,
        InvalidName | InvalidService | InvalidFlags => ErrorCode::InvalidArgument,
        NameTooLong => ErrorCode::NameTooLong,
        UnknownKind => ErrorCode::NotSupported,
        Temporary => ErrorCode::ResolverAgain,
        Busy => ErrorCode::InsufficientResources,
        TimedOut => ErrorCode::TimedOut,
        _ => {
            tracing::warn!("lookup: {error}");
            ErrorCode::ResolverFailure
        }
    }
}

impl From<Stopped> for ErrorCode {
    fn from(Stopped: Stopped) -> Self {
        Self::Cancelled
    }
}

impl From<InvalidState> for ErrorCode {
    fn from(InvalidState: InvalidState) -> Self {
        Self::InvalidState
    }
}

impl From<IpSocketAddress> for SocketAddr {
    fn from(address: IpSocketAddress) -> Self {
        match address {
            IpSocketAddress::Ipv4(v4) => {
                let (a, b, c, d) = v4.address;
                SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), v4.port).into()
            }
            IpSocketAddress::Ipv6(v6) => {
                let (a, b, c, d, e, f, g, h) = v6.address;
                let ip = Ipv6Addr::new(a, b, c, d, e, f, g, h);
                SocketAddrV6::new(ip, v6.port, v6.flow_info, v6.scope_id).into()
            }
        }
    }
}

impl From<SocketAddr> for IpSocketAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => {
                let [a, b, c, d] = v4.ip().octets();
                Self::Ipv4(Ipv4SocketAddress {
                    port: v4.port(),
                    address: (a, b, c, d),
                })
            }
            SocketAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h] = v6.ip().segments();
                Self::Ipv6(Ipv6SocketAddress {
                    port: v6.port(),
                    flow_info: v6.flowinfo(),
                    address: (a, b, c, d, e, f, g, h),
                    scope_id: v6.scope_id(),
                })
            }
        }
    }
}
