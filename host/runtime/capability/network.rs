//! Networks of addresses (CIDR), of which a single address is the smallest; and the form in which
//! addresses are judged.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::RuleError;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// Canonical, and zero beyond the prefix.
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Makes a network; refuses a prefix that is too long and bits beyond it.
    fn new(address: IpAddr, prefix: u32) -> Result<Self, RuleError> {
        let bits = width(address);
        if prefix > bits {
            return Err(RuleError::new(format!(
                "a prefix has at most {bits} bits here"
            )));
        }
        let network = Self { address, prefix }.canonical();
        let first = network.masked(network.address);
        if first == network.address {
            return Ok(network);
        }
        Err(RuleError::new(format!(
            "bits are set beyond the prefix; {} is that network",
            Self {
                address: first,
                ..network
            }
        )))
    }

    /// Writes a network of v4-mapped addresses as the v4 network that it is judged as.
    fn canonical(self) -> Self {
        match (self.address.to_canonical(), self.prefix.checked_sub(96)) {
            (v4 @ IpAddr::V4(_), Some(prefix)) if self.address.is_ipv6() => Self {
                address: v4,
                prefix,
            },
            _ => self,
        }
    }

    /// Tells whether an address, in the form of [`judged`], is of this network.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && self.masked(address) == self.address
    }

    /// Tells whether this is the address that stands for no address.
    pub(super) fn is_unspecified_address(self) -> bool {
        self.prefix == width(self.address) && self.address.is_unspecified()
    }

    pub(super) fn is_ipv6(self) -> bool {
        self.address.is_ipv6()
    }

    fn masked(self, address: IpAddr) -> IpAddr {
        let host = width(address) - self.prefix;
        match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::from((v4.to_bits() & mask).to_be_bytes())
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::from((v6.to_bits() & mask).to_be_bytes())
            }
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            prefix: width(address),
        }
    }
}

impl FromStr for Network {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| RuleError::new(format!("`{address}` is not an address")))?;
        match prefix.map(parse_prefix).transpose()? {
            Some(prefix) => Self::new(address, prefix),
            None => Ok(address.into()),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        if self.prefix < width(self.address) {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn parse_prefix(text: &str) -> Result<u32, RuleError> {
    text.parse()
        .map_err(|_| RuleError::new(format!("`{text}` is not a number of bits")))
}

/// Turns an address to connect to into the one that rules are asked about: a v4-mapped address is
/// the v4 one, and an unspecified address is loopback, because that is where the system connects.
pub(super) fn judged(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) if v4.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_ends_where_its_prefix_says() {
        let ten = network("10.0.0.0/8");
        assert!(ten.contains(ip("10.0.0.0")) && ten.contains(ip("10.255.255.255")));
        assert!(!ten.contains(ip("9.255.255.255")) && !ten.contains(ip("11.0.0.0")));
        let local = network("fd00::/8");
        assert!(local.contains(ip("fdff::1")) && !local.contains(ip("fe00::")));
    }

    #[test]
    fn the_shortest_and_the_longest_prefix() {
        assert!(network("0.0.0.0/0").contains(ip("255.255.255.255")));
        assert!(!network("0.0.0.0/0").contains(ip("::1")));
        assert!(network("::/0").contains(ip("ffff::")));
        assert!(!network("::/0").contains(ip("1.2.3.4")));
        assert!(network("1.2.3.4/32").contains(ip("1.2.3.4")));
        assert!(!network("1.2.3.4/32").contains(ip("1.2.3.5")));
        assert!("1.2.3.4/33".parse::<Network>().is_err());
        assert!("::/129".parse::<Network>().is_err());
        assert!("1.2.3.4/".parse::<Network>().is_err());
    }

    #[test]
    fn bits_beyond_the_prefix_are_refused_with_the_network_meant() {
        let error = "10.0.0.1/8".parse::<Network>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "bits are set beyond the prefix; 10.0.0.0/8 is that network"
        );
    }

    #[test]
    fn a_mapped_network_is_the_v4_one() {
        assert_eq!(network("::ffff:10.0.0.0/104"), network("10.0.0.0/8"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_eq!(network("::ffff:0:0/96"), network("0.0.0.0/0"));
    }

    #[test]
    fn mapped_and_unspecified_addresses_are_judged_as_what_they_reach() {
        assert_eq!(judged(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
        assert_eq!(judged(ip("0.0.0.0")), ip("127.0.0.1"));
        assert_eq!(judged(ip("::ffff:0.0.0.0")), ip("127.0.0.1"));
        assert_eq!(judged(ip("::")), ip("::1"));
        assert_eq!(judged(ip("::2")), ip("::2"));
    }
}
