//! Addresses that a grant by name does not reach: this machine's, this network's, a cloud's own,
//! and those that no host of the internet has. Also the IPv4 addresses that IPv6 ones lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are no part of the public internet, by the registry of IANA. Of two that
/// an address is in, the first counts.
const V4: [(Ipv4Addr, u32, &str); 18] = [
    (Ipv4Addr::new(169, 254, 169, 254), 32, "metadata"),
    // The same of Alibaba and of Azure; the latter looks like a public address.
    (Ipv4Addr::new(100, 100, 100, 200), 32, "metadata"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "metadata"),
    (Ipv4Addr::new(0, 0, 0, 0), 32, "unspecified"),
    (Ipv4Addr::new(0, 0, 0, 0), 8, "reserved"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "reserved"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "reserved"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The same of IPv6.
const V6: [(Ipv6Addr, u32, &str); 11] = [
    (
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        128,
        "metadata",
    ),
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (prefix(0x2001, 0x2), 48, "benchmarking"),
    // Also Teredo, which tunnels to IPv4 addresses.
    (prefix(0x2001, 0), 23, "reserved"),
    (prefix(0x2001, 0xdb8), 32, "reserved"),
    (prefix(0x3fff, 0), 20, "reserved"),
    (prefix(0xfc00, 0), 7, "private"),
    (prefix(0xfe80, 0), 10, "link-local"),
    (prefix(0xfec0, 0), 10, "private"),
    (prefix(0xff00, 0), 8, "multicast"),
];

/// All that has been given out to hosts.
const V6_GLOBAL: (Ipv6Addr, u32) = (prefix(0x2000, 0), 3);

const fn prefix(first: u16, second: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)
}

/// The kind that names of this machine grant.
pub(super) const LOOPBACK: &str = "loopback";

/// Says what kind of address this is, unless a host of the public internet may have it.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |(network, length, _): &&(Ipv4Addr, u32, _)| {
        (network.to_bits() ^ address.to_bits()).leading_zeros() >= *length
    };
    V4.iter().find(within).map(|(_, _, kind)| *kind)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some((_, _, kind)) = V6
        .iter()
        .find(|(net, len, _)| is_within(address, *net, *len))
    {
        return Some(kind);
    }
    match embedded(address) {
        Some((v4, Form::Routed)) => special_v4(v4),
        Some((v4, Form::Obsolete)) => special_v4(v4).or(Some("reserved")),
        None if is_within(address, V6_GLOBAL.0, V6_GLOBAL.1) => None,
        None => Some("reserved"),
    }
}

fn is_within(address: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= length
}

/// Tells the IPv4 address that packets to an IPv6 address may end up at.
pub(super) fn leads_to(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => embedded(v6).map(|(v4, _)| v4),
    }
}

/// How an IPv6 address has an IPv4 one in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Gateways of the internet may know the way.
    Routed,
    /// Only this machine, if anybody, makes something of it.
    Obsolete,
}

