//! Packages that people use, as pip installs them: programs print what they print by the native
//! interpreter of the same virtual environment, which loads the native halves of the packages too.

use std::net::TcpStream;
use std::process::{Command, Output};

use rustix::process::Signal;

use super::super::servers;
use super::super::support::{Running, in_repository, wait_until};
use super::super::tls::pki::Pki;
use super::{Folder, LOOPBACK, path_text, prints, start};

const TESTS: &str = "tests/packages";
const EXAMPLES: &str = "examples/python/packages";

fn program(folder: &str, name: &str) -> String {
    path_text(&in_repository(&format!("{folder}/{name}.py")))
}

/// The environment that `cargo xtask packages` makes.
pub(super) fn venv() -> String {
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

pub(super) fn native(venv: &str, words: &[&str]) -> Output {
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
    let socket = redis.socket();
    let dir = format!("--dir={}", path_text(socket.parent().unwrap()));
    let url = format!("unix://{}", path_text(&socket));
    let flags = ["--allow-net=127.0.0.1", &dir];
    prints_the_same(&flags, "redis_client", &[&url]);
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

#[test]
fn https_by_aiohttp_is_as_in_python() {
    let pki = Pki::new();
    let dir = format!("--dir={}", pki.folder());
    let flags = [&LOOPBACK[..], &[&dir]].concat();
    prints_the_same(&flags, "aiohttp_tls", &[pki.folder()]);
}

#[test]
fn pages_are_fetched_by_httpx_as_in_python() {
    let nginx = servers::nginx();
    let url = format!("http://{}", nginx.address);
    prints_the_same(&["--allow-net=127.0.0.1"], "httpx_client", &[&url]);
    let pki = Pki::new();
    let nginx = servers::nginx_tls(&pki);
    let url = format!("https://localhost:{}", nginx.address.port());
    let dir = format!("--dir={}", pki.folder());
    let flags = ["--allow-net=localhost,127.0.0.1", &dir];
    prints_the_same(&flags, "httpx_client", &[&url, &pki.path("ca.pem")]);
}

#[test]
fn websockets_are_as_in_python() {
    prints_the_same(&LOOPBACK, "websocket_echo", &[]);
}

#[test]
fn anyio_is_as_in_python() {
    let folder = Folder::with(&[]);
    let dir = format!("--dir={}", folder.text());
    let own = ["--allow-run=*", "--allow-signal=USR1", &dir];
    let flags = [&LOOPBACK[..], &own].concat();
    prints_the_same(&flags, "anyio_tour", &[folder.text()]);
}

#[test]
fn postgres_is_talked_to_as_in_python() {
    let server = servers::postgres();
    let port = server.address.port().to_string();
    let flags = ["--allow-net=127.0.0.1"];
    prints_the_same(&flags, "postgres_client", &[&port]);
    let [user, password] = servers::POSTGRES_USER;
    let args = ["127.0.0.1", &port, user, password];
    agrees(&flags, &program(EXAMPLES, "postgres_report"), &args);
}

/// What a client of the example app prints, and the app under uvicorn, which is interrupted then.
fn of_uvicorn([server, client]: [By; 2]) -> [String; 2] {
    let address = servers::free_address();
    let port = address.port().to_string();
    let folder = path_text(&in_repository(EXAMPLES));
    let flags = [
        &*format!("--allow-listen={address}"),
        &*format!("--dir={folder}::{folder}:ro"),
        "--allow-signal=INT,TERM",
    ];
    let app = ["-u", "-m", "uvicorn", "uvicorn_app:app", "--no-access-log"];
    let words = [&app[..], &["--app-dir", &folder, "--port", &port]].concat();
    let mut server = server.start(&flags, &words);
    assert_eq!(server.line(), "lifespan.startup");
    wait_until("uvicorn listens", || TcpStream::connect(address).is_ok());
    let file = program(TESTS, "uvicorn_client");
    let ran = client
        .start(&["--allow-net=127.0.0.1"], &[&file, &port])
        .end();
    ran.passes();
    server.signal(Signal::INT);
    let ended = server.end();
    ended.fails(0, &["Application shutdown complete"]);
    [ran.stdout, ended.stdout]
}

#[test]
fn an_app_of_asgi_lives_under_uvicorn_as_in_python() {
    let expected = of_uvicorn([By::Native; 2]);
    for pair in PAIRS {
        assert_eq!(of_uvicorn(pair), expected);
    }
}
