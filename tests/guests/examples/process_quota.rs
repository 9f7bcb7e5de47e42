//! Children and handles are counted, those in the making and those that have yet to end too. The
//! first argument is the most children, the second the most handles.

use aio_guest::ErrorCode;
use aio_guest::process::{Child, Command, ExtraDescriptor, File, FileMode, Stdio};
use test_guests::{argument, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let number = |index| argument(index)?.parse::<usize>().map_err(|_| String::new());
    let (children, handles) = (number(1)?, number(2)?);
    count_children(children).await?;
    count_handles(handles).await?;
    count_bytes()
}

fn gate(stdin: Stdio) -> Result<Child, ErrorCode> {
    let mut cat = Command::new("cat");
    cat.stdin(stdin).stdout(Stdio::Null).spawn()
}

async fn count_children(max: usize) -> Result<(), String> {
    let mut running = Vec::new();
    for _ in 0..max {
        running.push(succeeds(gate(Stdio::Pipe), "spawn")?);
    }
    let too_many = || gate(Stdio::Null).map(drop);
    fails(too_many(), ErrorCode::QuotaExceeded, "one more")?;
    // One that has ended counts for as long as it has a handle.
    succeeds(running[0].kill(), "kill")?;
    succeeds(running[0].wait().await, "wait")?;
    fails(too_many(), ErrorCode::QuotaExceeded, "one more")?;
    drop(running.swap_remove(0));
    running.push(succeeds(gate(Stdio::Null), "in its place")?);
    // One that was let go counts until it has ended.
    for child in running {
        drop(child.take_stdin());
        succeeds(child.wait().await, "wait")?;
    }
    Ok(())
}

/// A child, its command, and each of its pipes.
async fn count_handles(max: usize) -> Result<(), String> {
    let mut command = Command::new("true");
    command
        .stdin(Stdio::Pipe)
        .stdout(Stdio::Pipe)
        .stderr(Stdio::Pipe);
    let prepared = succeeds(command.prepare(), "prepare")?;
    let mut commands = Vec::new();
    for _ in 0..max - 5 {
        commands.push(succeeds(command.prepare(), "prepare")?);
    }
    let child = succeeds(prepared.spawn(), "spawn")?;
    succeeds(child.wait().await, "wait")?;
    fails(command.prepare(), ErrorCode::QuotaExceeded, "a command")?;
    drop(child);
    // What is not taken is closed with its child.
    for _ in 0..4 {
        commands.push(succeeds(command.prepare(), "prepare")?);
    }
    fails(command.prepare(), ErrorCode::QuotaExceeded, "a command")?;
    fails(prepared.spawn(), ErrorCode::QuotaExceeded, "a child")?;
    drop(commands.split_off(commands.len() - 3));
    fails(prepared.spawn(), ErrorCode::QuotaExceeded, "its pipes")
}

/// What the host keeps of commands is bounded: 64 KiB are granted.
fn count_bytes() -> Result<(), String> {
    let mut command = Command::new("true");
    command.env_clear().arg("x".repeat(40_000));
    let first = succeeds(command.prepare(), "prepare")?;
    fails(command.prepare(), ErrorCode::QuotaExceeded, "bytes")?;
    drop(first);
    let again = succeeds(command.prepare(), "prepare")?;
    equal(again.as_handle() != 0, true, "a handle")?;
    drop(again);
    let mut paths = Command::new("true");
    for number in 3..67 {
        paths.descriptor(ExtraDescriptor {
            number,
            reads: true,
            redirect: Stdio::File(File {
                path: "x".repeat(4_000),
                mode: FileMode::Read,
            }),
        });
    }
    fails(paths.prepare(), ErrorCode::QuotaExceeded, "paths")?;
    let mut words = Command::new("true");
    words.args(std::iter::repeat_n("", 4_096));
    fails(words.prepare(), ErrorCode::QuotaExceeded, "many words")
}
