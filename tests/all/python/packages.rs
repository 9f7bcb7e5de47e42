//! Packages that people use, as pip installs them: programs print what they print by the native
//! interpreter of the same virtual environment, which loads the native halves of the packages too.

use std::process::{Command, Output};

use super::super::servers;
use super::super::support::in_repository;
use super::{LOOPBACK, path_text, prints};

fn program(name: &str) -> String {
    path_text(&in_repository(&format!("tests/packages/{name}.py")))
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
    let (venv, file) = (venv(), program(name));
    let words = [&[file.as_str()], args].concat();
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
