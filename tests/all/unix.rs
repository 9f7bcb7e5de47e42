//! `aio:host/unix` as a guest sees it, and as the programs do that it talks to.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;

use super::support::{Ran, Running, guest, run};

/// A directory that a guest has as `/data`.
struct Data(TempDir);

impl Data {
    fn new() -> Self {
        let data = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(data.path("in")).unwrap();
        data
    }

    /// A path beside the guest's directory, which is `in`.
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn flag(&self) -> String {
        format!("--dir={}::/data", self.path("in").display())
    }

    #[track_caller]
    fn passes(&self, name: &str, flags: &[&str], args: &[&str]) {
        self.run(name, flags, args).passes();
    }

    fn run(&self, name: &str, flags: &[&str], args: &[&str]) -> Ran {
        run(
            &[&[self.flag().as_str()], flags].concat(),
            &guest(name),
            args,
        )
    }

    /// Starts a server, and waits until it listens.
    fn serve(&self, flags: &[&str], args: &[&str]) -> Running {
        let own = self.flag();
        let flags = [&[own.as_str()], flags].concat();
        let mut server = Running::start(&flags, &guest("unix_peers"), args);
        assert_eq!(server.line(), "listening");
        server
    }
}

/// An abstract name that nobody else has, and the flag that grants it.
fn abstract_name(test: &str) -> (String, String) {
    let name = format!("aio-host-{}-{test}", std::process::id());
    (format!("--allow-unix=@{name}"), name)
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &str) -> std::os::unix::net::SocketAddr {
    use std::os::linux::net::SocketAddrExt;
    std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap()
}

#[test]
fn a_guest_talks_to_itself() {
    let (flag, name) = abstract_name("talk");
    Data::new().passes("unix_talk", &[&flag], &[&name]);
}

#[test]
fn datagrams_keep_their_bounds_and_names() {
    Data::new().passes("unix_datagrams", &[], &[]);
}

#[test]
fn the_ring_accepts_and_connects() {
    let ran = Data::new().run("unix_ring", &[], &[]);
    ran.fails(0, &["/other/s: not granted; --dir=HOST::/other"]);
}

#[test]
fn a_socket_is_made_first_and_told_later_what_it_becomes() {
    let flags = ["--allow-unix=@aio-host-sockets*", "--max-sockets=80"];
    let ran = Data::new().run("sockets_unix", &flags, &[]);
    let told = [
        "bind to /elsewhere/s: not granted; --dir=HOST::/elsewhere would allow it",
        "connect to @not-granted: not granted; --allow-unix=@not-granted would allow it",
        "send to @not-granted: not granted",
    ];
    ran.fails(0, &told);
}

#[test]
fn cancelled_calls_have_had_no_effect() {
    Data::new().passes("unix_cancel", &[], &[]);
}

#[test]
fn no_path_leads_out_of_a_granted_directory() {
    let data = Data::new();
    for folder in ["out", "in/sub"] {
        std::fs::create_dir(data.path(folder)).unwrap();
    }
    std::fs::write(data.path("in/file"), "").unwrap();
    for (to, link) in [
        ("../out", "up"),
        ("/", "root"),
        ("sub", "inside"),
        ("../out/s", "link-out"),
        ("file", "link-in"),
        ("nowhere", "dangling"),
    ] {
        symlink(to, data.path("in").join(link)).unwrap();
    }
    let outside = UnixListener::bind(data.path("out/s")).unwrap();
    outside.set_nonblocking(true).unwrap();
    let read_only = format!("--dir={}::/read-only:ro", data.path("out").display());
    let flags = [read_only.as_str(), "--allow-unix=@aio-host-paths*"];
    let ran = data.run("unix_paths", &flags, &[]);
    let told = [
        "/read-only/s: not granted; --dir=HOST::/read-only without :ro would allow it",
        "/elsewhere/s: not granted; --dir=HOST::/elsewhere would allow it",
        "connect to @not-granted: not granted; --allow-unix=@not-granted would allow it",
        "listen at @not-granted: ",
        "send to @not-granted: ",
    ];
    ran.fails(0, &told);
    let none = outside.accept().unwrap_err();
    assert_eq!(none.kind(), ErrorKind::WouldBlock, "somebody got out");
    assert_eq!(entries(&data.path("out")), ["s"]);
    let left = [
        "dangling", "file", "inside", "link-in", "link-out", "root", "sub", "up",
    ];
    assert_eq!(entries(&data.path("in")), left);
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

/// Asks an echo server and is told who it took this for.
#[track_caller]
fn echoes(mut server: Running, mut stream: UnixStream, name: &str) {
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
    assert_eq!(server.line(), name);
    assert_eq!(server.line(), format!("Some({})", std::process::id()));
    drop(stream);
    server.end().passes();
}

#[test]
fn a_program_of_the_host_connects_to_a_guest() {
    let data = Data::new();
    let server = data.serve(&[], &["serve", "/data/s"]);
    let stream = UnixStream::connect(data.path("in/s")).unwrap();
    echoes(server, stream, "UnixAddress::Unnamed");
    assert!(!data.path("in/s").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_of_the_host_connects_to_an_abstract_name() {
    let (flag, name) = abstract_name("serve");
    let server = Data::new().serve(&[&flag], &["serve", &format!("@{name}")]);
    let stream = UnixStream::connect_addr(&abstract_address(&name)).unwrap();
    echoes(server, stream, "UnixAddress::Unnamed");
}

/// Names of 108 bytes have no NUL at their end, which is where libraries stumble.
#[cfg(target_os = "linux")]
#[test]
fn a_client_with_a_name_of_107_or_108_bytes_is_served() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

    let data = Data::new();
    for (folder, named) in [("in", true), ("", false)] {
        for len in [107, 108] {
            let folder = data.path(folder);
            let used = folder.as_os_str().len() + 1;
            let name = "n".repeat(len - used);
            let server = data.serve(&[], &["serve", "/data/s"]);
            let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None);
            let socket = socket.unwrap();
            let own = SocketAddrUnix::new(folder.join(&name)).unwrap();
            rustix::net::bind(&socket, &own).unwrap();
            let to = SocketAddrUnix::new(data.path("in/s")).unwrap();
            rustix::net::connect(&socket, &to).unwrap();
            let told = match named {
                true => format!("UnixAddress::Path(\"/data/{name}\")"),
                false => "UnixAddress::Unnamed".to_owned(),
            };
            echoes(server, UnixStream::from(socket), &told);
        }
    }
}

#[test]
fn a_guest_connects_to_a_program_of_the_host() {
    let data = Data::new();
    let listener = UnixListener::bind(data.path("in/s")).unwrap();
    let args = ["connect", "/data/s"];
    let client = Running::start(&[&data.flag()], &guest("unix_peers"), &args);
    let (mut stream, _) = listener.accept().unwrap();
    let mut asked = [0; 4];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"ping");
    stream.write_all(b"pong").unwrap();
    drop(stream);
    client.end().passes();
}

