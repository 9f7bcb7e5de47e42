//! Rules about connecting to addresses and looking up names.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::RuleError;
use super::network::Network;
use super::ports::{Ports, Split};

/// Names hosts, and one of their ports or all: `HOST[:PORT]`.
///
/// HOST is a name (`example.com`), all names below one (`*.example.com`, which is not `example.com`
/// itself), an address (`10.0.0.1`, `[::1]`), a network (`10.0.0.0/8`, `[fd00::/8]`) or `*` for
/// every name and address. Names are compared without regard to case and a trailing dot. PORT is
/// 1 to 65,535, or `*` for all, which is also what leaving it out means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetRule {
    host: HostPattern,
    ports: Ports,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// Normalised.
    Name(String),
    /// The normalised name behind `*.`.
    Below(String),
    Network(Network),
}

impl NetRule {
    /// Tells whether the rule names hosts by name, so that denying it can only refuse lookups.
    pub fn is_name(&self) -> bool {
        matches!(self.host, HostPattern::Name(_) | HostPattern::Below(_))
    }

    /// Tells whether the rule is about one port.
    pub fn has_port(&self) -> bool {
        self.ports != Ports::Any
    }

    /// Tells whether the rule is about one name, address or network, not about all of some kind.
    pub(super) fn is_specific(&self) -> bool {
        matches!(self.host, HostPattern::Name(_) | HostPattern::Network(_))
    }

    /// Tells whether the rule is about every host and every port.
    pub(super) fn is_everything(&self) -> bool {
        self.host == HostPattern::Any && !self.has_port()
    }

    /// Tells whether the rule speaks of `address`, in its judged form, at some port.
    pub(super) fn covers_address(&self, address: IpAddr) -> bool {
        match &self.host {
            HostPattern::Any => true,
            HostPattern::Network(network) => network.contains(address),
            HostPattern::Name(_) | HostPattern::Below(_) => false,
        }
    }

    /// Tells whether the rule speaks of `name`, which is normalised.
    pub(super) fn covers_name(&self, name: &str) -> bool {
        match &self.host {
            HostPattern::Any => true,
            HostPattern::Name(own) => own == name,
            HostPattern::Below(own) => is_below(name, own),
            HostPattern::Network(_) => false,
        }
    }

    pub(super) fn covers(&self, address: IpAddr, port: u16) -> bool {
        self.ports.covers(port) && self.covers_address(address)
    }

    pub(super) fn ports(&self) -> Ports {
        self.ports
    }
}

impl FromStr for NetRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let split = Split::parse(text)?;
        let ports = split.ports.unwrap_or(Ports::Any);
        if ports == Ports::One(0) {
            return Err(RuleError::new(
                "nobody listens at port 0; leave the port out for all",
            ));
        }
        let host = match split.bracketed {
            true => v6_network(split.host)?,
            false => HostPattern::parse(split.host)?,
        };
        Ok(Self { host, ports })
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, RuleError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(name) = text.strip_prefix("*.") {
            return parse_name(name).map(Self::Below);
        }
        if text.contains('/') || ends_in_number(text) {
            return network(text);
        }
        parse_name(text).map(Self::Name)
    }
}

impl fmt::Display for NetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostPattern::Any => f.write_str("*")?,
            HostPattern::Name(name) => f.write_str(name)?,
            HostPattern::Below(name) => write!(f, "*.{name}")?,
            HostPattern::Network(network) if network.is_ipv6() => write!(f, "[{network}]")?,
            HostPattern::Network(network) => network.fmt(f)?,
        }
        match self.ports {
            Ports::Any => Ok(()),
            one @ Ports::One(_) => write!(f, ":{one}"),
        }
    }
}

