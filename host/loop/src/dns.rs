//! Names to addresses, by the resolver of the OS on a helper thread.
//! Numbers are parsed here and need no thread. It caches nothing and applies no policy.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::pin::Pin;
use std::task::{Context, Poll};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType};

use crate::{Blocking, Handle};

/// The longest name in bytes that the DNS knows.
const NAME_LEN_MAX: usize = 253;

/// The longest name in bytes of a service, several times what is in use.
const SERVICE_LEN_MAX: usize = 64;

/// What glibc answers when the name has addresses of the other family only; elsewhere an unused
/// number.
const NO_SUCH_FAMILY: i32 = -9;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What kind of addresses to look for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    /// Only addresses of this family; both by default.
    pub family: Option<Family>,
}

impl Hints {
    fn admits(self, addr: &SocketAddr) -> bool {
        match self.family {
            None => true,
            Some(Family::V4) => addr.is_ipv4(),
            Some(Family::V6) => addr.is_ipv6(),
        }
    }

    fn to_os(self) -> AddrInfoHints {
        AddrInfoHints {
            address: match self.family {
                None => 0,
                Some(Family::V4) => AddrFamily::Inet.into(),
                Some(Family::V6) => AddrFamily::Inet6.into(),
            },
            // One entry for each address and not one for each protocol.
            socktype: SockType::Stream.into(),
            ..AddrInfoHints::default()
        }
    }
}

/// Why there are no addresses.
#[derive(Debug)]
#[non_exhaustive]
pub enum LookupError {
    /// The name is empty, longer than 253 bytes, or contains a NUL.
    InvalidName,
    /// The service is a number above 65535, longer than 64 bytes, contains a NUL, or is not known.
    InvalidService,
    /// The name does not exist or has no address of the family asked for.
    NotFound,
    /// The resolver could not tell this time.
    Temporary,
    /// Too many lookups wait for a helper thread.
    Busy,
    /// The resolver failed.
    Other(io::Error),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName => f.write_str("not a valid name"),
            Self::InvalidService => f.write_str("not a known service"),
            Self::NotFound => f.write_str("no such name, or no address for it"),
            Self::Temporary => f.write_str("temporary failure of the resolver"),
            Self::Busy => f.write_str("too many lookups under way"),
            Self::Other(error) => error.fmt(f),
        }
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

impl From<dns_lookup::LookupError> for LookupError {
    fn from(error: dns_lookup::LookupError) -> Self {
        if error.error_num() == NO_SUCH_FAMILY {
            return Self::NotFound;
        }
        match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => Self::NotFound,
            // An address family that the host does not have.
            LookupErrorKind::Family => Self::NotFound,
            LookupErrorKind::Service => Self::InvalidService,
            LookupErrorKind::Again => Self::Temporary,
            _ => Self::Other(error.into()),
        }
    }
}

/// Looks up the addresses of `name` with the port of `service`, each once, in the resolver's order.
///
/// `name` is a host name or an address in numbers, `service` a port in decimal or a name such as
/// `http`; an empty one is port 0. Errors, those of the arguments too, come out of the future.
///
/// ```
/// use aio_loop::{Loop, dns};
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop = Loop::new()?;
/// let lookup = dns::lookup(event_loop.handle(), "::1", "80", dns::Hints::default());
/// let addrs = event_loop.block_on(lookup).expect("numbers need no resolver");
/// assert_eq!(addrs, ["[::1]:80".parse().unwrap()]);
/// # Ok(())
/// # }
/// ```
pub fn lookup(handle: &Handle, name: &str, service: &str, hints: Hints) -> Lookup {
    match begin(handle, name, service, hints) {
        Ok(state) => Lookup(state),
        Err(error) => Lookup(State::Known(Some(Err(error)))),
    }
}

fn begin(handle: &Handle, name: &str, service: &str, hints: Hints) -> Result<State, LookupError> {
    if name.is_empty() || name.len() > NAME_LEN_MAX || name.contains('\0') {
        return Err(LookupError::InvalidName);
    }
    let port = parse_port(service)?;
    if let Some(known) = port.and_then(|port| parse_addr(name, port)) {
        let found = hints.admits(&known).then(|| vec![known]);
        return Ok(State::Known(Some(found.ok_or(LookupError::NotFound))));
    }
    let (name, service) = (name.to_owned(), service.to_owned());
    let call = handle
        .spawn_blocking(move || resolve(&name, &service, port, hints))
        .map_err(|_full| LookupError::Busy)?;
    Ok(State::Asked(call))
}

/// `None` when the service is a name.
fn parse_port(service: &str) -> Result<Option<u16>, LookupError> {
    if service.is_empty() {
        return Ok(Some(0));
    }
    if service.bytes().all(|b| b.is_ascii_digit()) {
        let port = service.parse().map_err(|_| LookupError::InvalidService)?;
        return Ok(Some(port));
    }
    if service.len() > SERVICE_LEN_MAX || service.contains('\0') {
        return Err(LookupError::InvalidService);
    }
    Ok(None)
}

fn parse_addr(name: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, port));
    }
    // Knows scopes in numbers, which `IpAddr` has no place for.
    let scoped: SocketAddrV6 = format!("[{name}]:{port}").parse().ok()?;
    Some(scoped.into())
}

/// Blocks until the resolver has answered.
fn resolve(
    name: &str,
    service: &str,
    port: Option<u16>,
    hints: Hints,
) -> Result<Vec<SocketAddr>, LookupError> {
    let service = port.is_none().then_some(service);
    let mut addrs = Vec::new();
    for info in dns_lookup::getaddrinfo(Some(name), service, Some(hints.to_os()))? {
        let mut addr = info.map_err(LookupError::Other)?.sockaddr;
        if let Some(port) = port {
            addr.set_port(port);
        }
        if hints.admits(&addr) && !addrs.contains(&addr) {
            addrs.push(addr);
        }
    }
    if addrs.is_empty() {
        return Err(LookupError::NotFound);
    }
    Ok(addrs)
}

/// A question to the resolver. Dropping it forgets the answer.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Lookup(State);

#[derive(Debug)]
enum State {
    /// `None` once handed out.
    Known(Option<Result<Vec<SocketAddr>, LookupError>>),
    Asked(Blocking<Result<Vec<SocketAddr>, LookupError>>),
}

impl Future for Lookup {
    type Output = Result<Vec<SocketAddr>, LookupError>;

    /// # Panics
    ///
    /// When it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Known(known) => {
                let known = known.take();
                Poll::Ready(known.expect("a lookup was polled after it was ready"))
            }
            State::Asked(call) => Pin::new(call).poll(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_in_numbers_need_no_resolver() {
        let addr = parse_addr("fe80::1%3", 9).unwrap();
        assert!(matches!(addr, SocketAddr::V6(addr) if addr.scope_id() == 3));
        assert_eq!(parse_addr("fe80::1%lo", 9), None);
    }

    #[test]
    fn a_port_is_digits_only_and_at_most_65535() {
        assert!(matches!(parse_port("65535"), Ok(Some(65535))));
        assert!(matches!(
            parse_port("65536"),
            Err(LookupError::InvalidService)
        ));
        assert!(matches!(parse_port("+80"), Ok(None)));
        assert!(matches!(parse_port(""), Ok(Some(0))));
    }

    #[test]
    fn a_service_name_has_at_most_64_bytes() {
        assert!(matches!(parse_port(&"s".repeat(64)), Ok(None)));
        assert!(matches!(
            parse_port(&"s".repeat(65)),
            Err(LookupError::InvalidService)
        ));
    }
}
