//! The same questions to this host and to CPython, whose asyncio asks the system: the answers are
//! equal, in their order.

use std::process::Command;

use super::super::support::{guest, run};

/// Prints what `dns_ask` prints.
const ORACLE: &str = r#"
import socket, sys
FLAGS = {"passive": socket.AI_PASSIVE, "canonical": socket.AI_CANONNAME,
         "numeric-host": socket.AI_NUMERICHOST, "numeric-service": socket.AI_NUMERICSERV,
         "mapped": socket.AI_V4MAPPED, "all": socket.AI_ALL, "configured": socket.AI_ADDRCONFIG}
KINDS = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM, "raw": socket.SOCK_RAW}
FAMILIES = {"v4": socket.AF_INET, "v6": socket.AF_INET6}
CODES = {socket.EAI_NONAME: "name-unresolvable", socket.EAI_NODATA: "name-unresolvable",
         socket.EAI_ADDRFAMILY: "name-unresolvable", socket.EAI_SERVICE: "service-unknown",
         socket.EAI_SOCKTYPE: "not-supported", socket.EAI_BADFLAGS: "invalid-argument"}
NI = {"numeric-host": socket.NI_NUMERICHOST, "numeric-service": socket.NI_NUMERICSERV,
      "required": socket.NI_NAMEREQD, "short": socket.NI_NOFQDN, "datagram": socket.NI_DGRAM}

def show(family, kind, protocol, name, address):
    host = "[%s]" % address[0] if family == socket.AF_INET6 else address[0]
    kind = next(word for word, one in KINDS.items() if one == kind)
    return f"{host}:{address[1]} {kind} {protocol} {name}".rstrip()

def resolve(name, service, *how):
    family = next((FAMILIES[word] for word in how if word in FAMILIES), 0)
    kind = next((KINDS[word] for word in how if word in KINDS), 0)
    protocol = next((int(word) for word in how if word.isdigit()), 0)
    flags = sum(FLAGS.get(word, 0) for word in how)
    given = lambda text: None if text == "-" else text
    found = socket.getaddrinfo(given(name), given(service), family, kind, protocol, flags)
    return "; ".join(show(*one) for one in found)

def reverse(address, *how):
    host, port = address.rsplit(":", 1)
    flags = sum(NI[word] for word in how)
    return " ".join(socket.getnameinfo((host.strip("[]"), int(port)), flags))

for command in sys.argv[1:]:
    verb, *words = command.split(" ")
    try:
        print(resolve(*words) if verb == "resolve" else reverse(*words))
    except socket.gaierror as error:
        print(CODES[error.errno])
"#;

fn questions() -> Vec<String> {
    let mut questions = Vec::new();
    for name in [
        "127.0.0.1",
        "::1",
        "::ffff:1.2.3.4",
        "127.1",
        "localhost",
        "-",
    ] {
        for how in [
            "",
            " v4",
            " v6",
            " v4 mapped",
            " v6 mapped",
            " v6 mapped all",
            " canonical",
        ] {
            for kind in [" stream", " datagram", ""] {
                questions.push(format!("resolve {name} 80{kind}{how}"));
            }
        }
        for how in [
            " 6",
            " 17",
            " stream 17",
            " 99",
            " raw",
            " passive",
            " configured",
        ] {
            questions.push(format!("resolve {name} 443{how}"));
        }
        for how in [
            " numeric-host stream",
            " numeric-service datagram",
            " raw",
            " raw 1",
        ] {
            questions.push(format!("resolve {name} 0{how}"));
        }
        questions.push(format!("resolve {name} no-such-service"));
    }
    questions.push("resolve 127.0.0.1 - raw 1".to_owned());
    for address in [
        "127.0.0.1:80",
        "[::1]:443",
        "[::ffff:1.2.3.4]:1",
        "0.0.0.0:0",
    ] {
        for how in [
            "",
            " required",
            " datagram",
            " numeric-service",
            " numeric-service required",
        ] {
            questions.push(format!("reverse {address} numeric-host{how}"));
        }
    }
    questions.push("reverse 127.0.0.1:80".to_owned());
    questions
}

#[test]
fn answers_are_those_of_cpython() {
    let questions = questions();
    let words: Vec<&str> = questions.iter().map(String::as_str).collect();
    let oracle = Command::new("python3")
        .args(["-c", ORACLE])
        .args(&words)
        .output()
        .unwrap();
    assert!(oracle.status.success(), "{oracle:?}");
    let ours = run(&["-A"], &guest("dns_ask"), &words);
    assert_eq!(ours.code, Some(0), "{ours:?}");
    let theirs = String::from_utf8(oracle.stdout).unwrap();
    assert_eq!(theirs.lines().count(), questions.len());
    for ((question, ours), theirs) in questions
        .iter()
        .zip(ours.stdout.lines())
        .zip(theirs.lines())
    {
        assert_eq!(ours, theirs, "{question}");
    }
}
