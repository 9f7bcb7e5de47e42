//! Names to addresses for both skins, by the same checks, quota and pins as `aio:host/dns`.

use std::net::{IpAddr, SocketAddr};

use aio_loop::dns::LookupError;

use super::code::Failure;
use crate::imports::io::Io;

/// What a look-up comes to.
pub(super) type Answer = Result<Vec<SocketAddr>, LookupError>;

/// Why there are no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookupCode {
    InvalidArgument,
    NameUnresolvable,
    TemporaryFailure,
    PermanentFailure,
}

/// Checks a guest's look-up and starts it.
pub(super) fn start(
    io: &Io,
    name: &str,
) -> Result<impl Future<Output = Answer> + Send + use<>, Failure> {
    Ok(io.lookup(bare(name), "", None)?)
}

/// Grants what a look-up found.
pub(super) fn found(io: &mut Io, name: &str, found: Answer) -> Result<Vec<IpAddr>, LookupCode> {
    let addresses = found.map_err(|error| code(&error))?;
    io.grants.pin(bare(name), &addresses);
    Ok(addresses
        .iter()
        .map(|address| address.ip().to_canonical())
        .collect())
}

/// An IPv6 address may come in brackets, as in a URL.
fn bare(name: &str) -> &str {
    let inner = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(name)
}

fn code(error: &LookupError) -> LookupCode {
    match error {
        LookupError::InvalidName | LookupError::InvalidService => LookupCode::InvalidArgument,
        LookupError::NotFound => LookupCode::NameUnresolvable,
        LookupError::Temporary | LookupError::Busy => LookupCode::TemporaryFailure,
        _ => LookupCode::PermanentFailure,
    }
}
