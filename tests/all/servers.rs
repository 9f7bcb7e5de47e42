//! Guests that talk to servers of the real world, which `cargo xtask packages` installs. Each test
//! starts its own, in a folder of its own, and ends it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::support::{installed, passes, wait_until};
use super::tls::pki::Pki;

/// A server of the system. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: tempfile::TempDir,
    end_by: Signal,
}

impl Server {
    /// Starts a server, and waits until it answers.
    #[track_caller]
    fn start(
        program: &str,
        folder: tempfile::TempDir,
        address: SocketAddr,
        args: impl IntoIterator<Item = String>,
    ) -> Self {
        let program = installed(program);
        let child = Command::new(program)
            .args(args)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            address,
            folder,
            end_by: Signal::KILL,
        };
        wait_until("the server answers", || server.answers());
        server
    }

    /// The socket of Redis.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    fn answers(&mut self) -> bool {
        if self.child.try_wait().unwrap().is_some() {
            let stderr = BufReader::new(self.child.stderr.take().unwrap());
            let said: Vec<_> = stderr.lines().map_while(Result::ok).collect();
            panic!("the server has ended: {said:?}");
        }
        TcpStream::connect(self.address).is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        kill_process(Pid::from_child(&self.child), self.end_by).ok();
        drop(self.child.wait());
    }
}

/// An address that was free a moment ago: these servers do not tell what the system chose.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn redis() -> Server {
    let address = free_address();
    let folder = tempfile::tempdir().unwrap();
    let args = format!(
        "--port {} --bind 127.0.0.1 --unixsocket redis.sock --save  --appendonly no",
        address.port()
    );
    let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
    Server::start("redis-server", folder, address, args)
}

#[test]
fn a_guest_talks_to_redis() {
    let redis = redis();
    let address = redis.address.to_string();
    let flag = format!("--allow-net={address}");
    passes(&[&flag], "servers_redis", &[&address]);
}

#[test]
fn a_guest_talks_to_redis_over_its_unix_socket() {
    let redis = redis();
    let flag = format!("--dir={}::/run", redis.folder.path().display());
    passes(&[&flag], "servers_redis", &["/run/redis.sock"]);
}

/// The user, and its password, whom the server of PostgreSQL knows.
pub(crate) const POSTGRES_USER: [&str; 2] = ["app", "secret"];

/// A server of PostgreSQL, which refuses to be root's.
pub(crate) fn postgres() -> Server {
    let address = free_address();
    let folder = tempfile::tempdir().unwrap();
    let [user, password] = POSTGRES_USER;
    std::fs::write(folder.path().join("password"), password).unwrap();
    let programs = postgres_programs();
    let port = address.port();
    let script = format!(
        "set -e
         PATH={programs}:$PATH
         initdb -D data -A scram-sha-256 -U {user} --pwfile=password --no-sync -E UTF8 --locale=C
         exec postgres -D data -p {port} -c listen_addresses=127.0.0.1 \
             -c unix_socket_directories= -c fsync=off -c log_min_messages=fatal"
    );
    let as_user = if rustix::process::geteuid().is_root() {
        own_by_postgres(folder.path());
        &AS_POSTGRES[..]
    } else {
        &AS_POSTGRES[AS_POSTGRES.len() - 2..]
    };
    let words = as_user.iter().skip(1).map(|word| (*word).to_owned());
    let mut server = Server::start(as_user[0], folder, address, words.chain([script]));
    // Ended in any other way, it leaves memory behind that is shared.
    server.end_by = Signal::QUIT;
    server
}

const AS_POSTGRES: [&str; 6] = [
    "setpriv",
    "--reuid=postgres",
    "--regid=postgres",
    "--clear-groups",
    "sh",
    "-c",
];

fn own_by_postgres(folder: &Path) {
    let mut command = Command::new("chown");
    let ended = command.args(["-R", "postgres"]).arg(folder).status();
    assert!(ended.unwrap().success());
}

/// The folder with the programs of the newest version.
fn postgres_programs() -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .expect("postgresql is missing; install it with `cargo xtask packages`");
    let newest = versions.map(|version| version.unwrap().path()).max();
    newest.unwrap().join("bin").display().to_string()
}

/// The large page that the guest expects.
const LARGE: usize = 16 << 20;

pub(crate) fn nginx() -> Server {
    nginx_of("")
}

/// The same over TLS, for `localhost`.
pub(crate) fn nginx_tls(pki: &Pki) -> Server {
    let [chain, key] = ["localhost.pem", "localhost.key"].map(|name| pki.path(name));
    nginx_of(&format!(
        "ssl; ssl_certificate {chain}; ssl_certificate_key {key}"
    ))
}

fn nginx_of(listen: &str) -> Server {
    let address = free_address();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pages");
    std::fs::create_dir(&root).unwrap();
    for number in 0..20 {
        let page = root.join(format!("{number}.html"));
        std::fs::write(page, format!("page {number}")).unwrap();
    }
    let large: Vec<u8> = (0..=250).cycle().take(LARGE).collect();
    std::fs::write(root.join("large"), large).unwrap();
    let here = folder.path().display();
    let config = format!(
        "daemon off; master_process off; pid {here}/pid; error_log stderr error;
         events {{}}
         http {{
           access_log off;
           client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;
           fastcgi_temp_path {here}/fastcgi; uwsgi_temp_path {here}/uwsgi;
           scgi_temp_path {here}/scgi;
           server {{ listen {address} {listen}; root {here}/pages; }}
         }}"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, config).unwrap();
    let args = ["-p", &here.to_string(), "-c", &file.display().to_string()].map(str::to_owned);
    Server::start("nginx", folder, address, args)
}

#[test]
fn a_guest_fetches_pages_from_nginx() {
    let nginx = nginx();
    let address = nginx.address.to_string();
    let flag = format!("--allow-net={address}");
    passes(&[&flag], "servers_nginx", &[&address]);
}
