//! Programs that tests talk to as real peers. What is missing is installed by apt; without the
//! privilege for that an error says what to type. Starts none of them: tests do.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow};

use crate::command;
use crate::progress::{say, step};

/// A program, and the package of Debian that brings it.
struct Peer {
    program: &'static str,
    package: &'static str,
}

const PEERS: [Peer; 6] = [
    Peer {
        program: "openssl",
        package: "openssl",
    },
    Peer {
        program: "nginx",
        package: "nginx",
    },
    Peer {
        program: "redis-server",
        package: "redis-server",
    },
    Peer {
        program: "postgres",
        package: "postgresql",
    },
    // The program without the service that takes port 53.
    Peer {
        program: "dnsmasq",
        package: "dnsmasq-base",
    },
    // Gives a network of the tests' own its addresses.
    Peer {
        program: "ip",
        package: "iproute2",
    },
];

/// Where servers are installed, which is not on everybody's path.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];
/// Has a folder of programs for each version of PostgreSQL.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Installs what is missing. Does nothing the second time.
pub(crate) fn prepare() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        say("packages: all programs that tests talk to are there");
        return Ok(());
    }
    let list = missing.join(" ");
    step(&format!("install {list}"), || {
        install(&missing).map_err(|why| {
            anyhow!("{why:#}; run `apt-get install {list}` as root, then the same task again")
        })
    })
}

fn missing() -> Vec<&'static str> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    folders.extend(FOLDERS.map(Into::into));
    // Not to be there is to have no version.
    let versions = fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    let is_missing = |peer: &&Peer| !is_in(&folders, peer.program);
    let missing = PEERS.iter().filter(is_missing);
    missing.map(|peer| peer.package).collect()
}

fn is_in(folders: &[impl AsRef<Path>], program: &str) -> bool {
    let file = |folder: &dyn AsRef<Path>| folder.as_ref().join(program).is_file();
    folders.iter().any(|folder| file(folder))
}

/// The lists of a fresh system are empty or old, so a failure is tried again with new ones.
fn install(packages: &[&str]) -> Result<()> {
    let first = command::run(apt("install").args(packages));
    let Err(why) = first else { return Ok(()) };
    say(format!("{why:#}; updating the lists of apt"));
    command::run(&mut apt("update"))?;
    command::run(apt("install").args(packages))
}

fn apt(task: &str) -> Command {
    let mut command = Command::new("apt-get");
    // Another apt may be at work.
    command.args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300", task]);
    if task == "install" {
        command.arg("--no-install-recommends");
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    // Keeps the packages' scripts from starting the services.
    command.env("RUNLEVEL", "1");
    command.stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_looked_for_in_all_folders() {
        let folder = env::current_exe().unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let folder = folder.parent().unwrap();
        assert!(is_in(&[Path::new("/nowhere"), folder], name));
        assert!(!is_in(&[folder], "no-such-program-of-ours"));
        let directory = folder.file_name().unwrap().to_str().unwrap();
        assert!(!is_in(&[folder.parent().unwrap()], directory));
    }

    #[test]
    fn services_are_not_started_by_their_packages() {
        let command = apt("install");
        let level = command.get_envs().find(|(name, _)| *name == "RUNLEVEL");
        assert_eq!(level.unwrap().1.unwrap(), "1");
    }
}
