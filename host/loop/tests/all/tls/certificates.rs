//! Whom one talks to: names, issuers, times, revocation, and the certificates of clients.

use aio_loop::tls::{
    Alert, ClientCertificates, ClientConfig, Engine, Error, Roots, ServerConfig, Verification,
};
use rcgen::{ExtendedKeyUsagePurpose, SerialNumber, date_time_ymd};

use super::authority::Authority;
use super::{NAME, ONLY_TLS12, ONLY_TLS13, Pair, options};

#[test]
fn a_server_appears_under_the_name_that_is_wanted() {
    let authority = Authority::new();
    let (client, mut server) = options(&authority);
    server.identities = ["first.example", "*.second.example"]
        .map(|name| authority.identity(name))
        .into();
    let client = ClientConfig::new(client).unwrap();
    let server = ServerConfig::new(server).unwrap();
    for name in ["first.example", "a.second.example", "FIRST.example"] {
        let mut pair = Pair::of(&client, &server, name);
        pair.shake();
        let told = pair.server.negotiated().unwrap().server_name;
        assert_eq!(told, Some(name.to_lowercase()));
        assert_eq!(pair.client.negotiated().unwrap().server_name, None);
    }
    let mut pair = Pair::of(&client, &server, "third.example");
    assert_eq!(pair.client_refuses().0, Error::BadName);
}

#[test]
fn a_name_is_told_unless_it_is_not_to_be_or_is_an_address() {
    let authority = Authority::new();
    let (mut client, mut server) = options(&authority);
    server.identities.push(authority.identity("127.0.0.1"));
    let server = ServerConfig::new(server).unwrap();
    client.verification = Verification::ChainOnly;
    let telling = ClientConfig::new(client.clone()).unwrap();
    client.tells_name = false;
    let silent = ClientConfig::new(client).unwrap();
    for (client, name, told) in [
        (&telling, Some(NAME), Some(NAME)),
        (&telling, Some("127.0.0.1"), None),
        (&telling, None, None),
        (&silent, Some(NAME), None),
    ] {
        let mut pair = Pair {
            client: Engine::client(client, name).unwrap(),
            server: Engine::server(&server).unwrap(),
        };
        pair.shake();
        let wanted = pair.server.negotiated().unwrap().server_name;
        assert_eq!(wanted.as_deref(), told);
    }
}

#[test]
fn a_certificate_may_be_for_an_address() {
    let authority = Authority::new();
    let (client, mut server) = options(&authority);
    server.identities = vec![authority.identity("127.0.0.1")];
    let client = ClientConfig::new(client).unwrap();
    let server = ServerConfig::new(server).unwrap();
    Pair::of(&client, &server, "127.0.0.1").shake();
    let mut pair = Pair::of(&client, &server, "127.0.0.2");
    assert_eq!(pair.client_refuses().0, Error::BadName);
}

#[test]
fn a_bad_name_is_refused_unless_names_do_not_count() {
    let authority = Authority::new();
    let (mut client, server) = options(&authority);
    let server = ServerConfig::new(server).unwrap();
    let strict = ClientConfig::new(client.clone()).unwrap();
    let refusal = Pair::of(&strict, &server, "other.example").client_refuses();
    let told = Error::Alert(Alert::BadCertificate);
    assert_eq!(refusal, (Error::BadName, told));
    client.verification = Verification::ChainOnly;
    let lax = ClientConfig::new(client).unwrap();
    Pair::of(&lax, &server, "other.example").shake();
}

#[test]
fn an_unknown_issuer_is_refused_unless_nothing_counts() {
    let (mut client, server) = options(&Authority::new());
    client.roots = Authority::new().roots();
    let told = Error::Alert(Alert::UnknownCA);
    for verification in [Verification::Full, Verification::ChainOnly] {
        client.verification = verification;
        let mut pair = Pair::new((client.clone(), server.clone()));
        assert_eq!(pair.client_refuses(), (Error::UnknownIssuer, told.clone()));
    }
    client.roots = Roots::Nobody;
    let mut pair = Pair::new((client.clone(), server.clone()));
    assert_eq!(pair.client_refuses(), (Error::UnknownIssuer, told));
    client.verification = Verification::None;
    client.roots = Roots::None;
    Pair::new((client, server)).shake();
}

#[test]
fn roots_can_be_put_together() {
    let (one, other) = (Authority::new(), Authority::new());
    for authority in [&one, &other] {
        let (mut client, server) = options(authority);
        client.roots = Roots::None.and(&one.roots()).and(&other.roots());
        Pair::new((client, server)).shake();
    }
}

