//! What is granted and what is not, question by question.

use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> NetRule {
    text.parse().unwrap()
}

fn grants(policy: Policy) -> Grants {
    Grants::new(Arc::new(policy))
}

fn allowing(rules: &[&str]) -> Grants {
    let allow = |policy: Policy, rule: &&str| policy.allow_net(net(rule));
    grants(rules.iter().fold(Policy::default(), allow))
}

fn said(result: Result<(), Denial>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn who_was_heard_may_be_answered_by_that_socket_unless_denied() {
    let policy = Policy::default().deny_net(net("10.0.0.1"));
    let mut grants = grants(policy);
    for peer in ["192.0.2.1:9", "10.0.0.1:9", "[::ffff:10.0.0.1]:9"] {
        grants.heard(1, at(peer));
    }
    assert!(grants.send_by(1, at("192.0.2.1:9")).is_ok());
    assert!(grants.send_by(1, at("192.0.2.1:10")).is_err());
    assert!(grants.send_by(2, at("192.0.2.1:9")).is_err());
    assert!(grants.send_by(1, at("10.0.0.1:9")).is_err());
    assert!(grants.send_by(1, at("[::ffff:10.0.0.1]:9")).is_err());
    assert!(grants.connect(at("192.0.2.1:9")).is_err());
}

#[test]
fn nothing_is_granted_by_default() {
    let none = grants(Policy::default());
    assert_eq!(
        said(none.connect(at("10.0.0.1:80"))),
        "connect to 10.0.0.1:80: not granted; --allow-net=10.0.0.1:80 would allow it"
    );
    assert_eq!(
        said(none.connect(at("[::1]:80"))),
        "connect to [::1]:80: not granted; --allow-net=[::1]:80 would allow it"
    );
    assert_eq!(
        said(none.lookup("Example.com.")),
        "look up Example.com.: not granted; --allow-net=example.com would allow it"
    );
    assert_eq!(
        said(none.listen(at("127.0.0.1:0"))),
        "listen at 127.0.0.1:0: not granted; --allow-listen=127.0.0.1:0 would allow it"
    );
}

#[test]
fn following_the_advice_of_a_denial_allows() {
    for address in [
        "10.0.0.1:80",
        "[::1]:80",
        "0.0.0.0:80",
        "[::]:80",
        "[::ffff:1.2.3.4]:80",
        "1.2.3.4:0",
        "[fe80::1%2]:80",
    ] {
        let denial = said(grants(Policy::default()).connect(at(address)));
        let (_, flag) = denial.split_once("--allow-net=").unwrap();
        let (rule, _) = flag.split_once(' ').unwrap();
        assert_eq!(allowing(&[rule]).connect(at(address)), Ok(()), "{rule}");
    }
}

#[test]
fn all_of_it_is_granted_at_once() {
    let all = grants(Policy::allow_all());
    assert_eq!(all.connect(at("10.0.0.1:80")), Ok(()));
    assert_eq!(all.lookup("example.com"), Ok(()));
    assert_eq!(all.lookup("10.0.0.1"), Ok(()));
    assert_eq!(all.listen(at("0.0.0.0:80")), Ok(()));
}

#[test]
fn an_address_is_granted_at_its_port() {
    let some = allowing(&["10.0.0.1:80"]);
    assert_eq!(some.connect(at("10.0.0.1:80")), Ok(()));
    assert_eq!(some.connect(at("[::ffff:10.0.0.1]:80")), Ok(()));
    assert!(some.connect(at("10.0.0.1:81")).is_err());
    assert!(some.connect(at("10.0.0.2:80")).is_err());
    assert!(some.listen(at("10.0.0.1:80")).is_err());
}

#[test]
fn a_deny_beats_everything() {
    let policy = Policy::allow_all()
        .allow_net(net("10.0.0.1:80"))
        .allow_net(net("example.com"))
        .deny_net(net("10.0.0.0/8"))
        .deny_listen("*:80".parse().unwrap());
    let mut some = grants(policy);
    some.pin("example.com", &[at("10.0.0.1:80")]);
    assert_eq!(
        said(some.connect(at("10.0.0.1:80"))),
        "connect to 10.0.0.1:80: denied by the policy's rule `deny net 10.0.0.0/8`"
    );
    assert!(some.connect(at("[::ffff:10.0.0.1]:80")).is_err());
    assert!(some.lookup("10.0.0.1").is_err());
    assert!(some.listen(at("127.0.0.1:80")).is_err());
    assert_eq!(some.connect(at("11.0.0.1:80")), Ok(()));
}

#[test]
fn a_denied_loopback_is_not_reached_through_the_unspecified_address() {
    let some = grants(
        Policy::allow_all()
            .deny_net(net("127.0.0.0/8"))
            .deny_net(net("[::1]")),
    );
    for address in [
        "127.0.0.1:80",
        "0.0.0.0:80",
        "[::ffff:0.0.0.0]:80",
        "[::]:80",
        "[::1]:80",
    ] {
        assert!(some.connect(at(address)).is_err(), "{address}");
    }
}

#[test]
fn a_denied_name_is_not_looked_up() {
    let some = grants(Policy::allow_all().deny_net(net("*.example.com")));
    assert!(some.lookup("WWW.example.com.").is_err());
    assert_eq!(some.lookup("example.com"), Ok(()));
}

#[test]
fn a_denied_port_does_not_deny_lookups() {
    let some = grants(Policy::allow_all().deny_net(net("*:25")));
    assert_eq!(some.lookup("example.com"), Ok(()));
    assert_eq!(some.lookup("10.0.0.1"), Ok(()));
    assert!(some.connect(at("10.0.0.1:25")).is_err());
}

#[test]
fn what_was_looked_up_may_be_connected_to_at_the_rules_port() {
    let mut some = allowing(&["example.com:443", "other.example"]);
    assert!(some.connect(at("1.2.3.4:443")).is_err());
    some.pin("EXAMPLE.com.", &[at("1.2.3.4:0"), at("[::ffff:1.2.3.5]:0")]);
    assert_eq!(some.connect(at("1.2.3.4:443")), Ok(()));
    assert_eq!(some.connect(at("1.2.3.5:443")), Ok(()));
    assert_eq!(some.lookup("1.2.3.4"), Ok(()));
    assert!(some.connect(at("1.2.3.4:80")).is_err());
    assert!(some.connect(at("1.2.3.6:443")).is_err());
}

#[test]
fn a_name_that_no_rule_grants_pins_nothing() {
    let mut some = allowing(&["example.com", "*:80"]);
    some.pin("evil.example", &[at("1.2.3.4:443")]);
    assert!(some.connect(at("1.2.3.4:443")).is_err());
}

/// What a name is not to reach, in all its forms.
const SPECIAL: [&str; 26] = [
    "127.0.0.1:80",
    "127.255.255.255:80",
    "[::1]:80",
    "0.0.0.0:80",
    "[::]:80",
    "0.1.2.3:80",
    "169.254.1.1:80",
    "169.254.169.254:80",
    "[fe80::1%2]:80",
    "[fd00:ec2::254]:80",
    "100.100.100.200:80",
    "168.63.129.16:80",
    "10.0.0.1:80",
    "172.31.0.1:80",
    "192.168.0.1:80",
    "[fc00::1]:80",
    "100.64.0.1:80",
    "224.0.0.1:80",
    "[ff02::1]:80",
    "198.18.0.1:80",
    "255.255.255.255:80",
    "[::ffff:10.0.0.1]:80",
    "[::10.0.0.1]:80",
    "[64:ff9b::10.0.0.1]:80",
    "[64:ff9b:1::10.0.0.1]:80",
    "[2002:7f00:1::1]:80",
];

type Question = fn(&Grants, SocketAddr) -> Result<(), Denial>;

/// The questions about peers, which have one answer.
const PEER: [(Question, &str); 2] = [
    (Grants::connect, "connect to"),
    (Grants::send_to, "send to"),
];

#[test]
fn a_name_reaches_no_special_address_unless_a_rule_grants_it_too() {
    for address in SPECIAL {
        let rule = match judged(at(address).ip()) {
            IpAddr::V4(v4) => format!("{v4}"),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        for (asked, words) in PEER {
            let mut named = allowing(&["example.com"]);
            named.pin("example.com", &[at(address)]);
            let said = said(asked(&named, at(address)));
            let told = format!(
                "{words} {}: granted by name, which reaches no ",
                at(address)
            );
            assert!(said.starts_with(&told), "{said}");
            assert!(
                said.ends_with(&format!("{rule}:80 would allow it")),
                "{said}"
            );
            for rules in [&["example.com", &rule], &["example.com", "*"]] {
                let mut both = allowing(rules);
                both.pin("example.com", &[at(address)]);
                assert_eq!(asked(&both, at(address)), Ok(()), "{address}");
            }
        }
    }
}

#[test]
fn a_deny_holds_for_every_address_that_a_lookup_returned() {
    let policy = Policy::default()
        .allow_net(net("example.com"))
        .allow_net(net("localhost"))
        .deny_net(net("1.2.3.0/24"))
        .deny_net(net("127.0.0.0/8"));
    let mut some = grants(policy);
    let found = [
        "1.2.3.4:80",
        "[64:ff9b::1.2.3.4]:80",
        "[2002:102:304::]:80",
        "1.2.4.4:80",
    ];
    some.pin("example.com", &found.map(at));
    some.pin("localhost", &[at("127.0.0.1:80")]);
    for (asked, _) in PEER {
        for denied in [found[0], found[1], found[2], "127.0.0.1:80"] {
            let said = said(asked(&some, at(denied)));
            assert!(said.contains("denied by the policy's rule"), "{said}");
        }
        assert_eq!(asked(&some, at(found[3])), Ok(()));
    }
    assert!(some.lookup("64:ff9b::1.2.3.4").is_err());
}

#[test]
fn localhost_grants_the_loopback_and_only_that() {
    for name in ["localhost", "Db.LOCALHOST."] {
        let mut some = allowing(&["localhost", "*.localhost"]);
        let found = ["127.0.0.1:80", "[::1]:80", "0.0.0.0:80", "10.0.0.1:80"];
        some.pin(name, &found.map(at));
        for (asked, _) in PEER {
            for granted in [found[0], found[1], found[2]] {
                assert_eq!(asked(&some, at(granted)), Ok(()), "{name} {granted}");
            }
            assert!(asked(&some, at(found[3])).is_err());
        }
    }
}

#[test]
fn what_localhost_grants_another_name_at_another_port_does_not() {
    let mut some = allowing(&["localhost:80", "example.com"]);
    some.pin("localhost", &[at("127.0.0.1:0")]);
    some.pin("example.com", &[at("127.0.0.1:0")]);
    assert_eq!(some.connect(at("127.0.0.1:80")), Ok(()));
    assert!(some.connect(at("127.0.0.1:81")).is_err());
}

#[test]
fn a_name_that_is_bound_to_another_address_keeps_what_it_granted() {
    let mut some = allowing(&["example.com"]);
    some.pin("example.com", &[at("1.2.3.4:0")]);
    some.pin("example.com", &[at("10.0.0.1:0")]);
    assert_eq!(some.connect(at("1.2.3.4:80")), Ok(()));
    assert!(some.connect(at("10.0.0.1:80")).is_err());
}

#[test]
fn binding_is_granted_as_listening_is() {
    let policy = Policy::default().allow_listen("127.0.0.1:0".parse().unwrap());
    let some = grants(policy.clone().deny_listen("127.0.0.1:80".parse().unwrap()));
    for asked in [Grants::bind, Grants::listen] {
        assert_eq!(asked(&some, at("127.0.0.1:0")), Ok(()));
        assert!(asked(&some, at("127.0.0.2:0")).is_err());
        assert!(asked(&some, at("0.0.0.0:80")).is_err());
        assert!(asked(&allowing(&["*"]), at("127.0.0.1:0")).is_err());
    }
    assert_eq!(
        said(some.bind(at("0.0.0.0:53"))),
        "bind to 0.0.0.0:53: not granted; --allow-listen=0.0.0.0:53 would allow it"
    );
}

#[test]
fn numeric_names_follow_their_address() {
    let some = allowing(&["10.0.0.1:80", "[fe80::1]"]);
    assert_eq!(some.lookup("10.0.0.1"), Ok(()));
    assert_eq!(some.lookup("::ffff:10.0.0.1"), Ok(()));
    assert_eq!(some.lookup("fe80::1%eth0"), Ok(()));
    assert_eq!(
        said(some.lookup("::2")),
        "look up ::2: not granted; --allow-net=[::2] would allow it"
    );
}

#[test]
fn the_name_of_an_address_is_granted_with_the_address() {
    let mut some = allowing(&["10.0.0.1:80", "example.com"]);
    some.pin("example.com", &[at("1.2.3.4:0"), at("10.0.0.2:0")]);
    for granted in ["10.0.0.1", "::ffff:10.0.0.1", "1.2.3.4"] {
        assert_eq!(some.reverse(granted.parse().unwrap()), Ok(()), "{granted}");
    }
    assert_eq!(
        said(some.reverse("10.0.0.2".parse().unwrap())),
        "look up the name of 10.0.0.2: not granted; --allow-net=10.0.0.2 would allow it"
    );
    let denying = grants(Policy::allow_all().deny_net(net("10.0.0.0/8")));
    assert!(denying.reverse("10.0.0.1".parse().unwrap()).is_err());
}

#[test]
fn an_address_to_listen_at_may_be_looked_up() {
    let policy = Policy::default().allow_listen("0.0.0.0:80".parse().unwrap());
    assert_eq!(grants(policy.clone()).lookup("0.0.0.0"), Ok(()));
    assert!(grants(policy).lookup("127.0.0.1").is_err());
}

#[test]
fn a_denial_never_advises_what_is_no_rule() {
    let none = grants(Policy::default());
    for name in ["$(reboot)", "*", "*.com", "a,b", "", "127.1", "a\nb"] {
        let said = said(none.lookup(name));
        assert!(
            said.ends_with("not granted, and no flag would allow it"),
            "{said}"
        );
        assert!(!said.contains('\n'));
    }
}
