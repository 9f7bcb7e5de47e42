//! Names by a resolver of the tests' own, in namespaces where nothing of the machine's network is
//! seen. They need root: `cargo xtask test` runs them where it has it.

use super::super::support::{Running, guest};
use super::network::Network;

const RECORDS: &str = "\
93.184.216.34 web.test
93.184.216.40 several.test
93.184.216.41 several.test
2606:2800:220:1::1 several.test
127.0.0.1 loopback.test
169.254.169.254 metadata.test
10.0.0.1 private.test
::ffff:10.0.0.1 mapped.test
64:ff9b::10.0.0.1 translated.test
";

/// Runs `dns_ask` with these commands, and tells what each came to.
#[track_caller]
fn ask(network: &Network, flags: &[&str], commands: &[&str]) -> Vec<String> {
    let ran = network.run(flags, &guest("dns_ask"), commands);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs root"]
fn all_addresses_come_for_each_kind_of_socket_in_the_systems_order() {
    let network = Network::start(RECORDS);
    for name in ["ordered.test", "several.test", "web.test", "localhost"] {
        let resolve = format!("resolve {name} 80 configured");
        let told = ask(&network, &["--allow-net"], &[&resolve]);
        let found: Vec<(String, String)> = told[0].split("; ").map(address_and_kind).collect();
        let expected = network.getent(name);
        assert!(!expected.is_empty());
        assert_eq!(found, expected, "{name}");
    }
}

/// As the system's own program shows them.
fn address_and_kind(found: &str) -> (String, String) {
    let words: Vec<&str> = found.split(' ').collect();
    let (address, _port) = words[0].rsplit_once(':').unwrap();
    let kind = match words[1] {
        "datagram" => "DGRAM".to_owned(),
        other => other.to_uppercase(),
    };
    (address.trim_matches(['[', ']']).to_owned(), kind)
}

#[test]
#[ignore = "needs root"]
fn the_hosts_file_comes_before_the_server() {
    let network = Network::start(&format!("{RECORDS}93.184.216.99 ordered.test\n"));
    let told = ask(&network, &["--allow-net"], &["lookup ordered.test 80"]);
    assert!(!told[0].contains("93.184.216.99"), "{told:?}");
    assert_eq!(told[0].split(' ').count(), 3, "{told:?}");
}

#[test]
#[ignore = "needs root"]
fn families_canonical_names_and_names_that_do_not_exist() {
    let network = Network::start(RECORDS);
    let commands = [
        "resolve several.test 80 stream v6",
        "resolve web.test 80 stream v6",
        "resolve web.test 80 stream v6 mapped",
        "resolve alias.test 80 stream canonical",
        "resolve no-such-name.test 80",
        "resolve web.test 80 numeric-host",
        "resolve - 80 stream passive v4",
        "resolve - - stream",
        "resolve web.test 80 too-long",
        "lookup alias.test 80",
    ];
    let expected = [
        "[2606:2800:220:1::1]:80 stream 6",
        "name-unresolvable",
        "[::ffff:93.184.216.34]:80 stream 6",
        "93.184.216.34:80 stream 6 web.test",
        "name-unresolvable",
        "name-unresolvable",
        "0.0.0.0:80 stream 6",
        "invalid-argument",
        "out-of-range",
        "93.184.216.34:80",
    ];
    assert_eq!(ask(&network, &["--allow-net"], &commands), expected);
}

#[test]
#[ignore = "needs root"]
fn services_belong_to_kinds_of_sockets() {
    let network = Network::start(RECORDS);
    let commands = [
        "resolve 1.2.3.4 both",
        "resolve 1.2.3.4 both datagram",
        "resolve 1.2.3.4 both 6",
        "resolve 1.2.3.4 of-datagrams datagram",
        "resolve 1.2.3.4 of-datagrams stream",
        "resolve 1.2.3.4 both numeric-service",
        "resolve 1.2.3.4 both raw",
        "reverse 1.2.3.4:5556 numeric-host datagram",
        "reverse 1.2.3.4:5556 numeric-host",
    ];
    let expected = [
        "1.2.3.4:5555 stream 6; 1.2.3.4:5556 datagram 17",
        "1.2.3.4:5556 datagram 17",
        "1.2.3.4:5555 stream 6",
        "1.2.3.4:4444 datagram 17",
        "service-unknown",
        "service-unknown",
        "service-unknown",
        "1.2.3.4 both",
        "1.2.3.4 5556",
    ];
    assert_eq!(ask(&network, &["--allow-net"], &commands), expected);
}

#[test]
#[ignore = "needs root"]
fn addresses_have_names() {
    let network = Network::start(RECORDS);
    let commands = [
        "reverse 93.184.216.34:80",
        "reverse 93.184.216.34:5555 numeric-host",
        "reverse 93.184.216.99:80",
        "reverse 93.184.216.99:80 required",
        "reverse [2606:2800:220:1::1]:80",
    ];
    let expected = [
        "web.test 80",
        "93.184.216.34 both",
        "93.184.216.99 80",
        "name-unresolvable",
        "several.test 80",
    ];
    assert_eq!(ask(&network, &["--allow-net"], &commands), expected);
}

#[test]
#[ignore = "needs root"]
fn the_name_of_an_address_is_granted_with_the_address() {
    let network = Network::start(RECORDS);
    let reverse = [
        "reverse 93.184.216.34:80",
        "reverse 93.184.216.34:80 numeric-host",
    ];
    let numeric = "93.184.216.34 80";
    let refused = ask(&network, &["--allow-net=web.test"], &reverse);
    assert_eq!(refused, ["access-denied", numeric]);
    let granted = ask(&network, &["--allow-net=93.184.216.34:443"], &reverse);
    assert_eq!(granted, ["web.test 80", numeric]);
    let looked_up = ask(
        &network,
        &["--allow-net=web.test"],
        &["lookup web.test 80", reverse[0]],
    );
    assert_eq!(looked_up[1], "web.test 80");
}

#[test]
#[ignore = "needs root"]
fn a_name_leads_to_the_public_internet() {
    let network = Network::start(RECORDS);
    let flags = ["--allow-net=web.test", "--allow-listen=93.184.216.34:80"];
    let commands = [
        "listen 93.184.216.34:80",
        "connect 93.184.216.34:80",
        "lookup web.test 80",
        "connect 93.184.216.34:80",
        "connect-name web.test 80",
    ];
    let expected = [
        "listening",
        "access-denied",
        "93.184.216.34:80",
        "connected",
        "connected to 93.184.216.34:80",
    ];
    assert_eq!(ask(&network, &flags, &commands), expected);
}

#[test]
#[ignore = "needs root"]
fn a_name_that_leads_into_the_hosts_network_is_refused_unless_that_is_granted_too() {
    let network = Network::start(RECORDS);
    for (name, address, rule) in [
        ("loopback.test", "127.0.0.1:80", "127.0.0.1"),
        ("metadata.test", "169.254.169.254:80", "169.254.169.254"),
        ("private.test", "10.0.0.1:80", "10.0.0.0/8"),
        ("mapped.test", "[::ffff:10.0.0.1]:80", "10.0.0.1"),
        ("translated.test", "[64:ff9b::a00:1]:80", "[64:ff9b::a00:1]"),
    ] {
        let commands = [
            &format!("lookup {name} 80"),
            &format!("connect {address}"),
            &format!("connect-name {name} 80"),
        ]
        .map(|command| command.as_str().to_owned());
        let commands = commands.each_ref().map(String::as_str);
        let ran = network.run(&["--allow-net=*.test"], &guest("dns_ask"), &commands);
        let told: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(told, [address, "access-denied", "access-denied"], "{ran:?}");
        let said = "granted by name, which reaches no ";
        assert!(ran.stderr.contains(said), "{ran:?}");
        let told = ask(
            &network,
            &[&format!("--allow-net=*.test,{rule}")],
            &commands,
        );
        // Nobody is there, which is what a guest may be told now.
        assert!(told.iter().all(|told| told != "access-denied"), "{told:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_name_that_comes_to_mean_the_loopback_is_refused_from_then_on() {
    let network = Network::start("93.184.216.34 web.test\n");
    let flags = ["--allow-net=web.test", "--allow-listen=93.184.216.34:8080"];
    let mut running = network.start_guest(&flags, &guest("dns_rebinding"), &["web.test", "8080"]);
    assert_eq!(running.line(), "connected to 93.184.216.34:8080");
    network.rebind("127.0.0.1 web.test\n");
    let ran = running.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
#[ignore = "needs root"]
fn a_resolver_that_does_not_answer_holds_up_nothing_but_its_questions() {
    let network = Network::start(RECORDS);
    network.fall_silent();
    let flags = ["--allow-net=web.test", "--max-lookups=4"];
    let mut running = network.start_guest(&flags, &guest("dns_silent"), &["web.test"]);
    let line = running.line();
    network.speak();
    let ran = running.end();
    assert_eq!(line, "held", "{ran:?}");
    ran.passes();
}

/// Not even the end of the program.
#[test]
#[ignore = "needs root"]
fn a_guest_ends_while_its_lookups_are_unanswered() {
    let network = Network::start(RECORDS);
    network.fall_silent();
    let told = ask(&network, &["--allow-net"], &["resolve web.test 80 brief"]);
    assert_eq!(told, ["timed-out"]);
    network.speak();
}

#[test]
#[ignore = "needs root"]
fn without_a_server_a_later_look_up_may_do_better() {
    let network = Network::start(RECORDS);
    network.without_server();
    let told = ask(
        &network,
        &["--allow-net"],
        &["lookup web.test 80", "lookup localhost 80"],
    );
    assert_eq!(told, ["resolver-again", "127.0.0.1:80"]);
}

#[test]
#[ignore = "needs root"]
fn many_names_are_looked_up_at_once() {
    let records: String = (0..200)
        .map(|number| format!("93.184.217.{number} host{number}.test\n"))
        .collect();
    let network = Network::start(&records);
    let flags = ["--allow-net=*.test,93.184.217.0/24", "--max-lookups=200"];
    let running: Vec<Running> = (0..4)
        .map(|_| network.start_guest(&flags, &guest("dns_many"), &["200"]))
        .collect();
    running.into_iter().for_each(|guest| guest.end().passes());
}
