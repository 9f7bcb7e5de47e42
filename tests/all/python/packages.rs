//! Packages that people use, as pip installs them: programs print what they print by the native
//! interpreter of the same virtual environment, which loads the native halves of the packages too.

use std::process::{Command, Output};

use rustix::process::Signal;

use super::super::servers;
use super::super::support::{Running, in_repository};
use super::{LOOPBACK, path_text, prints, start};

const TESTS: &str = "tests/packages";
const EXAMPLES: &str = "examples/python/packages";

fn program(folder: &str, name: &str) -> String {
    path_text(&in_repository(&format!("{folder}/{name}.py")))
}

/// The environment that `cargo xtask packages` makes.
fn venv() -> String {
    let venv = in_repository(".tools/packages-venv");
    assert!(venv.exists(), "make it with `cargo xtask packages`");
    path_text(&venv)
}

/// Runs a program of `tests/packages` under these flags and by the native interpreter, and compares
/// what it prints.
#[track_caller]
fn prints_the_same(flags: &[&str], name: &str, args: &[&str]) {
    agrees(flags, &program(TESTS, name), args);
}

#[track_caller]
fn agrees(flags: &[&str], file: &str, args: &[&str]) {
    let venv = venv();
    let words = [&[file], args].concat();
    let expected = native(&venv, &words);
    assert!(expected.status.success(), "{expected:?}");
    let printed = prints(&[&["--venv", &venv], flags, &words].concat());
    assert_eq!(printed, String::from_utf8(expected.stdout).unwrap());
}

fn native(venv: &str, words: &[&str]) -> Output {
    // What hangs is ended.
    let mut command = Command::new("timeout");
    command.arg("60").arg(format!("{venv}/bin/python"));
    command.args(words).output().unwrap()
}

/// Who runs a program.
#[derive(Clone, Copy)]
enum By {
    Native,
    Guest,
}

impl By {
    fn start(self, flags: &[&str], words: &[&str]) -> Running {
        let venv = venv();
        match self {
            Self::Native => Running::launch(&[&[&*format!("{venv}/bin/python")], words].concat()),
            Self::Guest => start(&[&["--venv", &venv], flags, words].concat()),
        }
    }
}

/// Every pair with a guest in it.
const PAIRS: [[By; 2]; 3] = [
    [By::Guest, By::Native],
    [By::Native, By::Guest],
    [By::Guest, By::Guest],
];

#[test]
fn http_by_aiohttp_is_as_in_python() {
    prints_the_same(&LOOPBACK, "aiohttp_http", &[]);
}

#[test]
fn redis_is_talked_to_as_in_python() {
    let redis = servers::redis();
    let url = format!("redis://{}", redis.address);
    prints_the_same(&["--allow-net=127.0.0.1"], "redis_client", &[&url]);
}

#[test]
fn dispatchers_of_asyncore_are_as_in_python() {
    prints_the_same(&LOOPBACK, "asyncore_chat", &[]);
}

#[test]
fn the_example_of_redis_is_as_in_python() {
    let redis = servers::redis();
    let url = format!("redis://{}", redis.address);
    let file = program(EXAMPLES, "redis_jobs");
    agrees(&["--allow-net=127.0.0.1"], &file, &[&url]);
}

/// What a client of the example server of aiohttp prints, which has the server end in between.
fn of_notes([server, client]: [By; 2]) -> String {
    let port = servers::free_address().port().to_string();
    let listen = format!("--allow-listen=127.0.0.1:{port}");
    let file = program(EXAMPLES, "aiohttp_server");
    let flags = [&*listen, "--allow-signal=INT,TERM"];
    let mut server = server.start(&flags, &["-u", &file, &port]);
    assert!(server.line().contains("Running on"));
    let file = program(TESTS, "aiohttp_client");
    let mut client = client.start(&["--allow-net=127.0.0.1"], &[&file, &port]);
    let mut printed = String::new();
    while !printed.ends_with("end\n") {
        let line = client.line();
        assert!(!line.is_empty(), "{:?}", client.end());
        printed += &(line + "\n");
    }
    server.signal(Signal::TERM);
    let ran = client.end();
    ran.passes();
    server.end().passes();
    printed + &ran.stdout
}

#[test]
fn a_server_of_aiohttp_ends_when_its_answers_are_out() {
    let expected = of_notes([By::Native; 2]);
    for pair in PAIRS {
        assert_eq!(of_notes(pair), expected);
    }
}