#[test]
fn a_program_of_the_host_answers_to_a_guests_datagram() {
    let data = Data::new();
    let server = UnixDatagram::bind(data.path("in/server")).unwrap();
    let args = ["ask", "/data/server"];
    let client = Running::start(&[&data.flag()], &guest("unix_peers"), &args);
    let mut asked = [0; 10];
    let (len, from) = server.recv_from(&mut asked).unwrap();
    assert_eq!(&asked[..len], b"ping");
    server.send_to_addr(b"pong", &from).unwrap();
    client.end().passes();
    assert_eq!(entries(&data.path("in")), ["server"]);
}

#[test]
fn the_example_echoes_many_at_once_and_ends_when_it_is_asked_to() {
    let data = Data::new();
    let args = ["/data/echo.sock"];
    let mut server = Running::start(&[&data.flag()], &guest("unix_echo"), &args);
    assert_eq!(server.line(), "listening on /data/echo.sock");
    let connect = || UnixStream::connect(data.path("in/echo.sock")).unwrap();
    let mut streams: Vec<_> = (0..100).map(|_| connect()).collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.write_all(number.to_string().as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    for (number, mut stream) in streams.into_iter().enumerate() {
        let mut back = String::new();
        stream.read_to_string(&mut back).unwrap();
        assert_eq!(back, number.to_string());
    }
    server.signal(Signal::TERM);
    server.end().fails(0, &["stopping"]);
    assert!(!data.path("in/echo.sock").exists());
    run(&[], &guest("unix_echo"), &[]).fails(1, &["usage"]);
}

#[test]
fn a_guest_that_is_stopped_leaves_no_file() {
    let data = Data::new();
    let server = data.serve(&[], &["linger", "/data/s"]);
    assert!(data.path("in/s").exists());
    server.signal(Signal::TERM);
    server.end().fails(1, &["sleep: cancelled"]);
    assert!(!data.path("in/s").exists());
}

#[test]
fn a_guest_that_is_cut_off_leaves_no_file() {
    let data = Data::new();
    let ran = data
        .serve(&["--timeout=300ms"], &["linger", "/data/s"])
        .end();
    ran.fails(134, &["timed out after 300ms"]);
    assert!(!data.path("in/s").exists());
}

#[test]
fn nothing_is_granted_without_a_flag() {
    let args = ["connect", "/data/s"];
    let ran = run(&[], &guest("unix_peers"), &args);
    ran.fails(1, &["connect: access-denied", "--dir=HOST::/data"]);
    let ran = run(&[], &guest("unix_peers"), &["serve", "@name"]);
    ran.fails(1, &["listen: access-denied", "--allow-unix=@name"]);
}

#[test]
fn all_abstract_names_are_granted_at_once_but_those_denied() {
    let (_, name) = abstract_name("all");
    let name = format!("@{name}");
    let ran = run(&["-A"], &guest("unix_peers"), &["connect", &name]);
    ran.fails(1, &["connect: connection-refused"]);
    let data = Data::new();
    std::fs::write(data.path("p.toml"), "[deny]\nunix = ['@aio-host-*']\n").unwrap();
    let policy = format!("--policy={}", data.path("p.toml").display());
    let ran = run(&["-A", &policy], &guest("unix_peers"), &["connect", &name]);
    ran.fails(1, &["access-denied", "deny unix @aio-host-*"]);
}