fn embedded(address: Ipv6Addr) -> Option<(Ipv4Addr, Form)> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    match [a, b, c, d, e, f] {
        // NAT64 by its well-known prefix, and by that for networks of one's own.
        [0x64, 0xff9b, 0, 0, 0, 0] => Some((v4(g, h), Form::Routed)),
        [0x64, 0xff9b, 1, ..] => Some((v4(g, h), Form::Obsolete)),
        // 6to4.
        [0x2002, g, h, ..] => Some((v4(g, h), Form::Routed)),
        // Mapped, translated and compatible.
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] => Some((v4(g, h), Form::Obsolete)),
        [0, 0, 0, 0, 0, 0] if g != 0 => Some((v4(g, h), Form::Obsolete)),
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<&'static str> {
        special(text.parse().unwrap())
    }

    /// The first and the last of each network, beside their neighbours outside.
    #[test]
    fn networks_end_where_the_registry_says() {
        for (inside, outside) in [
            (["0.0.0.0", "0.255.255.255"], ["1.0.0.0", "1.0.0.1"]),
            (
                ["10.0.0.0", "10.255.255.255"],
                ["9.255.255.255", "11.0.0.0"],
            ),
            (
                ["100.64.0.0", "100.127.255.255"],
                ["100.63.255.255", "100.128.0.0"],
            ),
            (
                ["127.0.0.0", "127.255.255.255"],
                ["126.255.255.255", "128.0.0.0"],
            ),
            (
                ["169.254.0.0", "169.254.255.255"],
                ["169.253.255.255", "169.255.0.0"],
            ),
            (
                ["172.16.0.0", "172.31.255.255"],
                ["172.15.255.255", "172.32.0.0"],
            ),
            (
                ["192.0.0.0", "192.0.0.255"],
                ["191.255.255.255", "192.0.1.0"],
            ),
            (
                ["192.168.0.0", "192.168.255.255"],
                ["192.167.255.255", "192.169.0.0"],
            ),
            (
                ["198.18.0.0", "198.19.255.255"],
                ["198.17.255.255", "198.20.0.0"],
            ),
            (
                ["224.0.0.0", "255.255.255.255"],
                ["223.255.255.255", "223.0.0.0"],
            ),
            (["::", "::1"], ["2000::", "2600::1"]),
            (["2001::", "2001:1ff:ffff::"], ["2001:200::", "2000:ffff::"]),
            (
                ["2001:db8::", "2001:db8:ffff::"],
                ["2001:db7:ffff::", "2001:db9::"],
            ),
            (["3fff::", "3fff:fff::"], ["3ffe::", "3fff:1000::"]),
            (["4000::", "ffff::"], ["3ffe:ffff::", "2606:4700::1"]),
            (["fc00::", "fdff::"], ["2a00::", "2c00::"]),
            (["fe80::", "febf::"], ["2a00::1", "2c00::1"]),
        ] {
            for address in inside {
                assert!(kind(address).is_some(), "{address}");
            }
            for address in outside {
                assert_eq!(kind(address), None, "{address}");
            }
        }
    }

    #[test]
    fn kinds_have_names() {
        for (address, name) in [
            ("127.0.0.1", "loopback"),
            ("::1", "loopback"),
            ("0.0.0.0", "unspecified"),
            ("::", "unspecified"),
            ("169.254.169.254", "metadata"),
            ("fd00:ec2::254", "metadata"),
            ("100.100.100.200", "metadata"),
            ("169.254.1.1", "link-local"),
            ("fe80::1", "link-local"),
            ("192.168.1.1", "private"),
            ("fd00::1", "private"),
            ("100.64.0.1", "shared"),
            ("198.18.0.1", "benchmarking"),
            ("239.1.1.1", "multicast"),
            ("ff02::1", "multicast"),
            ("255.255.255.255", "reserved"),
        ] {
            assert_eq!(kind(address), Some(name), "{address}");
        }
    }

    #[test]
    fn an_ipv6_form_is_of_the_kind_of_its_ipv4_address() {
        for form in [
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:a00:1::1",
        ] {
            assert_eq!(kind(form), Some("private"), "{form}");
        }
        assert_eq!(kind("2002:a9fe:a9fe::"), Some("metadata"));
        assert_eq!(kind("64:ff9b::127.0.0.1"), Some("loopback"));
    }

    #[test]
    fn forms_of_public_addresses_are_public_where_gateways_are() {
        for form in ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"] {
            assert_eq!(kind(form), None, "{form}");
        }
        for form in ["::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::8.8.8.8"] {
            assert_eq!(kind(form), Some("reserved"), "{form}");
        }
    }

    #[test]
    fn a_form_leads_to_its_ipv4_address() {
        let leads = |text: &str| leads_to(text.parse().unwrap());
        let ten = Some(Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(leads("64:ff9b::10.0.0.1"), ten);
        assert_eq!(leads("2002:a00:1:ffff::"), ten);
        assert_eq!(leads("::10.0.0.1"), ten);
        for other in ["10.0.0.1", "::1", "::", "2001:db8::10.0.0.1"] {
            assert_eq!(leads(other), None, "{other}");
        }
    }
}
