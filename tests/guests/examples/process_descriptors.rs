//! Spawns what succeeds and what fails, tells that it is done, and does it once more each time it
//! is asked to stop: nothing of a round may be left in the host.

use std::io::Write;

use aio_guest::process::{Command, File, FileMode, Stdio};
use aio_guest::{ErrorCode, unix};
use test_guests::{fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    loop {
        for _ in 0..10 {
            round().await?;
        }
        println!("done");
        std::io::stdout().flush().ok();
        let asked = aio_guest::timers::sleep(1 << 60).await;
        fails(asked, ErrorCode::Cancelled, "the wait")?;
    }
}

async fn round() -> Result<(), String> {
    let mut good = Command::new("cat");
    good.stdin(Stdio::Pipe)
        .stdout(Stdio::Pipe)
        .stderr(Stdio::Pipe);
    let child = succeeds(good.spawn(), "spawn")?;
    succeeds(child.communicate(b"bytes").await, "communicate")?;
    // Neither waited for nor asked for its pipes.
    drop(succeeds(good.spawn(), "spawn")?);
    let (socket, _peer) = succeeds(unix::pair(), "pair")?;
    let mut bad = Command::new("/nonexistent/program");
    bad.stdin(&socket).stdout(Stdio::Pipe).stderr(Stdio::Stdout);
    fails(bad.spawn().map(drop), ErrorCode::NotFound, "the program")?;
    // Fails half-way, with a pipe that is open by then.
    let path = "/etc/passwd".to_owned();
    let mode = FileMode::Read;
    bad.stdin(Stdio::Pipe)
        .stderr(Stdio::File(File { path, mode }));
    fails(bad.spawn().map(drop), ErrorCode::AccessDenied, "the file")
}
