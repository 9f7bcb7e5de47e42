//! The port of a rule: one, or all.

use std::fmt;

use super::RuleError;

/// The ports that a rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ports {
    Any,
    One(u16),
}

impl Ports {
    /// Reads `*` or a number. Whether 0 means something is for the kind of rule to say.
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        // `u16::from_str` takes a sign, which has no business in a port.
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_port(text));
        }
        text.parse().map(Self::One).map_err(|_| not_a_port(text))
    }

    pub(super) fn covers(self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => one == port,
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::One(port) => port.fmt(f),
        }
    }
}

fn not_a_port(text: &str) -> RuleError {
    RuleError::new(format!(
        "`{text}` is not a port: a number up to 65535, or `*`"
    ))
}

/// Splits `HOST[:PORT]` or `[V6][:PORT]` into its halves, and tells whether there were brackets.
pub(super) struct Split<'a> {
    pub(super) host: &'a str,
    pub(super) bracketed: bool,
    pub(super) ports: Option<Ports>,
}

impl<'a> Split<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, RuleError> {
        if text.contains("://") {
            return Err(RuleError::new("a rule takes a host and a port, not a URL"));
        }
        match text.strip_prefix('[') {
            Some(rest) => Self::bracketed(rest),
            None => Self::plain(text),
        }
    }

    fn bracketed(rest: &'a str) -> Result<Self, RuleError> {
        let Some((host, rest)) = rest.split_once(']') else {
            return Err(RuleError::new("the bracket `[` is not closed"));
        };
        let ports = match rest.strip_prefix(':') {
            Some(port) => Some(Ports::parse(port)?),
            None if rest.is_empty() => None,
            None => return Err(RuleError::new("after `]` there is only a colon and a port")),
        };
        Ok(Self {
            host,
            bracketed: true,
            ports,
        })
    }

    fn plain(text: &'a str) -> Result<Self, RuleError> {
        let (host, ports) = match text.split_once(':') {
            None => (text, None),
            Some((_, port)) if port.contains(':') => {
                return Err(RuleError::new(
                    "an IPv6 address goes in brackets, as in [::1]:80",
                ));
            }
            Some((host, port)) => (host, Some(Ports::parse(port)?)),
        };
        Ok(Self {
            host,
            bracketed: false,
            ports,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_up_to_the_last() {
        assert_eq!(Ports::parse("65535"), Ok(Ports::One(65535)));
        assert!(Ports::parse("65536").is_err());
        assert!(Ports::parse("").is_err());
        assert!(Ports::parse("+80").is_err());
        assert!(Ports::parse("-1").is_err());
    }

    #[test]
    fn a_star_covers_all_ports() {
        let any = Ports::parse("*").unwrap();
        assert!(any.covers(0) && any.covers(65535));
    }

    #[test]
    fn one_port_covers_itself_alone() {
        assert!(Ports::One(80).covers(80));
        assert!(!Ports::One(80).covers(81));
    }
}
