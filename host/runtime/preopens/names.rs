//! What a socket of the host is called for a guest: only what lies in a granted directory has a
//! name. Names are told, never followed: whoever uses one has it resolved anew.

use std::path::{Component, Path, PathBuf};

use super::{Preopen, Preopens, components};

impl Preopens {
    /// Tells the path by which the guest knows the socket that is bound to `path`, a path of the
    /// host as its owner wrote it.
    pub(crate) fn guest_path(&self, path: &Path) -> Option<String> {
        let path = behind_descriptor(path).unwrap_or_else(|| path.to_owned());
        let named = self.0.iter().filter_map(|preopen| {
            let rest = preopen.strip(&path)?;
            Some((preopen, rest))
        });
        let (preopen, rest) = named.min_by_key(|(_, rest)| rest.len())?;
        let name = components(&preopen.grant.guest).chain(rest);
        Some(name.flat_map(|part| ["/", part]).collect())
    }
}

impl Preopen {
    /// The parts of `path` below the directory, however that is written.
    fn strip<'a>(&self, path: &'a Path) -> Option<Vec<&'a str>> {
        let below = [&self.real, &self.grant.host]
            .into_iter()
            .filter(|host| host.is_absolute())
            .find_map(|host| path.strip_prefix(host).ok())?;
        let parts = below.components().map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        });
        parts
            .collect::<Option<Vec<_>>>()
            .filter(|parts| !parts.is_empty())
    }
}

/// The path that is meant by one that leads through a process's descriptor of a directory, as
/// sockets of this host and of others like it have them.
fn behind_descriptor(path: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = path.to_str()?.split('/').collect();
    let ["", "proc", process, "fd", descriptor, name] = parts[..] else {
        return None;
    };
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !number(process) || !number(descriptor) {
        return None;
    }
    let folder = std::fs::read_link(format!("/proc/{process}/fd/{descriptor}")).ok()?;
    Some(folder.join(name))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn preopens(host: &Path, grants: &[&str]) -> Preopens {
        let grant = |grant: &&str| format!("{}/{grant}", host.display()).parse().unwrap();
        Preopens::open(&grants.iter().map(grant).collect::<Vec<_>>()).unwrap()
    }

    fn told(preopens: &Preopens, path: impl AsRef<Path>) -> Option<String> {
        preopens.guest_path(path.as_ref())
    }

    #[test]
    fn only_what_lies_in_a_granted_directory_has_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path();
        std::fs::create_dir_all(host.join("a/b")).unwrap();
        let preopens = preopens(host, &["a::/data", "a/b::deep"]);
        assert_eq!(told(&preopens, host.join("a/s")).unwrap(), "/data/s");
        assert_eq!(told(&preopens, host.join("a/c/s")).unwrap(), "/data/c/s");
        assert_eq!(told(&preopens, host.join("a/b/s")).unwrap(), "/deep/s");
        for path in ["s", "ab/s", "a", "a/../s"] {
            assert_eq!(told(&preopens, host.join(path)), None, "{path}");
        }
        assert_eq!(told(&preopens, "a/s"), None);
    }

    #[test]
    fn a_directory_has_its_name_and_that_of_a_link_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path();
        std::fs::create_dir(host.join("real")).unwrap();
        std::os::unix::fs::symlink("real", host.join("link")).unwrap();
        let preopens = preopens(host, &["link::/"]);
        assert_eq!(told(&preopens, host.join("real/s")).unwrap(), "/s");
        assert_eq!(told(&preopens, host.join("link/s")).unwrap(), "/s");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_through_a_descriptor_is_that_of_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path();
        std::fs::create_dir_all(host.join("a/b")).unwrap();
        let preopens = preopens(host, &["a::/data"]);
        let told_of = |folder: &str| {
            let dir = std::fs::File::open(host.join(folder)).unwrap();
            let process = std::process::id();
            told(
                &preopens,
                format!("/proc/{process}/fd/{}/s", dir.as_raw_fd()),
            )
        };
        assert_eq!(told_of("a/b").unwrap(), "/data/b/s");
        assert_eq!(told_of("."), None);
        assert_eq!(told(&preopens, "/proc/self/fd/3/s"), None);
        assert_eq!(told(&preopens, "/proc/1/fd/999999999999/s"), None);
    }
}
