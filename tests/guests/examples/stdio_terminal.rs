//! A terminal: what its first argument says of it, and how its second one ends.

use std::io::Write;

use aio_guest::stdio::{self, StandardStream};
use aio_guest::{signal, spawn, timers, write_all};
use test_guests::{MILLISECOND, argument, check, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for stream in [StandardStream::Stdin, StandardStream::Stdout] {
        check(
            stdio::is_terminal(stream),
            format_args!("{stream:?} is a terminal"),
        )?;
    }
    match argument(1)?.as_str() {
        "size" => size(),
        "resized" => resized().await,
        "escapes" => escapes().await,
        "raw" => raw().await,
        "stuck" => stuck().await,
        other => Err(format!("what is {other}")),
    }
}

fn size() -> Result<(), String> {
    let size = succeeds(stdio::size(StandardStream::Stdout), "size")?;
    println!("{} by {}", size.columns, size.rows);
    Ok(())
}

async fn resized() -> Result<(), String> {
    let changes = succeeds(signal::signal(signal::WINCH), "listen")?;
    size()?;
    succeeds(changes.recv().await, "wait for the change")?;
    size()
}

/// By both doors, and cut where it hurts.
async fn escapes() -> Result<(), String> {
    let stdout = succeeds(stdio::stdout(), "open")?;
    print!("\x1b[31mgrün\x1b[0m\x1b]0;title\x07|");
    std::io::stdout()
        .flush()
        .map_err(|error| error.to_string())?;
    for piece in [&b"a\x1b"[..], b"[2", b"Jb\xc3", b"\xa9\xc2", b"\x9b1mc|\n"] {
        let written = succeeds(stdout.write(piece.to_vec()).await, "write")?;
        check(written as usize == piece.len(), "all is taken")?;
    }
    let stderr = succeeds(stdio::stderr(), "open")?;
    succeeds(write_all(&stderr, b"\x1b[1mbold\x1b[m\n").await, "write")
}

async fn raw() -> Result<(), String> {
    let stdin = succeeds(stdio::stdin(), "open")?;
    succeeds(stdio::set_raw_mode(true), "raw mode")?;
    // To ask twice is to ask once.
    succeeds(stdio::set_raw_mode(true), "raw mode")?;
    println!("raw");
    let key = succeeds(stdin.read(1).await, "read a key")?;
    println!("key {key:?}");
    match argument(2)?.as_str() {
        "back" => {
            succeeds(stdio::set_raw_mode(false), "back")?;
            println!("back");
            succeeds(stdin.read(1).await, "read")?;
            Ok(())
        }
        "return" => Ok(()),
        "fail" => Err("\x1b[31mthe guest's own words".to_owned()),
        "exit" => std::process::exit(1),
        "trap" => panic!("on purpose"),
        "spin" => loop {
            std::hint::black_box(0);
        },
        other => Err(format!("what is {other}")),
    }
}

/// A terminal that takes nothing stops what writes to it, and nothing else.
async fn stuck() -> Result<(), String> {
    let stdout = succeeds(stdio::stdout(), "open")?;
    let (done, mut wait) = (std::rc::Rc::new(std::cell::Cell::new(false)), 0);
    let writing = std::rc::Rc::clone(&done);
    spawn(async move {
        let written = write_all(&stdout, &[b'x'; 1 << 20]).await;
        writing.set(written.is_ok());
    });
    while !done.get() {
        succeeds(timers::sleep(MILLISECOND).await, "sleep")?;
        wait += 1;
        if wait == 20 {
            check(!done.get(), "the terminal takes no mebibyte")?;
            eprintln!("alive");
        }
    }
    Ok(())
}
