//! Terminals: size, raw mode and who holds it, and reads and writes that never block.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::time::Duration;

use aio_loop::Elapsed;
use aio_loop::fd::Stdio;
use aio_loop::terminal::{RawMode, Size, size};
use aio_loop::testing::virtual_loop;
use rustix::fs::{Mode, OFlags, fcntl_getfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

const SECOND: Duration = Duration::from_secs(1);

/// A terminal: the side of the keyboard, and that of a program.
fn terminal() -> (std::fs::File, OwnedFd) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let screen = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    (keyboard.into(), screen.unwrap())
}

fn is_raw(screen: &OwnedFd) -> bool {
    let modes = tcgetattr(screen).unwrap().local_modes;
    !modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
}

#[test]
fn a_terminal_has_a_size_and_a_file_has_none() {
    let (keyboard, screen) = terminal();
    let set = Winsize {
        ws_row: 50,
        ws_col: u16::MAX,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&keyboard, set).unwrap();
    let expected = Size {
        columns: u16::MAX,
        rows: 50,
    };
    assert_eq!(size(&screen).unwrap(), expected);
    let file = tempfile::tempfile().unwrap();
    assert_eq!(size(&file).unwrap_err().kind(), io::ErrorKind::Unsupported);
    let raw = RawMode::enter(&file).unwrap_err();
    assert_eq!(raw.kind(), io::ErrorKind::Unsupported);
}

#[test]
fn raw_mode_ends_with_its_last_holder() {
    let (_keyboard, screen) = terminal();
    let before = format!("{:?}", tcgetattr(&screen).unwrap());
    assert!(!is_raw(&screen));
    let one = RawMode::enter(&screen).unwrap();
    let two = RawMode::enter(&screen).unwrap();
    assert!(is_raw(&screen));
    drop(one);
    assert!(is_raw(&screen));
    drop(two);
    assert_eq!(format!("{:?}", tcgetattr(&screen).unwrap()), before);
}

#[test]
fn terminals_are_told_apart() {
    let (_keyboard, screen) = terminal();
    let (_other_keyboard, other) = terminal();
    let raw = RawMode::enter(&screen).unwrap();
    assert!(is_raw(&screen) && !is_raw(&other));
    drop(RawMode::enter(&other).unwrap());
    assert!(is_raw(&screen) && !is_raw(&other));
    drop(raw);
    assert!(!is_raw(&screen));
}

#[test]
fn a_terminal_that_takes_nothing_never_blocks_the_thread() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (mut keyboard, screen) = terminal();
    let shared = screen.try_clone().unwrap();
    let output = Stdio::new(&handle, screen).unwrap();
    assert!(output.is_terminal());
    event_loop.block_on(async {
        let mut written = 0;
        // Odd pieces: the room that is left is less than one of them.
        let full = loop {
            match output.try_write(&[b'x'; 3001]) {
                Ok(count) => written += count,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        assert!(written > 0);
        let full = handle
            .timeout(SECOND, output.write_all(&[b'y'; 3001]))
            .await;
        assert!(matches!(full, Err(Elapsed)));
        // The mode of those who share the terminal is theirs.
        assert!(!fcntl_getfl(&shared).unwrap().contains(OFlags::NONBLOCK));
        let reading = std::thread::spawn(move || {
            let mut seen = vec![0; written];
            keyboard.read_exact(&mut seen).unwrap();
            keyboard
        });
        output.write_all(b"end").await.unwrap();
        reading.join().unwrap();
    });
}

#[test]
fn lines_of_a_terminal_are_there_until_the_last_was_read() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (mut keyboard, screen) = terminal();
    let input = Stdio::new(&handle, screen).unwrap();
    event_loop.block_on(async {
        let mut buf = [0; 64];
        let early = handle.timeout(SECOND, input.read(&mut buf)).await;
        assert!(matches!(early, Err(Elapsed)));
        // A line that has not ended is not there yet; the end of the input is, and once.
        keyboard.write_all(b"one\ntwo\n\x04three").unwrap();
        for expected in [&b"one\n"[..], b"two\n", b""] {
            input.registration().unwrap().readable().await;
            input.try_readable().unwrap();
            let count = input.read(&mut buf).await.unwrap();
            assert_eq!(&buf[..count], expected);
        }
        let blocked = input.try_readable().unwrap_err();
        assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
    });
}
