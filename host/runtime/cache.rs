//! Compiled code on disk, so that a guest starts in milliseconds the second time. An entry is used
//! only if it is what was written: its digest and its key are checked before a byte is trusted, or
//! have been, and it has not changed since.
//!
//! The key covers the guest's bytes, the engine's configuration and both versions. The folder is
//! created for this user alone, and one that others may write is not used: code is native.

mod seen;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wasmtime::Engine;

/// A folder of compiled guests.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

/// What a guest's compiled form is kept under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(blake3::Hash);

impl Key {
    pub(crate) fn new(engine: &Engine, guest: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut compatibility = HashBytes(&mut hasher);
        std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut compatibility);
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
        hasher.update(guest);
        Self(hasher.finalize())
    }
}

/// Feeds what is hashed for a table into a digest that does not collide.
struct HashBytes<'a>(&'a mut blake3::Hasher);

impl std::hash::Hasher for HashBytes<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl Cache {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The user's own cache folder: `$XDG_CACHE_HOME/aio-host` or `$HOME/.cache/aio-host`.
    pub(crate) fn default_folder() -> Option<PathBuf> {
        let absolute = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|p| p.is_absolute())
        };
        let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(base.join("aio-host"))
    }

    /// Reads an entry; one that is missing, damaged or of another key is none.
    pub(crate) fn read(&self, key: Key) -> Option<Vec<u8>> {
        if !self.is_private() {
            return None;
        }
        let entry = match fs::read(self.path(key)) {
            Ok(entry) => entry,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(
                        "read compile cache entry {}: {error}",
                        self.path(key).display()
                    );
                }
                return None;
            }
        };
        let code = verify(entry, key);
        if code.is_none() {
            tracing::warn!(
                "compile cache entry {} is damaged",
                self.path(key).display()
            );
        }
        code
    }

    /// Writes an entry, whose digest comes last; not where others may have put a link in its place.
    pub(crate) fn write(&self, key: Key, code: &[u8]) -> io::Result<()> {
        create_private(&self.folder)?;
        if !self.is_private() {
            return Ok(());
        }
        self.replace(&self.path(key), &[code, digest(key, code).as_bytes()])
    }

    /// Writes a file under a name of its own first, so that no reader sees half of it, and none
    /// that has it mapped sees it change.
    fn replace(&self, path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
        let unfinished = path.with_extension(std::process::id().to_string());
        let written = write_new(&unfinished, pieces).and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            // The first error is the one to tell; a file left behind is overwritten next time.
            drop(fs::remove_file(&unfinished));
        }
        written
    }

    /// Whether nobody else can have put something there; a folder that is missing has nothing.
    fn is_private(&self) -> bool {
        let metadata = fs::metadata(&self.folder);
        let private = metadata.is_ok_and(|metadata| of_user_alone(&metadata));
        if !private && self.folder.exists() {
            let folder = self.folder.display();
            tracing::warn!("the compile cache {folder} may be written by others: it is not used");
        }
        private
    }

    fn path(&self, key: Key) -> PathBuf {
        self.folder.join(format!("{}.cwasm", key.0.to_hex()))
    }
}

const DIGEST: usize = blake3::OUT_LEN;

/// The digest at the end covers the code and the key.
fn digest(key: Key, code: &[u8]) -> blake3::Hash {
    blake3::keyed_hash(key.0.as_bytes(), code)
}

fn verify(mut entry: Vec<u8>, key: Key) -> Option<Vec<u8>> {
    let code = entry.len().checked_sub(DIGEST)?;
    let found: [u8; DIGEST] = entry.get(code..)?.try_into().ok()?;
    entry.truncate(code);
    (digest(key, &entry) == blake3::Hash::from_bytes(found)).then_some(entry)
}

fn write_new(path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    pieces.iter().try_for_each(|piece| file.write_all(piece))
}

#[cfg(unix)]
fn of_user_alone(folder: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    folder.uid() == rustix::process::geteuid().as_raw() && folder.mode() & 0o022 == 0
}

/// The system keeps the folders of users apart.
#[cfg(not(unix))]
fn of_user_alone(_folder: &fs::Metadata) -> bool {
    true
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache, Key) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("deep/er"));
        let engine = Engine::default();
        (folder, cache, Key::new(&engine, b"guest"))
    }

    #[test]
    fn what_is_written_is_read() {
        let (_folder, cache, key) = cache();
        assert!(cache.read(key).is_none());
        cache.write(key, b"code").unwrap();
        assert_eq!(cache.read(key).unwrap(), b"code");
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_others_may_write_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, cache, key) = cache();
        let other = Key::new(&Engine::default(), b"another guest");
        cache.write(key, b"code").unwrap();
        for (mode, used) in [(0o770, false), (0o707, false), (0o755, true)] {
            fs::set_permissions(&cache.folder, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(cache.read(key).is_some(), used, "mode {mode:o}");
            cache.write(other, b"code").unwrap();
            assert_eq!(cache.path(other).exists(), used, "mode {mode:o}");
        }
    }

    #[test]
    fn each_flipped_bit_is_found() {
        let (_folder, cache, key) = cache();
        cache.write(key, b"code").unwrap();
        let good = fs::read(cache.path(key)).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(cache.path(key), bad).unwrap();
            assert!(cache.read(key).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn a_truncated_entry_is_none() {
        let (_folder, cache, key) = cache();
        cache.write(key, b"code").unwrap();
        let good = fs::read(cache.path(key)).unwrap();
        for length in 0..good.len() {
            fs::write(cache.path(key), &good[..length]).unwrap();
            assert!(cache.read(key).is_none(), "length {length}");
        }
    }

    #[test]
    fn an_entry_under_another_guests_name_is_none() {
        let (_folder, cache, key) = cache();
        let other = Key::new(&Engine::default(), b"another guest");
        cache.write(key, b"code").unwrap();
        fs::rename(cache.path(key), cache.path(other)).unwrap();
        assert!(cache.read(other).is_none());
    }

    #[test]
    fn the_engines_configuration_is_part_of_the_key() {
        let mut config = wasmtime::Config::new();
        config.consume_fuel(true);
        let with_fuel = Engine::new(&config).unwrap();
        let keys = [&Engine::default(), &with_fuel].map(|engine| Key::new(engine, b"guest").0);
        assert_ne!(keys[0], keys[1]);
    }
}
