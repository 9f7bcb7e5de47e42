//! What of the file system a confined child sees: a Landlock ruleset.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};

use super::super::Reach;
use super::unsupported;

/// From here on Landlock keeps a child from truncating what it must not write to. What is newer is
/// asked for and may be missing.
const LEAST: ABI = ABI::V3;
const NEWEST: ABI = ABI::V10;

/// Libraries, the loader that every program begins with, and what programs keep beside them to run
/// it. Whoever can read a program can have the loader run it, so executing adds nothing.
const LIBRARIES: [&str; 13] = [
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/libexec",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/libexec",
    "/nix/store",
];

/// Data for everybody, without which libraries do not start, or know no time and no language.
/// Nothing here tells of users, of secrets or of other programs.
const DATA: [&str; 12] = [
    "/usr/share",
    "/usr/local/share",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/locale.alias",
    "/etc/nsswitch.conf",
    "/etc/terminfo",
    "/etc/inputrc",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/openssl.cnf",
];

/// How names become addresses, and whose certificates are trusted.
const NETWORK: [&str; 9] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/ssl/certs",
    "/etc/pki",
    "/etc/ca-certificates",
];

/// Where the system has its programs.
const PROGRAMS: [&str; 6] = [
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
];

const SINKS: [&str; 2] = ["/dev/null", "/dev/full"];
const SOURCES: [&str; 3] = ["/dev/zero", "/dev/urandom", "/dev/random"];

/// How many programs run one another at most, as for the system.
const INTERPRETERS_MAX: usize = 4;

/// How much of a script the system looks at.
const HEAD_MAX: u64 = 256;

/// Makes the rules.
pub(super) fn ruleset(reach: &Reach<'_>) -> io::Result<OwnedFd> {
    let rules = empty(reach.network)
        .map_err(|error| unsupported(format!("the kernel lacks Landlock of Linux 6.2: {error}")))?;
    let rules = system(rules, reach)?;
    let rules = programs(rules, reach)?;
    let rules = directories(rules, reach)?;
    Option::from(rules).ok_or_else(|| unsupported("the kernel has no Landlock"))
}

/// Keeps from everything: what no rule names is refused.
fn empty(network: bool) -> Result<RulesetCreated, RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?;
    if !network {
        rules = rules.handle_access(AccessNet::from_all(NEWEST))?;
    }
    rules.create()
}

fn system(mut rules: RulesetCreated, reach: &Reach<'_>) -> io::Result<RulesetCreated> {
    let network = NETWORK.iter().filter(|_| reach.network);
    let programs = PROGRAMS.iter().filter(|_| reach.every_program);
    for path in LIBRARIES.iter().chain(programs) {
        rules = of_system(rules, path, reading() | AccessFs::Execute)?;
    }
    for path in DATA.iter().chain(network).chain(&SOURCES) {
        rules = of_system(rules, path, reading())?;
    }
    for path in SINKS {
        rules = of_system(rules, path, reading() | AccessFs::WriteFile)?;
    }
    Ok(rules)
}

/// Each system lacks some of these.
fn of_system(
    rules: RulesetCreated,
    path: &str,
    rights: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    match PathFd::new(path) {
        Ok(place) => add(rules, place, rights),
        Err(_missing) => Ok(rules),
    }
}

fn programs(mut rules: RulesetCreated, reach: &Reach<'_>) -> io::Result<RulesetCreated> {
    for program in &reach.programs {
        // Through what asks the system itself: its error has the system's number.
        let place = rustix::fs::open(
            *program,
            rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        rules = add(rules, place, reading() | AccessFs::Execute)?;
        let interpreters = std::iter::successors(interpreter(program), |path| interpreter(path));
        for path in interpreters.take(INTERPRETERS_MAX) {
            if let Ok(place) = PathFd::new(path) {
                rules = add(rules, place, reading() | AccessFs::Execute)?;
            }
        }
    }
    Ok(rules)
}

/// Tells the program that is to run a script, as its first line says. What it runs in its turn,
/// such as `env`, is not known here.
fn interpreter(program: &Path) -> Option<PathBuf> {
    // What is no regular file might let its opening wait.
    program.metadata().ok().filter(|found| found.is_file())?;
    let mut head = Vec::new();
    let file = File::open(program).ok()?;
    file.take(HEAD_MAX).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n');
    let line = std::str::from_utf8(line.into_iter().next()?).ok()?;
    line.split_whitespace().next().map(PathBuf::from)
}

fn directories(mut rules: RulesetCreated, reach: &Reach<'_>) -> io::Result<RulesetCreated> {
    for place in &reach.directories {
        let mut rights = match place.writable {
            true => reading() | writing(),
            false => reading(),
        };
        if reach.every_program {
            rights |= AccessFs::Execute;
        }
        rules = add(rules, place.directory, rights)?;
    }
    Ok(rules)
}

fn add(
    rules: RulesetCreated,
    place: impl AsFd,
    rights: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    rules
        .add_rule(PathBeneath::new(place, rights))
        .map_err(io::Error::other)
}

fn reading() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir
}

/// All but devices: they are ways to everything.
fn writing() -> BitFlags<AccessFs> {
    let devices = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev;
    AccessFs::from_write(NEWEST) & !devices & !BitFlags::from(AccessFs::ResolveUnix)
}
