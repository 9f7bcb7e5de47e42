//! Guests by name, and the binary at work on them: started, watched, asked, and always ended.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// No child lives longer: a test that hangs fails.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// The binary.
pub(crate) const AIO_HOST: &str = env!("CARGO_BIN_EXE_aio-host");

/// Grants all that a guest needs which talks to itself.
pub(crate) const LOOPBACK: &[&str] = &[
    "--allow-net=127.0.0.1,localhost",
    "--allow-listen=127.0.0.1:0",
];

/// A file of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The guest that `tests/guests/examples/NAME.rs` or an example in Rust is built to.
#[track_caller]
pub(crate) fn guest(name: &str) -> PathBuf {
    let release = in_repository("target/guests/wasm32-wasip2/release");
    let file = format!("{name}.wasm");
    [release.join("examples").join(&file), release.join(&file)]
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("guest {name} is missing; build it with `cargo xtask guests`"))
}

/// A program that `cargo xtask packages` installs.
#[track_caller]
pub(crate) fn installed(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{program} is missing; install it with `cargo xtask packages`"))
}

/// Where the tests keep compiled guests, so that each is compiled once.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// The signal that ended the process, if one did.
    #[cfg(unix)]
    pub(crate) ended_by: Option<i32>,
    /// What was not read line by line.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails the test unless the guest was content and nothing was said about it.
    #[track_caller]
    pub(crate) fn passes(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
    }

    /// Fails the test unless the exit code is `code` and standard error has all of `words`.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }
}

/// Runs a guest to its end.
#[track_caller]
pub(crate) fn run(flags: &[&str], guest: &Path, args: &[&str]) -> Ran {
    Running::start(flags, guest, args).end()
}

/// Runs a guest that checks everything itself.
#[track_caller]
pub(crate) fn passes(flags: &[&str], name: &str, args: &[&str]) {
    run(flags, &guest(name), args).passes();
}

/// A guest at work. Dropping it ends the process.
pub(crate) struct Running {
    child: Arc<Mutex<Child>>,
    pub(crate) id: u32,
    stdout: BufReader<ChildStdout>,
    stderr: Option<JoinHandle<String>>,
    /// Its end is the watchdog's.
    _watchdog: Sender<()>,
}

impl Running {
    /// Starts the binary on a guest.
    pub(crate) fn start(flags: &[&str], guest: &Path, args: &[&str]) -> Self {
        Self::start_in(&[], flags, guest, args)
    }

    /// The same by a command that runs what follows it.
    pub(crate) fn start_in(enter: &[&str], flags: &[&str], guest: &Path, args: &[&str]) -> Self {
        let guest = guest.to_str().unwrap();
        Self::launch(&[enter, &[AIO_HOST, "run"], flags, &[guest], args].concat())
    }

    /// Starts a command, which is the binary or comes to run it.
    pub(crate) fn launch(words: &[&str]) -> Self {
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .env("XDG_CACHE_HOME", cache())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let id = child.id();
        let child = Arc::new(Mutex::new(child));
        Self {
            _watchdog: watch(&child),
            child,
            id,
            stdout,
            stderr: Some(stderr),
        }
    }

    /// Starts a server, and reads where it listens.
    #[track_caller]
    pub(crate) fn serve(flags: &[&str], guest: &Path, args: &[&str]) -> (Self, SocketAddr) {
        let mut server = Self::start(flags, guest, args);
        let line = server.line();
        let address = line.strip_prefix("listening on ").map(str::parse);
        match address {
            Some(Ok(address)) => (server, address),
            _ => panic!("{line:?} is no address; {:?}", server.end()),
        }
    }

    /// The next line that the guest prints, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ran {
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        // Both pipes are closed: the process has ended, or is about to.
        let status = self.child.lock().unwrap().wait().unwrap();
        Ran {
            code: status.code(),
            #[cfg(unix)]
            ended_by: std::os::unix::process::ExitStatusExt::signal(&status),
            stdout,
            stderr,
        }
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let child = self.child.lock().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    }

    /// How many descriptors the process has open.
    #[cfg(target_os = "linux")]
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id))
            .unwrap()
            .count()
    }

    /// The names of the threads of the process.
    #[cfg(target_os = "linux")]
    pub(crate) fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id)).unwrap();
        let name =
            |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap();
        tasks
            .map(|task| name(task.unwrap()).trim_end().to_owned())
            .collect()
    }

    /// A line of `/proc/PID/status`, in KiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn kibibytes(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line
            .unwrap()
            .trim_start_matches(':')
            .trim()
            .split(' ')
            .next();
        number.unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        // It may have ended by itself.
        drop(child.kill());
        drop(child.wait());
    }
}

/// Ends a child that lives too long, until what is returned is dropped.
pub(crate) fn watch(child: &Arc<Mutex<Child>>) -> Sender<()> {
    let (watchdog, ended) = mpsc::channel();
    let child = Arc::clone(child);
    thread::spawn(move || {
        if ended.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
            drop(child.lock().unwrap().kill());
        }
    });
    watchdog
}

/// Waits until `condition` holds; fails the test when it takes as long as a child may live.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < WATCHDOG, "{what}");
        // The condition is what is waited for; this only leaves the processor to it.
        thread::sleep(Duration::from_millis(1));
    }
}
