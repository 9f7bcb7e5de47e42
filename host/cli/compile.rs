//! `aio-host compile`: a guest's native code into a file, whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aio_host::Host;

use crate::args::CompileArgs;
use crate::progress;
use crate::report::Failure;

/// Compiles the guest and writes its native code.
pub(crate) fn compile(args: &CompileArgs) -> Result<(), Failure> {
    refuse_same_file(&args.guest, &args.output)?;
    let host = Host::builder().cache(None).fuel(args.fuel).build()?;
    let what = format!("compiling {}", args.guest.display());
    let code = progress::announced(&what, || host.compile(&args.guest))?;
    write_whole(&args.output, &code)
        .map_err(|error| Failure::System(format!("write {}: {error}", args.output.display())))
}

/// A guest must not be replaced by what was made of it.
pub(crate) fn refuse_same_file(guest: &Path, output: &Path) -> Result<(), Failure> {
    // A path that leads nowhere is no other path's file; whether it should is seen later.
    let (Ok(from), Ok(to)) = (guest.canonicalize(), output.canonicalize()) else {
        return Ok(());
    };
    if from != to {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} is both the guest and the output",
        guest.display()
    )))
}

/// Writes beside the target first, so that neither half a file nor a spoiled old one is left.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = beside(path)?;
    let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    if let Err(error) = &written
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        // The first error is the one to tell; there may be nothing to remove.
        drop(fs::remove_file(&unfinished));
    }
    written
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name();
    let name = name.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let mut unfinished = name.to_owned();
    unfinished.push(format!(".{}.unfinished", std::process::id()));
    Ok(path.with_file_name(unfinished))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("folder");
        fs::create_dir(&taken).unwrap();
        assert!(write_whole(&taken, b"x").is_err());
        assert!(write_whole(&folder.path().join("no/out"), b"x").is_err());
        assert!(write_whole(Path::new(".."), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
