//! Names to addresses: all that `getaddrinfo` tells, or the addresses alone.

use std::net::SocketAddr;

use super::hints::{Hints, SocketKind};
use super::numeric;
use super::{LookupError, NAME_LEN_MAX, Query, Resolver};
use crate::Handle;

/// One thing that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The kind of socket that goes with the address.
    pub kind: SocketKind,
    /// The protocol, by its number in IP; 0 is the one that goes with the kind.
    pub protocol: i32,
    /// The address, with the port of the service.
    pub address: SocketAddr,
    /// The canonical name, with the first of all and if it was asked for.
    pub canonical_name: Option<String>,
}

/// Looks up the addresses of `name` as [`Resolver::lookup`] does, beside all other questions.
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
pub fn lookup(handle: &Handle, name: &str, service: &str, hints: Hints) -> Query<Vec<SocketAddr>> {
    Resolver::new(handle, 1).lookup(name, service, hints, ())
}

impl Resolver {
    /// Looks up the addresses of `name` with the port of `service`, each once, in the resolver's
    /// order: for streams, unless the hints want another kind of socket.
    ///
    /// Arguments, errors and `held` are as for [`Resolver::resolve`].
    pub fn lookup(
        &self,
        name: &str,
        service: &str,
        hints: Hints,
        held: impl Send + Sync + 'static,
    ) -> Query<Vec<SocketAddr>> {
        let kind = hints.kind.or(Some(SocketKind::Stream));
        let hints = Hints { kind, ..hints };
        self.question(Some(name), service, hints, held, addresses)
    }

    /// Looks up all that `name` and `service` stand for, in the resolver's order: an entry for each
    /// address and kind of socket.
    ///
    /// `name` is a host name of up to 253 bytes or an address in numbers; without one, the
    /// addresses are those of this machine itself. `service` is a port in decimal or a name such as
    /// `http`; an empty one is port 0. Errors, those of the arguments too, come out of the future.
    ///
    /// `held` is dropped when the system is done with the question, which may be long after the
    /// query was dropped or ran out of time: it can count what is really going on.
    pub fn resolve(
        &self,
        name: Option<&str>,
        service: &str,
        hints: Hints,
        held: impl Send + Sync + 'static,
    ) -> Query<Vec<Found>> {
        self.question(name, service, hints, held, |found| found)
    }

    fn question<T: Send + 'static>(
        &self,
        name: Option<&str>,
        service: &str,
        hints: Hints,
        held: impl Send + Sync + 'static,
        map: impl FnOnce(Vec<Found>) -> T + Send + Sync + 'static,
    ) -> Query<T> {
        match at_once(name, service, hints) {
            Err(error) => Query::known(Err(error)),
            Ok(Some(found)) => Query::known(Ok(map(found))),
            Ok(None) => {
                let (name, service) = (name.map(str::to_owned), service.to_owned());
                Query::ask(self, move || {
                    let found = ask_system(name.as_deref(), &service, hints);
                    drop(held);
                    found.map(map)
                })
            }
        }
    }
}

/// Checks the arguments, and answers what takes no resolver.
fn at_once(
    name: Option<&str>,
    service: &str,
    hints: Hints,
) -> Result<Option<Vec<Found>>, LookupError> {
    let port = numeric::port(service)?;
    if port.is_none() && hints.flags.numeric_service {
        return Err(LookupError::UnknownService);
    }
    let Some(name) = name else {
        return match service {
            "" => Err(LookupError::InvalidName),
            _ => Ok(None),
        };
    };
    if name.is_empty() || name.contains('\0') {
        return Err(LookupError::InvalidName);
    }
    if name.len() > NAME_LEN_MAX {
        return Err(LookupError::NameTooLong);
    }
    let known = port.and_then(|port| numeric::resolve(name, port, hints));
    known.transpose()
}

/// Blocks until the resolver has answered.
fn ask_system(name: Option<&str>, service: &str, hints: Hints) -> Result<Vec<Found>, LookupError> {
    let service = Some(service).filter(|service| !service.is_empty());
    let answer = dns_lookup::getaddrinfo(name, service, Some(hints.to_os()))?;
    let mut all = Vec::new();
    for info in answer {
        let info = info.map_err(LookupError::Other)?;
        if let Some(kind) = SocketKind::from_os(info.socktype) {
            all.push(Found {
                kind,
                protocol: info.protocol,
                address: info.sockaddr,
                canonical_name: info.canonname,
            });
        }
    }
    if all.is_empty() {
        return Err(LookupError::NoAddress);
    }
    Ok(all)
}

fn addresses(found: Vec<Found>) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for Found { address, .. } in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}
