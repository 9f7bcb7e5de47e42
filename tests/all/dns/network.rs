//! A network of the tests' own: namespaces with a loopback, their own `/etc`, and dnsmasq to
//! resolve names. Needs root, and touches nothing outside of the namespaces.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::super::support::{Ran, Running};

/// Has an address of the public internet on its loopback, so that what is not refused connects.
const ENTER: &str = r#"
set -e
ip link set lo up
ip addr add 93.184.216.34/32 dev lo
mount --bind "$1/etc" /etc
exec dnsmasq --keep-in-foreground --conf-file="$1/dnsmasq.conf" --pid-file= --user=root --log-facility=-
"#;

const HOSTS: &str = "\
127.0.0.1 localhost
93.184.216.36 ordered.test
93.184.216.35 ordered.test
93.184.216.37 ordered.test
";

/// A server that is slow to answer is waited for as long as the resolver can be told to wait.
const RESOLV_CONF: &str = "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n";

const NSSWITCH_CONF: &str = "hosts: files dns\nservices: files\n";

const SERVICES: &str = "both 5555/tcp\nboth 5556/udp\nof-datagrams 4444/udp\n";

/// The namespaces, for as long as dnsmasq runs in them. Dropping it ends all that.
pub(super) struct Network {
    folder: TempDir,
    dnsmasq: Child,
}

impl Network {
    /// Starts a network where dnsmasq knows `records`, in the format of a hosts file.
    pub(super) fn start(records: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_etc(&folder.path().join("etc"));
        fs::write(folder.path().join("records"), records).unwrap();
        fs::write(folder.path().join("dnsmasq.conf"), conf(folder.path())).unwrap();
        let mut dnsmasq = Command::new("unshare")
            .args(["--mount", "--net", "--propagation=private"])
            .args(["sh", "-c", ENTER, "sh"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_start(&mut dnsmasq);
        Self { folder, dnsmasq }
    }

    /// Has nobody answer where the resolver asks.
    pub(super) fn without_server(&self) {
        self.write_etc("resolv.conf", "nameserver 127.0.0.53\noptions attempts:1\n");
    }

    /// Replaces what dnsmasq knows.
    pub(super) fn rebind(&self, records: &str) {
        fs::write(self.folder.path().join("records"), records).unwrap();
        self.signal(Signal::HUP);
    }

    /// Leaves all questions unanswered from now on.
    pub(super) fn fall_silent(&self) {
        self.signal(Signal::STOP);
    }

    /// Answers again, and first what was asked meanwhile.
    pub(super) fn speak(&self) {
        self.signal(Signal::CONT);
    }

    /// Starts a guest in this network.
    pub(super) fn start_guest(&self, flags: &[&str], guest: &Path, args: &[&str]) -> Running {
        let id = self.dnsmasq.id().to_string();
        let enter = ["nsenter", "--target", &id, "--mount", "--net", "--"];
        Running::start_in(&enter, flags, guest, args)
    }

    /// Runs a guest in this network to its end.
    pub(super) fn run(&self, flags: &[&str], guest: &Path, args: &[&str]) -> Ran {
        self.start_guest(flags, guest, args).end()
    }

    /// Asks the system's own program what a name means: address, and kind of socket.
    pub(super) fn getent(&self, name: &str) -> Vec<(String, String)> {
        let id = self.dnsmasq.id().to_string();
        let told = Command::new("nsenter")
            .args([
                "--target", &id, "--mount", "--net", "--", "getent", "ahosts", name,
            ])
            .output()
            .unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let words = told.lines().map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        });
        words.collect()
    }

    fn write_etc(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join("etc").join(name), text).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.dnsmasq), signal).unwrap();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may have failed to start.
        drop(self.dnsmasq.kill());
        drop(self.dnsmasq.wait());
    }
}

/// Has little beside what resolvers read: users, for dnsmasq, and where libraries are.
fn make_etc(etc: &Path) {
    fs::create_dir(etc).unwrap();
    for name in ["passwd", "group", "ld.so.cache"] {
        // What a system does without, it does without here too.
        drop(fs::copy(Path::new("/etc").join(name), etc.join(name)));
    }
    for (name, text) in [
        ("hosts", HOSTS),
        // All addresses that the hosts file has for a name.
        ("host.conf", "multi on\n"),
        ("resolv.conf", RESOLV_CONF),
        ("nsswitch.conf", NSSWITCH_CONF),
        ("services", SERVICES),
    ] {
        fs::write(etc.join(name), text).unwrap();
    }
}

fn conf(folder: &Path) -> String {
    let records = folder.join("records");
    let records = records.display();
    format!(
        "no-resolv\nno-hosts\nno-round-robin\nlisten-address=127.0.0.1\nbind-interfaces\n\
         addn-hosts={records}\ncname=alias.test,web.test\nlocal=/test/\nlocal=/arpa/\n"
    )
}

fn wait_for_start(dnsmasq: &mut Child) {
    let mut lines = BufReader::new(dnsmasq.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    loop {
        match lines.next() {
            Some(Ok(line)) if line.contains("/records - ") => break,
            Some(Ok(line)) => said.push(line),
            _ => panic!("dnsmasq does not start: {said:?}"),
        }
    }
    // It goes on to say things, which must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
}
