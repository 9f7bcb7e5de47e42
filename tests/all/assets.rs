//! `aio:host/assets` as a guest sees it: what is appended to the file that it is loaded from.

use std::fs;

use aio_host::append_asset;

use super::support::{AIO_HOST, Ran, guest, run};

/// A guest with two assets, in a folder that has to be kept.
fn built() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("built.wasm");
    let mut component = fs::read(guest("assets_read")).unwrap();
    append_asset(&mut component, "greeting", b"hello");
    append_asset(&mut component, "empty", b"");
    fs::write(&path, component).unwrap();
    (folder, path)
}

#[track_caller]
fn prints(ran: &Ran, expected: &str) {
    ran.passes();
    assert_eq!(ran.stdout, expected);
}

#[test]
fn what_was_appended_is_read_by_its_name() {
    let (_folder, path) = built();
    let names = ["greeting", "empty", "no-such", ""];
    // Also when it comes out of the cache, and without one.
    for flags in [&[][..], &[], &["--no-cache"]] {
        prints(&run(flags, &path, &names), "hello\n\n-\n-\n");
    }
    prints(&run(&[], &guest("assets_read"), &names), "-\n-\n-\n-\n");
}

#[test]
fn compiled_code_has_none() {
    let (folder, path) = built();
    let code = folder.path().join("built.cwasm");
    let words = [path.to_str().unwrap(), "-o", code.to_str().unwrap()];
    let compile = [&["compile"], &words[..]].concat();
    let compiled = std::process::Command::new(AIO_HOST).args(compile).status();
    assert!(compiled.unwrap().success());
    prints(&run(&["--allow-precompiled"], &code, &["greeting"]), "-\n");
}
