//! What configurations are made of: PEM, roots, keys and options, good and bad.

use aio_loop::tls::{
    ClientCertificates, ClientConfig, ClientOptions, Engine, Error, Identity, PEM_MAX, Roots,
    ServerConfig, ServerOptions, Version, Versions,
};

use super::authority::Authority;
use super::{NAME, Pair, options};

#[test]
fn a_key_belongs_to_its_certificate() {
    let authority = Authority::new();
    let (one, other) = (authority.issue(NAME, |_| {}), authority.issue(NAME, |_| {}));
    let read = |chain: &str, key: &str| Identity::from_pem(chain.as_bytes(), key.as_bytes());
    let both = format!("{}{}", one.key, one.chain);
    assert!(read(&both, &both).is_ok());
    let error = |chain: &str, key: &str| read(chain, key).unwrap_err();
    assert_eq!(error(&one.chain, &other.key), Error::KeyMismatch);
    assert_eq!(error(&one.key, &one.key), Error::InvalidPem);
    assert_eq!(error(&one.chain, &one.chain), Error::InvalidPem);
    assert_eq!(error("", &one.key), Error::InvalidPem);
    let nonsense = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(error(&one.chain, nonsense), Error::UnsupportedKey);
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bad = error(nonsense, &one.key);
    assert!(matches!(bad, Error::BadCertificate(_)), "{bad:?}");
}

#[test]
fn pem_is_bounded() {
    let mut bundle = Authority::new().pem().into_bytes();
    bundle.resize(PEM_MAX, b'\n');
    assert!(Roots::from_pem(&bundle).is_ok());
    bundle.push(b'\n');
    assert_eq!(Roots::from_pem(&bundle).unwrap_err(), Error::PemTooLong);
    let issued = Authority::new().issue(NAME, |_| {});
    let long = Identity::from_pem(issued.chain.as_bytes(), &bundle);
    assert_eq!(long.unwrap_err(), Error::PemTooLong);
}

#[test]
fn roots_that_make_no_sense_are_left_out_unless_none_is_left() {
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let read = |text: &str| Roots::from_pem(text.as_bytes());
    assert_eq!(read(nonsense).unwrap_err(), Error::InvalidPem);
    assert_eq!(read("no PEM").unwrap_err(), Error::InvalidPem);
    assert!(read(&format!("{nonsense}{}", Authority::new().pem())).is_ok());
}

#[test]
fn the_roots_of_the_system_are_there_for_the_asking() {
    let (mut client, server) = options(&Authority::new());
    client.roots = Roots::System;
    // A system without any has nobody to trust, and that is said.
    match ClientConfig::new(client.clone()) {
        Ok(_) => {
            let mut pair = Pair::new((client, server));
            assert_eq!(pair.client_refuses().0, Error::UnknownIssuer);
        }
        Err(error) => assert_eq!(error, Error::InvalidOptions),
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let authority = Authority::new();
    let backwards = Versions {
        min: Version::Tls13,
        max: Version::Tls12,
    };
    let client = |change: fn(&mut ClientOptions)| {
        let (mut client, _) = options(&authority);
        change(&mut client);
        ClientConfig::new(client).map(drop)
    };
    let server = |change: &dyn Fn(&mut ServerOptions)| {
        let (_, mut server) = options(&authority);
        change(&mut server);
        ServerConfig::new(server).map(drop)
    };
    let invalid = Err(Error::InvalidOptions);
    assert_eq!(client(|_| {}), Ok(()));
    assert_eq!(server(&|_| {}), Ok(()));
    assert_eq!(client(|client| client.roots = Roots::None), invalid);
    assert_eq!(server(&|server| server.versions = backwards), invalid);
    assert_eq!(server(&|server| server.identities.clear()), invalid);
    let nobody = || ClientCertificates::Required(Roots::None);
    let no_roots = |server: &mut ServerOptions| server.client_certificates = nobody();
    assert_eq!(server(&no_roots), invalid);
    let nonsense = |client: &mut ClientOptions| {
        client.revocations =
            vec![b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_vec()];
    };
    assert_eq!(client(nonsense), Err(Error::InvalidPem));
}

#[test]
fn a_name_that_is_none_is_refused() {
    let (client, _) = options(&Authority::new());
    let config = ClientConfig::new(client).unwrap();
    let long = "a".repeat(300);
    for name in ["", "a b", "-a.example", "a\0b", "a..b", &long] {
        let error = Engine::client(&config, Some(name)).unwrap_err();
        assert_eq!(error, Error::InvalidName, "{name}");
    }
    let error = Engine::client(&config, None).unwrap_err();
    assert_eq!(error, Error::InvalidName);
}
