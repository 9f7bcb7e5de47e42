//! Rules about listening.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::RuleError;
use super::ports::{Ports, Split};

/// Names an address to listen at: `ADDR:PORT`.
///
/// ADDR is that very address: `0.0.0.0` and `[::]` grant listening on all interfaces, and grant no
/// single one; `*` means every address. PORT 0 means only "let the system choose", `*` every port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenRule {
    /// Canonical; none is every address.
    address: Option<IpAddr>,
    ports: Ports,
}

impl ListenRule {
    /// Tells whether the rule, as an allow, covers listening at `address`.
    pub(super) fn grants(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.ports.covers(address.port()) && self.address.is_none_or(|own| own == ip)
    }

    /// Tells whether the rule, as a deny, covers it: an unspecified address includes others, and
    /// listening there would be a way around the rule.
    pub(super) fn refuses(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.ports.covers(address.port())
            && self
                .address
                .is_none_or(|own| own == ip || includes(ip, own))
    }

    /// Tells whether the rule is about every address and every port.
    pub(super) fn is_everything(&self) -> bool {
        self.address.is_none() && self.ports == Ports::Any
    }

    /// Tells whether some port of `address` is covered.
    pub(super) fn covers_address(&self, address: IpAddr) -> bool {
        self.address.is_none_or(|own| own == address.to_canonical())
    }
}

/// A socket at `[::]` takes IPv4 connections too, unless it is told not to.
fn includes(unspecified: IpAddr, address: IpAddr) -> bool {
    unspecified.is_unspecified() && (unspecified.is_ipv6() || address.is_ipv4())
}

impl FromStr for ListenRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let split = Split::parse(text)?;
        let Some(ports) = split.ports else {
            return Err(RuleError::new(
                "the port is missing: ADDR:PORT, with `*` for every port",
            ));
        };
        let address = match split.host {
            "*" if !split.bracketed => None,
            host => Some(parse_address(host)?),
        };
        Ok(Self { address, ports })
    }
}

fn parse_address(text: &str) -> Result<IpAddr, RuleError> {
    let address: IpAddr = text.parse().map_err(|_| {
        RuleError::new(format!(
            "`{text}` is not an address; names are not looked up here"
        ))
    })?;
    Ok(address.to_canonical())
}

impl fmt::Display for ListenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            None => f.write_str("*")?,
            Some(IpAddr::V4(v4)) => v4.fmt(f)?,
            Some(IpAddr::V6(v6)) => write!(f, "[{v6}]")?,
        }
        write!(f, ":{}", self.ports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> ListenRule {
        text.parse().unwrap()
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_and_port_grant_themselves_alone() {
        let rule = rule("127.0.0.1:8080");
        assert!(rule.grants(at("127.0.0.1:8080")));
        assert!(rule.grants(at("[::ffff:127.0.0.1]:8080")));
        assert!(!rule.grants(at("127.0.0.1:8081")));
        assert!(!rule.grants(at("127.0.0.1:0")));
        assert!(!rule.grants(at("127.0.0.2:8080")));
        assert!(!rule.grants(at("0.0.0.0:8080")));
    }

    #[test]
    fn the_unspecified_address_is_no_wildcard() {
        assert!(rule("0.0.0.0:80").grants(at("0.0.0.0:80")));
        assert!(!rule("0.0.0.0:80").grants(at("127.0.0.1:80")));
        assert!(!rule("0.0.0.0:80").grants(at("[::]:80")));
        assert!(rule("[::]:80").grants(at("[::]:80")));
        assert!(!rule("[::]:80").grants(at("[::1]:80")));
    }

    #[test]
    fn port_0_is_the_systems_choice_and_a_star_every_port() {
        assert!(rule("127.0.0.1:0").grants(at("127.0.0.1:0")));
        assert!(!rule("127.0.0.1:0").grants(at("127.0.0.1:80")));
        let any = rule("127.0.0.1:*");
        assert!(any.grants(at("127.0.0.1:0")) && any.grants(at("127.0.0.1:65535")));
    }

    #[test]
    fn a_star_is_every_address() {
        assert!(rule("*:80").grants(at("[::1]:80")) && rule("*:80").grants(at("0.0.0.0:80")));
        assert!(!rule("*:80").grants(at("[::1]:81")));
    }

    #[test]
    fn a_deny_covers_the_addresses_that_include_its_own() {
        let deny = rule("127.0.0.1:80");
        assert!(deny.refuses(at("127.0.0.1:80")));
        assert!(deny.refuses(at("0.0.0.0:80")) && deny.refuses(at("[::]:80")));
        assert!(!deny.refuses(at("10.0.0.1:80")) && !deny.refuses(at("0.0.0.0:81")));
        assert!(!rule("[::1]:80").refuses(at("0.0.0.0:80")));
        assert!(rule("[::1]:80").refuses(at("[::]:80")));
    }

    #[test]
    fn rules_are_shown_as_they_are_written() {
        for text in ["127.0.0.1:80", "[::]:*", "0.0.0.0:0", "*:80"] {
            assert_eq!(rule(text).to_string(), text);
        }
    }

    #[test]
    fn malformed_rules_say_why() {
        for (text, why) in [
            ("127.0.0.1", "port is missing"),
            ("", "port is missing"),
            ("localhost:80", "not an address"),
            ("[*]:80", "not an address"),
            ("10.0.0.0/8:80", "not an address"),
            (":80", "not an address"),
            ("::1:80", "brackets"),
            ("127.0.0.1:65536", "not a port"),
        ] {
            let error = text.parse::<ListenRule>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
