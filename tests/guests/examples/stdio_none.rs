//! What is not there or not granted. The arguments name the streams that the host has not got.

use aio_guest::stdio::{self, StandardStream};
use aio_guest::{ErrorCode, Handle, Ring};
use test_guests::{Told, collect_one, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let absent: Vec<String> = std::env::args().skip(1).collect();
    let streams = [
        ("stdin", StandardStream::Stdin),
        ("stdout", StandardStream::Stdout),
        ("stderr", StandardStream::Stderr),
    ];
    for (name, stream) in streams {
        let opened = match stream {
            StandardStream::Stdin => stdio::stdin(),
            StandardStream::Stdout => stdio::stdout(),
            StandardStream::Stderr => stdio::stderr(),
        };
        match absent.iter().any(|absent| absent == name) {
            true => fails(opened, ErrorCode::NotSupported, name)?,
            false => works(succeeds(opened, name)?.as_handle(), stream)?,
        }
        equal(stdio::is_terminal(stream), false, "a terminal")?;
        refused(stdio::size(stream).map(drop), "size")?;
    }
    refused(stdio::set_raw_mode(true), "raw mode")?;
    refused(stdio::set_raw_mode(false), "the mode that it was in")
}

fn refused(result: Result<(), ErrorCode>, what: &str) -> Result<(), String> {
    let granted = std::env::var("GRANTED").is_ok();
    let expected = match granted {
        true => ErrorCode::NotSupported,
        false => ErrorCode::AccessDenied,
    };
    fails(result, expected, what)
}

/// The null device takes all and has nothing.
fn works(handle: Handle, stream: StandardStream) -> Result<(), String> {
    let mut ring = Ring::new();
    if stream == StandardStream::Stdin {
        ring.read(1, handle, 1);
        return equal(collect_one(&mut ring)?, Told::Data(Vec::new()), "the end");
    }
    ring.write(1, handle, b"x\n");
    equal(collect_one(&mut ring)?, Told::Written(2), "written")
}
