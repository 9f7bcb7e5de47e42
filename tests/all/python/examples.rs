//! The examples, each by the command that its first lines tell, print what python3 prints.

use std::collections::BTreeSet;
use std::fs;

use super::super::support::in_repository;
use super::packages::{native, venv};
use super::{prints, python3};

const FOLDER: &str = "examples/python";

/// How an example names the environment that has its packages.
const PACKAGES: &str = "--venv=.venv";

/// One test for each, and a list of all.
macro_rules! examples {
    ($($name:ident)*) => {
        $(#[test] fn $name() { prints_as_in_python(stringify!($name)); })*
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    as_completed
    async_generators
    asynchat_http
    asyncore_echo
    asyncore_http_client
    call_later
    call_soon
    cancel
    chain
    chain_order
    clock_callbacks
    clock_coroutine
    conditions
    context_variables
    debug_mode
    events
    factorials
    future_callbacks
    future_result
    gather
    generators
    hello
    hello_world
    http_headers
    locks
    loop_policy
    names
    never_awaited
    never_retrieved
    page_lengths
    processes
    queues
    select_loop
    semaphores
    signals
    socket_protocol
    socket_streams
    start_tls
    subprocess_protocol
    subprocess_streams
    tasks
    tcp_protocols
    tcp_streams
    threads
    timeouts
    tls_echo
    udp_echo
    unix_echo
    wait
    watch_socket
}

#[track_caller]
fn prints_as_in_python(name: &str) {
    let words = command(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    // python3 has options of one letter only.
    let own = words.iter().filter(|word| !word.starts_with("--"));
    let own: Vec<&str> = own.copied().collect();
    let flag;
    let expected = if words[0] == PACKAGES {
        flag = format!("--venv={}", venv());
        words[0] = &flag;
        native(&venv(), &own)
    } else {
        python3(&own)
    };
    assert!(expected.status.success(), "{expected:?}");
    assert!(!expected.stdout.is_empty());
    assert_eq!(prints(&words), String::from_utf8(expected.stdout).unwrap());
}

/// The words after `aio-host python` in an example's first lines.
fn command(name: &str) -> Vec<String> {
    let text = fs::read_to_string(in_repository(&format!("{FOLDER}/{name}.py"))).unwrap();
    let begin = text.find("\n    aio-host python ").unwrap();
    let (command, _) = text[begin..].split_once("\n\"\"\"").unwrap();
    let command = command.replace("\\\n", "");
    // Every second piece is in quotes, and one word.
    let pieces = command.split('"').enumerate();
    let words = pieces.flat_map(|(index, piece)| match index % 2 {
        0 => piece.split_whitespace().map(str::to_owned).collect(),
        _ => vec![piece.to_owned()],
    });
    let words: Vec<_> = words.skip(2).collect();
    assert!(words.contains(&format!("{FOLDER}/{name}.py")), "{words:?}");
    words
}

#[test]
fn every_example_is_run_and_told_of() {
    let files = fs::read_dir(in_repository(FOLDER)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let found: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let run: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, run);
    let readme = fs::read_to_string(in_repository(&format!("{FOLDER}/README.md"))).unwrap();
    for name in NAMES {
        assert!(readme.contains(&format!("({name}.py)")), "{name}");
    }
}
