//! What a command of the crate is given its child has. The environment has `KEPT=1`, and a
//! directory is granted.

use std::fs;

use aio_guest::process::{
    Command, ExitStatus, ExtraDescriptor, File, FileMode, Output, ProcessGroup, Stdio,
};
use aio_guest::{StreamReader, unix, write_all};
use test_guests::python::text;
use test_guests::{check, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    environment().await?;
    directory().await?;
    files().await?;
    a_socket().await?;
    more_descriptors().await?;
    groups().await?;
    prepared_once().await?;
    inherited().await
}

async fn environment() -> Result<(), String> {
    let mut command = Command::new("env");
    equal(out(&command).await?.as_str(), "KEPT=1\n", "as the guest's")?;
    command.env("NEW", "1").env("NEW", "2");
    equal(out(&command).await?.as_str(), "KEPT=1\nNEW=2\n", "one more")?;
    command.env_clear();
    equal(out(&command).await?.as_str(), "", "none")?;
    command.env("NEW", "3");
    equal(out(&command).await?.as_str(), "NEW=3\n", "that alone")
}

async fn directory() -> Result<(), String> {
    succeeds_std(fs::create_dir("/folder"), "make a folder")?;
    let here = out(&Command::new("pwd")).await?;
    let below = out(Command::new("pwd").current_dir("/folder")).await?;
    equal(below, format!("{}/folder\n", here.trim_end()), "below")
}

async fn files() -> Result<(), String> {
    for (mode, expected) in [
        (FileMode::Write, "text\n"),
        (FileMode::Append, "text\ntext\n"),
        (FileMode::Write, "text\n"),
    ] {
        let mut echo = Command::new("echo");
        succeeded(echo.arg("text").stdout(file("/out", mode))).await?;
        let found = succeeds_std(fs::read_to_string("/out"), "read")?;
        equal(found.as_str(), expected, "what the file has")?;
    }
    let read = out(Command::new("cat").stdin(file("out", FileMode::Read))).await?;
    equal(read.as_str(), "text\n", "what is read of it")
}

async fn a_socket() -> Result<(), String> {
    let (near, far) = succeeds(unix::pair(), "pair")?;
    let mut cat = Command::new("cat");
    let child = succeeds(cat.stdin(&far).stdout(&far).spawn(), "spawn")?;
    drop(far);
    succeeds(write_all(&near, b"through a socket\n").await, "write")?;
    let mut reader = StreamReader::new(near);
    let line = reader.read_line().await;
    equal(line, Ok(b"through a socket\n".to_vec()), "what comes back")?;
    drop(reader);
    let exit = succeeds(child.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Code(0), "status of cat")
}

async fn more_descriptors() -> Result<(), String> {
    let pipe = |number, reads| ExtraDescriptor {
        number,
        reads,
        redirect: Stdio::Pipe,
    };
    let mut command = Command::new("sh");
    command.args(["-c", "cat <&7 >&3"]);
    command.descriptor(pipe(3, false)).descriptor(pipe(7, true));
    let child = succeeds(command.spawn(), "spawn")?;
    let input = succeeds(child.take_pipe(7), "take 7")?;
    succeeds(write_all(&input, b"from 7 to 3").await, "write")?;
    drop(input);
    let mut output = StreamReader::new(succeeds(child.take_pipe(3), "take 3")?);
    equal(
        output.read_exactly(11).await,
        Ok(b"from 7 to 3".to_vec()),
        "bytes",
    )?;
    equal(output.read(1).await, Ok(Vec::new()), "the end")
}

async fn groups() -> Result<(), String> {
    for (group, fields) in [
        (ProcessGroup::NewGroup, "5"),
        (ProcessGroup::NewSession, "5,6"),
    ] {
        let mut command = Command::new("cut");
        command.args(["-d", " ", "-f", fields, "/proc/self/stat"]);
        let child = succeeds(command.group(group).stdout(Stdio::Pipe).spawn(), "spawn")?;
        let output = succeeds(child.communicate(b"").await, "communicate")?;
        let id = child.id().to_string();
        let found = text(&output.stdout);
        let mut numbers = found.split_whitespace();
        check(
            numbers.all(|number| number == id),
            format_args!("{id} leads {found}"),
        )?;
    }
    Ok(())
}

async fn prepared_once() -> Result<(), String> {
    let prepared = succeeds(Command::new("true").prepare(), "prepare")?;
    for _ in 0..2 {
        let child = succeeds(prepared.spawn(), "spawn")?;
        let exit = succeeds(child.wait().await, "wait")?;
        equal(exit.status, ExitStatus::Code(0), "status")?;
    }
    Ok(())
}

/// The test sees it.
async fn inherited() -> Result<(), String> {
    succeeded(Command::new("echo").arg("inherited")).await?;
    Ok(())
}

async fn out(command: &Command) -> Result<String, String> {
    let output = succeeds(command.output().await, "output")?;
    equal(output.status, ExitStatus::Code(0), "status")?;
    Ok(text(&output.stdout))
}

async fn succeeded(command: &mut Command) -> Result<Output, String> {
    let child = succeeds(command.spawn(), "spawn")?;
    let output = succeeds(child.communicate(b"").await, "communicate")?;
    equal(output.status, ExitStatus::Code(0), "status")?;
    Ok(output)
}

fn file(path: &str, mode: FileMode) -> Stdio {
    let path = path.to_owned();
    Stdio::File(File { path, mode })
}

fn succeeds_std<T>(result: std::io::Result<T>, what: &str) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}
