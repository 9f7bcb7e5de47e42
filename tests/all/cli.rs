//! The command line from outside: the real binary, its exit codes and what it says.

mod compile;
mod permissions;
#[cfg(unix)]
mod signals;
mod usage;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run of the binary came to.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// Checks the exit code, and that standard error is one line that has all of `words`.
    #[track_caller]
    fn is_refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("aio-host: "), "{self:?}");
        self.says(words);
    }

    #[track_caller]
    fn succeeds(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
    }

    #[track_caller]
    fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The binary with an environment of no variables, which leaves it without a compile cache.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aio-host"));
    command.args(args).env_clear();
    command
}

fn aio_host(args: &[&str]) -> Ran {
    command(args).output().unwrap().into()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A guest of `tests/guests/wat`.
fn guest(name: &str) -> String {
    let path = root().join("tests/guests/wat").join(name);
    path.to_str().unwrap().to_owned()
}

fn hello() -> String {
    root()
        .join("examples/hello/hello.wat")
        .to_str()
        .unwrap()
        .to_owned()
}

/// A folder of its own for a test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path of a file that does not have to exist, as an argument.
    fn arg(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.arg(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(name)
            .map(|name| name.into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }
}