#[test]
fn a_trusted_certificate_may_be_shown_itself() {
    let (mut client, mut server) = options(&Authority::new());
    let alone = Authority::alone(NAME);
    server.identities = vec![alone.identity()];
    let server = ServerConfig::new(server).unwrap();
    let stranger = ClientConfig::new(client.clone()).unwrap();
    let mut pair = Pair::of(&stranger, &server, NAME);
    assert_eq!(pair.client_refuses().0, Error::UnknownIssuer);
    client.roots = client
        .roots
        .and(&Roots::from_pem(alone.chain.as_bytes()).unwrap());
    let friend = ClientConfig::new(client.clone()).unwrap();
    Pair::of(&friend, &server, NAME).shake();
    let mut pair = Pair::of(&friend, &server, "other.example");
    assert_eq!(pair.client_refuses().0, Error::BadName);
    client.verification = Verification::ChainOnly;
    let lax = ClientConfig::new(client).unwrap();
    Pair::of(&lax, &server, "other.example").shake();
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let authority = Authority::new();
    let (client, mut server) = options(&authority);
    let expired = authority.issue(NAME, |params| params.not_after = date_time_ymd(2020, 1, 1));
    server.identities = vec![expired.identity()];
    let refusal = Pair::new((client.clone(), server.clone())).client_refuses();
    let told = Error::Alert(Alert::CertificateExpired);
    assert_eq!(refusal, (Error::Expired, told));
    let early = authority.issue(NAME, |params| params.not_before = date_time_ymd(4000, 1, 1));
    server.identities = vec![early.identity()];
    let refusal = Pair::new((client, server)).client_refuses();
    assert_eq!(refusal.0, Error::NotYetValid);
}

#[test]
fn a_revoked_certificate_is_refused_and_others_of_the_issuer_are_not() {
    let authority = Authority::new();
    let (mut client, mut server) = options(&authority);
    let issued = authority.issue(NAME, |params| {
        params.serial_number = Some(SerialNumber::from(77));
    });
    server.identities = vec![issued.identity()];
    for verification in [Verification::Full, Verification::ChainOnly] {
        client.verification = verification;
        client.revocations = vec![authority.revoke(77)];
        let refusal = Pair::new((client.clone(), server.clone())).client_refuses();
        let told = Error::Alert(Alert::CertificateRevoked);
        assert_eq!(refusal, (Error::Revoked, told));
        client.revocations = vec![authority.revoke(78)];
        Pair::new((client.clone(), server.clone())).shake();
    }
}

#[test]
fn a_certificate_for_another_purpose_is_bad() {
    let authority = Authority::new();
    let (client, mut server) = options(&authority);
    let issued = authority.issue(NAME, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    server.identities = vec![issued.identity()];
    let (error, _) = Pair::new((client, server)).client_refuses();
    assert!(matches!(error, Error::BadCertificate(_)), "{error:?}");
}

#[test]
fn a_client_shows_its_certificate_when_asked() {
    let authority = Authority::new();
    for versions in [ONLY_TLS12, ONLY_TLS13] {
        let (mut client, mut server) = options(&authority);
        client.identity = Some(authority.identity("client.example"));
        server.versions = versions;
        for (asked, shown) in [
            (ClientCertificates::None, 0),
            (ClientCertificates::Optional(authority.roots()), 1),
            (ClientCertificates::Required(authority.roots()), 1),
        ] {
            server.client_certificates = asked;
            let mut pair = Pair::new((client.clone(), server.clone()));
            pair.shake();
            let negotiated = pair.server.negotiated().unwrap();
            assert_eq!(negotiated.certificates.len(), shown);
            assert_eq!(pair.client.negotiated().unwrap().certificates.len(), 1);
        }
    }
}

#[test]
fn a_client_without_a_certificate_is_let_in_unless_one_is_required() {
    let authority = Authority::new();
    let (client, mut server) = options(&authority);
    server.client_certificates = ClientCertificates::Optional(authority.roots());
    Pair::new((client.clone(), server.clone())).shake();
    server.client_certificates = ClientCertificates::Required(authority.roots());
    let (told, refusal) = Pair::new((client, server)).settle();
    assert_eq!(refusal, Err(Error::CertificateRequired));
    assert_eq!(told, Err(Error::CertificateRequired));
}

#[test]
fn a_client_with_a_bad_certificate_is_not_let_in() {
    let authority = Authority::new();
    let (mut client, mut server) = options(&authority);
    client.identity = Some(Authority::new().identity("client.example"));
    server.client_certificates = ClientCertificates::Optional(authority.roots());
    let (told, refusal) = Pair::new((client.clone(), server.clone())).settle();
    assert_eq!(refusal, Err(Error::UnknownIssuer));
    assert_eq!(told, Err(Error::Alert(Alert::UnknownCA)));
    let revoked = authority.issue("client.example", |params| {
        params.serial_number = Some(SerialNumber::from(5));
    });
    client.identity = Some(revoked.identity());
    server.revocations = vec![authority.revoke(5)];
    let (_, refusal) = Pair::new((client, server)).settle();
    assert_eq!(refusal, Err(Error::Revoked));
}
