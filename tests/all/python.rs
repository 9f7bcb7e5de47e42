//! `aio-host python` as its users know python3, which says what a program has to print where both
//! can run it.

mod asyncio;
mod bad_input;
mod build;
mod examples;
mod library;
mod packages;
mod programs;
mod refusals;
#[cfg(target_os = "linux")]
mod terminal;
mod tls;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::support::{AIO_HOST, Ran, Running, cache, in_repository};

const PYTHON: [&str; 2] = [AIO_HOST, "python"];

/// Grants a program all that it needs to talk to itself.
const LOOPBACK: [&str; 2] = ["--allow-listen=127.0.0.1:0", "--allow-net=127.0.0.1"];

/// Starts `aio-host python` with these words.
fn start(words: &[&str]) -> Running {
    start_in(&[], words)
}

/// The same by a command that runs what follows it.
fn start_in(enter: &[&str], words: &[&str]) -> Running {
    compile();
    // Whoever runs the tests may have set them.
    let unset = "env -u PYTHONUNBUFFERED -u PYTHONDONTWRITEBYTECODE -u PYTHONPATH";
    let unset: Vec<_> = unset.split(' ').collect();
    Running::launch(&[&unset, enter, &PYTHON, words].concat())
}

/// Has the runtime compiled once, and not by all tests at the same time. On a busy machine that
/// takes longer than any test may.
fn compile() {
    static COMPILED: OnceLock<()> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let runtime = in_repository("target/guests/python/python.wasm");
        assert!(runtime.exists(), "build it with `cargo xtask guests`");
        let mut command = Command::new("timeout");
        command.arg("300").args(PYTHON).args(["-c", ""]);
        let ended = command.env("XDG_CACHE_HOME", cache()).status();
        assert!(ended.unwrap().success());
    });
}

fn python(words: &[&str]) -> Ran {
    start(words).end()
}

/// What a program printed: its `-c` is the most of it.
#[track_caller]
fn prints(words: &[&str]) -> String {
    let ran = python(words);
    ran.passes();
    ran.stdout
}

/// Runs the words by python3 too, and compares output, exit code and the last of the complaints.
#[track_caller]
fn is_as_in_python(words: &[&str]) {
    let expected = python3(words);
    let ran = python(words);
    assert_eq!(ran.stdout, String::from_utf8(expected.stdout).unwrap());
    assert_eq!(ran.code, expected.status.code(), "{ran:?}");
    let complaint = String::from_utf8(expected.stderr).unwrap();
    assert_eq!(ran.stderr.lines().last(), complaint.lines().last());
}

fn python3(words: &[&str]) -> Output {
    // What hangs is ended.
    let mut command = Command::new("timeout");
    command.args(["60", "python3"]).args(words);
    command.output().unwrap()
}

/// A folder with these files, which knows its real path.
struct Folder {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        for (name, text) in files {
            let file = path.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Self {
            _folder: folder,
            path,
        }
    }

    fn text(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn file(&self, name: &str) -> String {
        path_text(&self.path.join(name))
    }

    /// The words of a command that runs what follows it in the folder.
    fn enter(&self) -> [&str; 3] {
        ["env", "--chdir", self.text()]
    }
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