/// Brings a name into the form in which names are compared.
pub(super) fn normalised(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Tells whether a normalised name is this machine's own (RFC 6761).
pub(super) fn is_localhost(name: &str) -> bool {
    name == "localhost" || is_below(name, "localhost")
}

fn is_below(name: &str, parent: &str) -> bool {
    let child = name.strip_suffix(parent);
    let child = child.and_then(|child| child.strip_suffix('.'));
    child.is_some_and(|child| !child.is_empty())
}

/// Resolvers read `127.1` and `0x7f000001` as addresses, so no such text may pass for a name.
fn ends_in_number(text: &str) -> bool {
    let text = normalised(text);
    let last = text.rsplit('.').next().unwrap_or(&text);
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn network(text: &str) -> Result<HostPattern, RuleError> {
    let network: Network = text.parse()?;
    if network.is_unspecified_address() {
        return Err(RuleError::new(
            "this is no address to connect to; `*` means any address",
        ));
    }
    Ok(HostPattern::Network(network))
}

fn v6_network(text: &str) -> Result<HostPattern, RuleError> {
    if !text.contains(':') {
        return Err(RuleError::new("only IPv6 addresses go in brackets"));
    }
    network(text)
}

fn parse_name(text: &str) -> Result<String, RuleError> {
    let name = normalised(text);
    if name.is_empty() {
        return Err(RuleError::new("the host is empty"));
    }
    if name.len() > 253 {
        return Err(RuleError::new("a name has at most 253 bytes"));
    }
    if !name.is_ascii() {
        return Err(RuleError::new(
            "a name is ASCII: write the xn-- form of an international one",
        ));
    }
    if name.split('.').any(str::is_empty) {
        return Err(RuleError::new("a label of the name is empty"));
    }
    let strange = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    match name.chars().find(|c| strange(*c)) {
        Some('*') => Err(RuleError::new("`*` is either all of the host or its `*.`")),
        Some(c) => Err(RuleError::new(format!(
            "a name has no `{}`",
            c.escape_default()
        ))),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> NetRule {
        text.parse().unwrap()
    }

    fn reason(text: &str) -> String {
        text.parse::<NetRule>().unwrap_err().to_string()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn names_ignore_case_and_the_trailing_dot() {
        let rule = rule("Example.COM.");
        assert!(rule.covers_name(&normalised("eXample.com.")));
        assert!(rule.covers_name(&normalised("example.com")));
        assert!(!rule.covers_name("example.com.evil.org"));
        assert!(!rule.covers_name("www.example.com"));
        assert!(!rule.covers_name("notexample.com"));
    }

    #[test]
    fn a_star_label_means_names_below() {
        let rule = rule("*.example.com");
        assert!(rule.covers_name("www.example.com") && rule.covers_name("a.b.example.com"));
        assert!(!rule.covers_name("example.com"));
        assert!(!rule.covers_name(".example.com"));
        assert!(!rule.covers_name("notexample.com"));
    }

    #[test]
    fn localhost_is_a_name_and_all_below_it() {
        assert!(is_localhost("localhost") && is_localhost("a.b.localhost"));
        for name in ["localhost.example", "notlocalhost", ".localhost", ""] {
            assert!(!is_localhost(name), "{name}");
        }
    }

    #[test]
    fn a_name_does_not_cover_addresses_nor_a_network_names() {
        assert!(!rule("example.com").covers_address(ip("1.2.3.4")));
        assert!(!rule("0.0.0.0/0").covers_name("example.com"));
    }

    #[test]
    fn a_star_covers_everything_at_its_port() {
        assert!(rule("*").covers(ip("1.2.3.4"), 1) && rule("*").covers_name("x"));
        assert!(rule("*:80").covers(ip("::1"), 80) && !rule("*:80").covers(ip("::1"), 81));
    }

    #[test]
    fn addresses_and_networks_with_ports() {
        assert!(rule("[::1]:80").covers(ip("::1"), 80));
        assert!(!rule("[::1]:80").covers(ip("::1"), 443));
        assert!(rule("[fd00::/8]:80").covers(ip("fd12::1"), 80));
        assert!(rule("10.0.0.0/8:80").covers(ip("10.1.2.3"), 80));
        assert!(rule("[::ffff:10.0.0.1]").covers(ip("10.0.0.1"), 80));
        assert!(rule("10.0.0.1:*").covers(ip("10.0.0.1"), 65535));
    }

    #[test]
    fn rules_are_shown_as_they_are_written() {
        for text in [
            "*",
            "*:80",
            "example.com",
            "*.example.com:443",
            "10.0.0.0/8:80",
            "10.0.0.1",
            "[::1]:80",
            "[fd00::/8]",
        ] {
            assert_eq!(rule(text).to_string(), text);
        }
    }

    #[test]
    fn a_name_has_up_to_253_bytes() {
        let longest = vec!["abc"; 63].join(".") + ".d";
        assert_eq!(longest.len(), 253);
        assert!(longest.parse::<NetRule>().is_ok());
        assert!(format!("{longest}e").parse::<NetRule>().is_err());
    }

    #[test]
    fn what_a_resolver_takes_for_an_address_is_no_name() {
        for text in [
            "127.1",
            "2130706433",
            "0x7f000001",
            "1.2.3.256",
            "a.0x7f",
            "127.1.",
        ] {
            assert!(reason(text).contains("is not an address"), "{text}");
        }
    }

    #[test]
    fn malformed_rules_say_why() {
        for (text, why) in [
            ("", "empty"),
            (":80", "empty"),
            ("a..b", "label"),
            ("a b", "no ` `"),
            ("a*", "either all"),
            ("*.*.a", "either all"),
            ("*.", "empty"),
            ("b\u{fc}cher.example", "xn--"),
            ("::1", "brackets"),
            ("::1:80", "brackets"),
            ("[::1", "not closed"),
            ("[::1]80", "after `]`"),
            ("[1.2.3.4]:80", "only IPv6"),
            ("a:0", "port 0"),
            ("a:65536", "not a port"),
            ("a:", "not a port"),
            ("https://a/", "not a URL"),
            ("0.0.0.0:80", "`*` means any"),
            ("[::]", "`*` means any"),
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("a/8", "not an address"),
        ] {
            assert!(reason(text).contains(why), "{text}: {}", reason(text));
        }
    }
}
