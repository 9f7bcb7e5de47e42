//! Names and services in numbers, read without the system and as it reads them.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use super::hints::{Family, Hints, SocketKind};
use super::lookup::Found;
use super::{LookupError, SERVICE_LEN_MAX, os};

/// The kinds of sockets that have a protocol of their own.
const KINDS: [(SocketKind, i32); 2] = [
    (SocketKind::Stream, os::IPPROTO_TCP),
    (SocketKind::Datagram, os::IPPROTO_UDP),
];

/// Reads the port of a service; `None` when the service is a name.
pub(super) fn port(service: &str) -> Result<Option<u16>, LookupError> {
    if service.is_empty() {
        return Ok(Some(0));
    }
    if service.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = service.parse().map_err(|_| LookupError::InvalidService)?;
        return Ok(Some(port));
    }
    if service.len() > SERVICE_LEN_MAX || service.contains('\0') {
        return Err(LookupError::InvalidService);
    }
    Ok(None)
}

/// Answers a question that is all numbers; `None` when the system has to be asked.
pub(super) fn resolve(
    name: &str,
    port: u16,
    hints: Hints,
) -> Option<Result<Vec<Found>, LookupError>> {
    let address = address(name, port)?;
    // What families this machine has is for the system to tell.
    if hints.flags.address_configured {
        return None;
    }
    let kinds = kinds(hints)?;
    let Some(address) = in_family(address, hints) else {
        return Some(Err(LookupError::NoAddress));
    };
    let mut canonical_name = hints.flags.canonical_name.then(|| name.to_owned());
    let found = kinds.into_iter().map(|(kind, protocol)| Found {
        kind,
        protocol,
        address,
        canonical_name: canonical_name.take(),
    });
    Some(Ok(found.collect()))
}

pub(super) fn address(name: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, port));
    }
    // Knows scopes in numbers, which `IpAddr` has no place for.
    let scoped: SocketAddrV6 = format!("[{name}]:{port}").parse().ok()?;
    Some(scoped.into())
}

/// The kinds of sockets that are wanted, with their protocols; `None` when only the system knows.
fn kinds(hints: Hints) -> Option<Vec<(SocketKind, i32)>> {
    let protocol = i32::from(hints.protocol);
    if (hints.kind, protocol) == (None, 0) {
        let raw = (SocketKind::Raw, 0);
        return Some(KINDS.into_iter().chain([raw]).collect());
    }
    let wanted = KINDS.into_iter().find(|(kind, own)| {
        hints.kind.is_none_or(|wanted| wanted == *kind) && (protocol == 0 || protocol == *own)
    });
    wanted.map(|wanted| vec![wanted])
}

/// The address in the form of the family that is wanted.
fn in_family(address: SocketAddr, hints: Hints) -> Option<SocketAddr> {
    match (hints.family, address) {
        (Some(Family::V4), SocketAddr::V6(v6)) => {
            let v4 = v6.ip().to_ipv4_mapped()?;
            Some(SocketAddr::new(v4.into(), v6.port()))
        }
        (Some(Family::V6), SocketAddr::V4(v4)) => {
            let mapped = v4.ip().to_ipv6_mapped();
            let mapped = SocketAddr::new(mapped.into(), v4.port());
            hints.flags.v4_mapped.then_some(mapped)
        }
        _ => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_in_numbers_need_no_resolver() {
        let scoped = address("fe80::1%3", 9).unwrap();
        assert!(matches!(scoped, SocketAddr::V6(addr) if addr.scope_id() == 3));
        assert_eq!(address("fe80::1%lo", 9), None);
    }

    #[test]
    fn a_port_is_digits_only_and_at_most_65535() {
        assert!(matches!(port("65535"), Ok(Some(65535))));
        assert!(matches!(port("65536"), Err(LookupError::InvalidService)));
        assert!(matches!(port("+80"), Ok(None)));
        assert!(matches!(port(""), Ok(Some(0))));
    }

    #[test]
    fn a_service_name_has_at_most_64_bytes() {
        assert!(matches!(port(&"s".repeat(64)), Ok(None)));
        let longer = port(&"s".repeat(65));
        assert!(matches!(longer, Err(LookupError::InvalidService)));
    }
}
