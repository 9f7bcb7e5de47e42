//! Debian's `rustc-web`, the compiler that its security suite keeps current for browsers.
//! Downloads packages by apt and unpacks them; installs nothing and needs no privilege for that.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::debs::{self, files, remove};
use crate::progress::say;

const COMPILER: &str = "rustc-web";

/// Shared libraries of the compiler that a small system may lack, and their packages.
const LIBRARIES: [(&str, &str); 5] = [
    ("libz3.so.4", "libz3-4"),
    ("libedit.so.2", "libedit2"),
    ("libxml2.so.2", "libxml2"),
    ("libbsd.so.0", "libbsd0"),
    ("libmd.so.0", "libmd0"),
];

/// Unpacks the compiler and the source of its standard library into `folder`.
pub(super) fn unpack(folder: &Path) -> Result<()> {
    let version = candidate()?;
    say(format!("{COMPILER} {version} from apt"));
    debs::unpack(Command::new("apt-get"), &packages(&version)?, folder)?;
    drop_what_is_not_needed(folder)
}

/// The version that apt would take, asked for again after an update if it knows none.
fn candidate() -> Result<String> {
    let version = match offered()? {
        Some(version) => version,
        None => {
            say("apt knows no rustc-web; updating its lists");
            command::run(Command::new("apt-get").arg("update"))?;
            offered()?
                .context("apt offers no rustc-web: its sources lack Debian's security suite")?
        }
    };
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    ensure!(
        release(&version) >= release(wanted),
        "apt offers {COMPILER} {version}, but {wanted} is needed; run `apt-get update`"
    );
    Ok(version)
}

fn offered() -> Result<Option<String>> {
    let policy = command::output(apt_cache().args(["policy", COMPILER]))?;
    Ok(parse_candidate(&policy))
}

fn apt_cache() -> Command {
    let mut command = Command::new("apt-cache");
    command.env("LC_ALL", "C");
    command
}

fn parse_candidate(policy: &str) -> Option<String> {
    policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .map(str::to_owned)
}

/// Major and minor number of a version of Rust or of its package.
fn release(version: &str) -> (u32, u32) {
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    let major = numbers.next().unwrap_or(0);
    (major, numbers.next().unwrap_or(0))
}

/// What to download: the compiler's packages in one version, and libraries it links to.
fn packages(version: &str) -> Result<Vec<String>> {
    let (major, minor) = release(version);
    let runtime = format!("libstd-rust-web-{major}.{minor}={version}");
    let mut packages: Vec<_> = [COMPILER, "libstd-rust-web-dev", "rust-web-src"]
        .map(|name| format!("{name}={version}"))
        .into();
    let record = command::output(apt_cache().arg("show").arg(&runtime))?;
    let llvm = dependency(&record, "libllvm").context("libstd-rust-web names no libllvm")?;
    packages.extend([runtime, llvm]);
    packages.extend(missing_libraries()?);
    Ok(packages)
}

/// The first dependency in an apt `record` whose name begins with `prefix`.
fn dependency(record: &str, prefix: &str) -> Option<String> {
    let list = record
        .lines()
        .find_map(|line| line.strip_prefix("Depends: "))?;
    let names = list
        .split(", ")
        .filter_map(|item| item.split_whitespace().next());
    names
        .into_iter()
        .find(|name| name.starts_with(prefix))
        .map(str::to_owned)
}

fn missing_libraries() -> Result<impl Iterator<Item = String>> {
    let known = command::output(Command::new("/sbin/ldconfig").arg("-p"))?;
    let missing = LIBRARIES
        .into_iter()
        .filter(move |(file, _)| !known.contains(file));
    Ok(missing.map(|(_, package)| package.to_owned()))
}

/// The source package carries the whole compiler; only `library` of it is built.
fn drop_what_is_not_needed(folder: &Path) -> Result<()> {
    for source in files(&folder.join("usr/src"))? {
        remove(&source.join("src"))?;
        remove(&source.join("compiler"))?;
    }
    remove(&folder.join("usr/share"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_candidate_is_read_from_the_policy() {
        let policy =
            "rustc-web:\n  Installed: (none)\n  Candidate: 1.96.0+dfsg1-1\n  Version table:";
        assert_eq!(parse_candidate(policy).as_deref(), Some("1.96.0+dfsg1-1"));
        assert_eq!(parse_candidate("rustc-web:\n  Candidate: (none)\n"), None);
        assert_eq!(parse_candidate(""), None);
    }

    #[test]
    fn releases_compare_by_number() {
        assert_eq!(release("1.96.0+dfsg1-1~deb12u2"), (1, 96));
        assert!(release("1.100") > release("1.95"));
        assert!(release("1.85.0+dfsg3") < release("1.95"));
    }

    #[test]
    fn the_llvm_of_the_compiler_is_a_dependency() {
        let record = "Package: x\nDepends: libc6 (>= 2.34), libllvm22, libstdc++6 (>= 11)\n";
        assert_eq!(dependency(record, "libllvm").as_deref(), Some("libllvm22"));
        assert_eq!(dependency(record, "libz"), None);
    }
}
