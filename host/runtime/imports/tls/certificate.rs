//! A peer's certificate in words. Nothing here decides anything: who trusts what was decided in the
//! handshake, and a certificate that cannot be read still has its bytes.

use std::fmt::Write;
use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::super::wit::tls::Certificate;

/// The short names of RFC 4514.
const SHORT_NAMES: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// Reads a certificate. One that makes no sense, which a handshake without verification takes, has
/// empty names.
pub(super) fn read(der: Vec<u8>) -> Certificate {
    let mut certificate = X509Certificate::from_der(&der)
        .map(|(_, parsed)| describe(&parsed))
        .unwrap_or_else(|_| unreadable());
    certificate.der = der;
    certificate
}

fn unreadable() -> Certificate {
    Certificate {
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before: 0,
        not_after: 0,
        alternative_names: Vec::new(),
        der: Vec::new(),
    }
}

fn describe(certificate: &X509Certificate<'_>) -> Certificate {
    let validity = certificate.validity();
    Certificate {
        subject: name(certificate.subject()),
        issuer: name(certificate.issuer()),
        serial: hexadecimal(certificate.raw_serial()),
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        alternative_names: alternative_names(certificate),
        der: Vec::new(),
    }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names.filter_map(alternative_name).collect()
}

/// Kinds of names that no program of today asks for are left out.
fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        GeneralName::URI(uri) => Some(format!("URI:{uri}")),
        GeneralName::RFC822Name(mail) => Some(format!("email:{mail}")),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| v6()).ok()
}

/// Writes a name as RFC 4514 does: the last part first.
fn name(name: &X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter_rdn()
        .map(|part| {
            let attributes: Vec<String> = part.iter().map(attribute).collect();
            attributes.join("+")
        })
        .collect();
    let backwards: Vec<String> = parts.into_iter().rev().collect();
    backwards.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let kind = attribute.attr_type().to_id_string();
    let short = SHORT_NAMES.iter().find(|(id, _)| *id == kind);
    match (short, attribute.as_str()) {
        (Some((_, short)), Ok(text)) => format!("{short}={}", escaped(text)),
        (None, Ok(text)) => format!("{kind}={}", escaped(text)),
        (_, Err(_)) => format!("{kind}=#{}", hexadecimal(attribute.as_slice())),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let at_an_end = index == 0 || index == last;
        if matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\')
            || c == ' ' && at_an_end
            || c == '#' && index == 0
        {
            escaped.push('\\');
        }
        match c {
            '\0' => escaped.push_str("\\00"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, SerialNumber, date_time_ymd};

    use super::*;

    fn issued(change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        change(&mut params);
        let signed = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        read(signed.der().to_vec())
    }

    #[test]
    fn all_parts_are_read() {
        let certificate = issued(|params| {
            let name = &mut params.distinguished_name;
            name.push(DnType::CountryName, "DE");
            name.push(DnType::OrganizationName, "A, B + C");
            name.push(DnType::CommonName, "example.com");
            params.serial_number = Some(SerialNumber::from(0x0102_u64));
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2030, 1, 1);
            params.subject_alt_names = vec![
                SanType::DnsName("example.com".try_into().unwrap()),
                SanType::IpAddress("127.0.0.1".parse().unwrap()),
                SanType::IpAddress("::1".parse().unwrap()),
                SanType::URI("urn:a".try_into().unwrap()),
                SanType::Rfc822Name("a@example.com".try_into().unwrap()),
            ];
        });
        assert_eq!(certificate.subject, r"CN=example.com,O=A\, B \+ C,C=DE");
        assert_eq!(certificate.issuer, certificate.subject);
        assert_eq!(certificate.serial, "0102");
        assert_eq!(certificate.not_before, 1_577_836_800);
        assert_eq!(certificate.not_after, 1_893_456_000);
        assert_eq!(
            certificate.alternative_names,
            [
                "example.com",
                "127.0.0.1",
                "::1",
                "URI:urn:a",
                "email:a@example.com"
            ]
        );
        assert!(!certificate.der.is_empty());
    }

    #[test]
    fn an_unknown_kind_is_told_by_number() {
        let certificate = issued(|params| {
            let kind = DnType::CustomDnType(vec![1, 2, 3]);
            params.distinguished_name.push(kind, "x");
        });
        assert_eq!(certificate.subject, "1.2.3=x");
    }

    #[test]
    fn names_cannot_pass_for_others() {
        assert_eq!(escaped("a,CN=b"), r"a\,CN=b");
        assert_eq!(escaped(" a b "), r"\ a b\ ");
        assert_eq!(escaped("#\0\\"), r"\#\00\\");
        assert_eq!(escaped(""), "");
    }

    #[test]
    fn what_makes_no_sense_still_has_its_bytes() {
        let certificate = read(b"garbage".to_vec());
        assert_eq!(certificate.der, b"garbage");
        assert_eq!(certificate.subject, "");
    }
}
