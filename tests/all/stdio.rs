//! Standard streams by handle: pipes, files, sockets, the null device, closed descriptors, and what
//! an embedder passes in. Terminals are in `terminal.rs`.

pub(crate) mod pty;
mod terminal;

use std::fs::File;
use std::io::{Read, Seek, Write, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use aio_host::{Captured, GuestOptions, Host, Input, Policy};

use crate::support::{self, cache, guest};

/// Each way to read and write.
const DOORS: [&str; 7] = [
    "plain", "vectored", "stream", "ring", "many", "watch", "transfer",
];

const LENGTH: usize = 300_000;

fn pattern() -> Vec<u8> {
    (0..LENGTH).map(|index| (index % 251) as u8).collect()
}

fn command(flags: &[&str], guest: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aio-host"));
    command.arg("run").args(flags).arg(guest).args(args);
    command
        .env("XDG_CACHE_HOME", cache())
        .stderr(Stdio::piped());
    command
}

fn copy(door: &str) -> Command {
    command(&[], &guest("stdio_copy"), &[door])
}

/// Fails the test unless all was copied.
#[track_caller]
fn copied(output: &Output, door: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, format!("{LENGTH}\n"), "{door}");
    assert!(output.status.success(), "{door}: {}", output.status);
}

#[test]
fn pipes_are_copied_by_every_door() {
    for door in DOORS {
        let mut command = copy(door);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writing = thread::spawn(move || stdin.write_all(&pattern()));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        copied(&output, door);
        assert!(output.stdout == pattern(), "{door}");
    }
}

#[test]
fn files_are_copied_by_every_door() {
    for door in DOORS {
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(&pattern()).unwrap();
        input.rewind().unwrap();
        let mut output = tempfile::tempfile().unwrap();
        let mut command = copy(door);
        command.stdin(input).stdout(output.try_clone().unwrap());
        copied(&command.output().unwrap(), door);
        output.rewind().unwrap();
        let mut all = Vec::new();
        output.read_to_end(&mut all).unwrap();
        assert!(all == pattern(), "{door}");
    }
}

#[test]
fn sockets_are_copied_by_every_door() {
    for door in DOORS {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut command = copy(door);
        let near = OwnedFd::from(near);
        command.stdin(near.try_clone().unwrap()).stdout(near);
        let child = command.spawn().unwrap();
        drop(command);
        let mut writer = far.try_clone().unwrap();
        let writing = thread::spawn(move || {
            writer.write_all(&pattern()).unwrap();
            writer.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        writing.join().unwrap();
        copied(&child.wait_with_output().unwrap(), door);
        assert!(all == pattern(), "{door}");
    }
}

#[test]
fn what_an_embedder_passes_in_is_copied_by_every_door() {
    let mut host = Host::builder().cache(Some(cache())).build().unwrap();
    let program = host.load(guest("stdio_copy")).unwrap();
    for door in DOORS {
        let captured = Captured::new(LENGTH);
        let told = Captured::new(100);
        let options = GuestOptions {
            args: vec!["copy".to_owned(), door.to_owned()],
            stdio: aio_host::Stdio::Streams {
                stdin: Input::Bytes(pattern()),
                stdout: aio_host::Output::Captured(captured.clone()),
                stderr: aio_host::Output::Captured(told.clone()),
            },
            ..GuestOptions::new(Policy::default())
        };
        let instantiation = host.instantiate(&program, options);
        let ended = host.block_on(async {
            let mut guest = instantiation.await?;
            let code = guest.run().await;
            guest.close().await.and(code)
        });
        assert_eq!(
            (ended.unwrap(), told.take()),
            (0, b"300000\n".to_vec()),
            "{door}"
        );
        assert!(captured.take() == pattern(), "{door}");
    }
}

#[test]
fn wasi_and_handles_share_order_and_position() {
    let mut command = command(&[], &guest("stdio_shared"), &[]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Open to the end: the guest finds no end, only nothing more.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"onetwothreefour").unwrap();
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(stdout, "first\nsecond\nthird\nfourth\nfifth\nsixth\nlast\n");
    assert!(output.status.success());
}

#[test]
fn what_nobody_has_asked_for_is_left_to_others() {
    for door in ["handle", "wasi"] {
        let (reader, mut writer) = pipe().unwrap();
        let mut others = reader.try_clone().unwrap();
        writer.write_all(b"mine, theirs").unwrap();
        drop(writer);
        let mut command = command(&[], &guest("stdio_take"), &["5", door]);
        let output = command.stdin(reader).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "mine,|\n");
        let mut rest = String::new();
        others.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, " theirs");
    }
}

#[test]
fn a_descriptor_that_is_closed_is_not_supported_and_fails_nothing() {
    for (closed, names) in [
        ("<&-", &["stdin"][..]),
        (">&-", &["stdout"]),
        ("2>&-", &["stderr"]),
        ("<&- >&- 2>&-", &["stdin", "stdout", "stderr"]),
    ] {
        let script = format!("exec \"$0\" \"$@\" {closed}");
        let enter = ["sh", "-c", &script];
        let ran = support::Running::start_in(&enter, &[], &guest("stdio_none"), names).end();
        assert_eq!(ran.code, Some(0), "{closed}: {ran:?}");
    }
}

#[test]
fn the_null_device_has_nothing_and_takes_all() {
    let null = || {
        File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .unwrap()
    };
    let mut command = command(&[], &guest("stdio_none"), &[]);
    command.stdin(null()).stdout(null()).stderr(null());
    assert!(command.status().unwrap().success());
}

#[test]
fn what_is_no_terminal_has_no_size_and_no_mode() {
    let granted = ["--allow-terminal", "--env=GRANTED=1"];
    let ran = support::run(&granted, &guest("stdio_none"), &[]);
    // The guest writes a line to each.
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "x\n"), "{ran:?}");
    let ran = support::run(&[], &guest("stdio_none"), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("--allow-terminal"), "{ran:?}");
}

#[test]
fn escapes_reach_what_is_no_terminal_whole() {
    for door in DOORS {
        let mut command = copy(door);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let escapes = b"\x1b[31mred\x1b[0m\x07\x9b\xc2\x9b\0";
        child.stdin.take().unwrap().write_all(escapes).unwrap();
        assert_eq!(child.wait_with_output().unwrap().stdout, escapes);
    }
}

#[test]
fn handles_of_streams_count_to_the_last_one() {
    // They are no sockets.
    let flags = ["--max-handles=5", "--max-sockets=1"];
    support::passes(&flags, "stdio_many", &["5"]);
}
