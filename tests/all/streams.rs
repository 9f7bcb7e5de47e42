//! `aio:host/streams` as a guest sees it: what TCP and Unix connections have in common.

use super::support::{LOOPBACK, guest, passes, run};

#[test]
fn a_vectored_write_is_one_write() {
    passes(LOOPBACK, "streams_vectored", &[]);
}

#[test]
fn a_transfer_moves_every_byte_once_however_it_ends() {
    passes(LOOPBACK, "streams_transfer", &[]);
}

#[cfg(unix)]
#[test]
fn a_reader_gives_lines_pieces_and_lengths_and_keeps_the_rest() {
    passes(LOOPBACK, "streams_reader", &[]);
}

#[cfg(unix)]
#[test]
fn files_of_granted_directories_are_sent_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("folder")).unwrap();
    let numbers: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    std::fs::write(data.join("numbers"), numbers).unwrap();
    std::fs::write(data.join("empty"), "").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", data.join("out")).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let pipe = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, data.join("pipe"), pipe, mode, 0).unwrap();
    // Reading is all that is needed.
    let dir = format!("--dir={}::/data:ro", data.display());
    let ran = run(
        &[LOOPBACK, &[&dir]].concat(),
        &guest("streams_send_file"),
        &[],
    );
    ran.fails(0, &["read /secret: not granted; --dir=HOST::/"]);
}
