//! Which entry belongs to a file that has been loaded before, without reading either of them: the
//! system tells whether they have changed. Where it does not, nothing is remembered.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wasmtime::Engine;

use super::{Cache, Key};

/// A guest's file as it is now, and the note of the entry that belongs to it.
pub(crate) struct Seen<'a> {
    cache: &'a Cache,
    note: PathBuf,
}

/// What changes with each write to a file: which file it is, its length and its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity([u8; LENGTH]);

const LENGTH: usize = 7 * 8;

/// A file that was written just now may be written again without a change of its times, of which
/// the system has a new one a hundred times a second.
const SETTLED: Duration = Duration::from_millis(100);

impl Cache {
    /// Looks at a guest's file; none if the system does not tell enough of it.
    pub(crate) fn seen(&self, engine: &Engine, path: &Path) -> Option<Seen<'_>> {
        let identity = Identity::of(path).filter(|_| self.is_private())?;
        let Key(hash) = Key::new(engine, &identity.0);
        let note = self.folder.join(format!("{}.seen", hash.to_hex()));
        Some(Seen { cache: self, note })
    }
}

impl Seen<'_> {
    /// The file of its entry, if that is as it was when it was checked.
    pub(crate) fn entry(&self) -> Option<PathBuf> {
        // One that cannot be read says nothing.
        let note = fs::read(&self.note).ok()?;
        let (key, identity) = note.split_first_chunk()?;
        let entry = self.cache.path(Key(blake3::Hash::from_bytes(*key)));
        (Identity::of(&entry)?.0 == identity).then_some(entry)
    }

    /// Notes that the entry of `key`, which was just checked or written, belongs to the file.
    pub(crate) fn remember(&self, key: Key) {
        let Some(identity) = Identity::of(&self.cache.path(key)) else {
            return;
        };
        let note = [&key.0.as_bytes()[..], &identity.0].concat();
        if let Err(error) = self.cache.replace(&self.note, &[&note]) {
            tracing::warn!("write the compile cache: {error}");
        }
    }
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        // Without it there is nothing to remember, and reading the file tells why.
        let metadata = fs::metadata(path).ok()?;
        if !metadata.is_file() {
            // What a pipe or a device holds its times do not tell.
            return None;
        }
        let (numbers, changed) = numbers(&metadata)?;
        let age = SystemTime::now().duration_since(changed).ok()?;
        let bytes = numbers.map(u64::to_le_bytes);
        (age > SETTLED).then_some(Self(bytes.as_flattened().try_into().ok()?))
    }
}

#[cfg(unix)]
fn numbers(metadata: &Metadata) -> Option<([u64; 7], SystemTime)> {
    use std::os::unix::fs::MetadataExt;
    let unsigned = |number: i64| u64::try_from(number).ok();
    let changed = Duration::new(
        unsigned(metadata.ctime())?,
        u32::try_from(metadata.ctime_nsec()).ok()?,
    );
    let numbers = [
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        unsigned(metadata.mtime())?,
        unsigned(metadata.mtime_nsec())?,
        changed.as_secs(),
        changed.subsec_nanos().into(),
    ];
    // A file system that counts whole seconds only does not tell enough.
    let changed = (changed.subsec_nanos() > 0).then_some(changed)?;
    Some((numbers, SystemTime::UNIX_EPOCH.checked_add(changed)?))
}

#[cfg(not(unix))]
fn numbers(_metadata: &Metadata) -> Option<([u64; 7], SystemTime)> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;

    /// A guest and an entry, both settled: their change was long ago.
    fn settled(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        fs::write(path, bytes)?;
        while Identity::of(path).is_none() {
            std::thread::yield_now();
        }
        Ok(())
    }

    #[test]
    fn an_entry_is_found_until_one_of_both_files_changes() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = Cache::new(folder.path().to_owned());
        let guest = folder.path().join("guest");
        let key = Key::new(&engine, b"guest");
        fs::write(&guest, b"guest").unwrap();
        assert!(cache.seen(&engine, &guest).is_none(), "it is too new");
        settled(&cache.path(key), b"code").unwrap();
        settled(&guest, b"guest").unwrap();
        let entry = || cache.seen(&engine, &guest).unwrap().entry();
        assert_eq!(entry(), None);
        cache.seen(&engine, &guest).unwrap().remember(key);
        assert_eq!(entry(), Some(cache.path(key)));

        let file = File::options().write(true).open(&guest).unwrap();
        file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))
            .unwrap();
        settled(&guest, b"guest").unwrap();
        assert_eq!(entry(), None, "the guest has changed");
        cache.seen(&engine, &guest).unwrap().remember(key);
        assert_eq!(entry(), Some(cache.path(key)));
        settled(&cache.path(key), b"edoc").unwrap();
        assert_eq!(entry(), None, "the entry has changed");
    }

    #[test]
    fn nothing_is_said_of_shared_folders_and_of_what_is_no_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let guest = folder.path().join("guest");
        settled(&guest, b"guest").unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let is_seen = |path: &Path| cache.seen(&Engine::default(), path).is_some();
        assert!(is_seen(&guest));
        assert!(!is_seen(Path::new("/dev/null")));
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(!is_seen(&guest));
    }

    #[test]
    fn a_note_that_is_damaged_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let guest = folder.path().join("guest");
        settled(&guest, b"guest").unwrap();
        let seen = cache.seen(&Engine::default(), &guest).unwrap();
        for length in [0, 31, 32, 87, 88, 200] {
            fs::write(&seen.note, vec![b'x'; length]).unwrap();
            assert_eq!(seen.entry(), None);
        }
    }
}
