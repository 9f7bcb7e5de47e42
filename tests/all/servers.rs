//! Guests that talk to servers of the real world, which `cargo xtask packages` installs. Each test
//! starts its own, in a folder of its own, and ends it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use super::support::{installed, passes, wait_until};

/// A server of the system. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: tempfile::TempDir,
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
        };
        wait_until("the server answers", || server.answers());
        server
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
        drop(self.child.kill());
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

/// The large page that the guest expects.
const LARGE: usize = 16 << 20;

pub(crate) fn nginx() -> Server {
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
           server {{ listen {address}; root {here}/pages; }}
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
