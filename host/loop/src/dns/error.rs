//! Why the resolver has no answer. The codes of the OS are read here and nowhere else.

use std::error::Error;
use std::fmt;
use std::io;

use dns_lookup::LookupErrorKind;

use super::os;
use crate::QueueFull;

/// Why there are no addresses, or no names.
#[derive(Debug)]
#[non_exhaustive]
pub enum LookupError {
    /// The name is empty or contains a NUL, or there is neither a name nor a service.
    InvalidName,
    /// The name is longer than 253 bytes.
    NameTooLong,
    /// The service is a number above 65535, longer than 64 bytes, or contains a NUL.
    InvalidService,
    /// The flags contradict each other or the question.
    InvalidFlags,
    /// No such service is known for this kind of socket.
    UnknownService,
    /// No protocol is known for this kind of socket.
    UnknownKind,
    /// The name, or for a reverse lookup that demands one the name of the address, does not exist.
    NotFound,
    /// The name exists and has no address, or none of the family asked for.
    NoAddress,
    /// The resolver could not tell this time: no server answered, or one was at a loss.
    Temporary,
    /// The time for it was over.
    TimedOut,
    /// Too many lookups wait for a helper thread.
    Busy,
    /// The resolver failed.
    Other(io::Error),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidName => "not a valid name",
            Self::NameTooLong => "the name is too long",
            Self::InvalidService => "not a valid service",
            Self::InvalidFlags => "flags that do not go together",
            Self::UnknownService => "no such service for this kind of socket",
            Self::UnknownKind => "no such kind of socket for this protocol",
            Self::NotFound => "no such name",
            Self::NoAddress => "no address of this family for the name",
            Self::Temporary => "temporary failure of the resolver",
            Self::TimedOut => "the resolver took too long",
            Self::Busy => "too many lookups under way",
            Self::Other(error) => return error.fmt(f),
        })
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Other(error) => error.source(),
            _ => None,
        }
    }
}

impl From<QueueFull> for LookupError {
    fn from(QueueFull: QueueFull) -> Self {
        Self::Busy
    }
}

impl From<dns_lookup::LookupError> for LookupError {
    fn from(error: dns_lookup::LookupError) -> Self {
        if error.error_num() == os::NO_SUCH_FAMILY {
            return Self::NoAddress;
        }
        match error.kind() {
            LookupErrorKind::NoName => Self::NotFound,
            // An address family that the host does not have is one, too.
            LookupErrorKind::NoData | LookupErrorKind::Family => Self::NoAddress,
            LookupErrorKind::Service => Self::UnknownService,
            LookupErrorKind::Socktype => Self::UnknownKind,
            LookupErrorKind::Badflags => Self::InvalidFlags,
            LookupErrorKind::Again => Self::Temporary,
            _ => Self::Other(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_codes_of_the_system_are_told_apart() {
        let told = |code| LookupError::from(dns_lookup::LookupError::new(code));
        assert!(matches!(told(libc::EAI_NONAME), LookupError::NotFound));
        for code in [libc::EAI_NODATA, libc::EAI_FAMILY, os::NO_SUCH_FAMILY] {
            assert!(matches!(told(code), LookupError::NoAddress), "{code}");
        }
        assert!(matches!(told(libc::EAI_AGAIN), LookupError::Temporary));
        let bad = told(libc::EAI_BADFLAGS);
        assert!(matches!(bad, LookupError::InvalidFlags));
        let unknown = told(libc::EAI_SERVICE);
        assert!(matches!(unknown, LookupError::UnknownService));
        let unknown = told(libc::EAI_SOCKTYPE);
        assert!(matches!(unknown, LookupError::UnknownKind));
        assert!(matches!(told(libc::EAI_FAIL), LookupError::Other(_)));
    }
}
