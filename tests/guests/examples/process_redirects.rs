//! What descriptors of a child may lead to, and what a guest keeps of what it has given away.
//! `/data` is granted, `/fixed` to read only; both have a pipe with a name, `fifo`.

use std::fs;

use aio_guest::process::{Command, ExitStatus, ExtraDescriptor, File, FileMode, Stdio};
use aio_guest::{Connection, ErrorCode, read_to_end, unix, write_all};
use test_guests::{check, equal, fails, pair, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    nothing_else().await?;
    stderr_as_stdout().await?;
    pipeline().await?;
    sockets().await?;
    refused_files()?;
    directories()
}

fn sh(script: &str) -> Command {
    Command::shell(script)
}

async fn said(command: &Command) -> Result<String, String> {
    let output = succeeds(command.output().await, "output")?;
    equal(output.status, ExitStatus::Code(0), "status")?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// Not one descriptor of the host's, whatever the guest has open.
async fn nothing_else() -> Result<(), String> {
    const LIST: &str = "for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done; true";
    let (_near, _far) = succeeds(unix::pair(), "pair")?;
    equal(said(&sh(LIST)).await?.as_str(), "0\n1\n2\n", "descriptors")?;
    let mut more = sh(LIST);
    for number in [3, 255] {
        more.descriptor(ExtraDescriptor {
            number,
            reads: true,
            redirect: Stdio::Null,
        });
    }
    equal(said(&more).await?.as_str(), "0\n1\n2\n255\n3\n", "more")
}

async fn stderr_as_stdout() -> Result<(), String> {
    let mut both = sh("echo out; echo err >&2");
    both.stderr(Stdio::Stdout);
    equal(said(&both).await?.as_str(), "out\nerr\n", "one stream")?;
    let (mut command, path) = (sh("echo out; echo err >&2"), "/data/both");
    command
        .stdin(Stdio::Null)
        .stdout(file(path, FileMode::Write));
    let child = succeeds(command.stderr(Stdio::Stdout).spawn(), "spawn")?;
    succeeds(child.wait().await, "wait")?;
    let found = fs::read_to_string(path).map_err(|error| error.to_string())?;
    equal(found.as_str(), "out\nerr\n", "one file")
}

/// The pipe between two children blocks for both, and never here.
async fn pipeline() -> Result<(), String> {
    let mut first = sh("head -c 1000000 /dev/zero");
    let first = succeeds(
        first.stdin(Stdio::Null).stdout(Stdio::Pipe).spawn(),
        "spawn",
    )?;
    let between = succeeds(first.take_stdout(), "stdout")?;
    let mut second = Command::new("wc");
    second.arg("-c").stdin(&between).stdout(Stdio::Pipe);
    let second = succeeds(second.spawn(), "spawn")?;
    drop(between);
    let counted = succeeds(second.take_stdout(), "stdout")?;
    let counted = succeeds(read_to_end(&counted).await, "read")?;
    equal(counted.as_slice(), b"1000000\n", "what came through")?;
    // Given away and used here too.
    let mut writer = Command::new("cat");
    let writer = succeeds(writer.stdin(Stdio::Pipe).stdout(Stdio::Pipe).spawn(), "cat")?;
    let stdin = succeeds(writer.take_stdin(), "stdin")?;
    let mut echo = Command::new("echo");
    let echo = succeeds(echo.arg("theirs").stdout(&stdin).spawn(), "echo")?;
    succeeds(echo.wait().await, "wait")?;
    succeeds(write_all(&stdin, b"ours\n").await, "write")?;
    drop(stdin);
    let all = succeeds(writer.take_stdout(), "stdout")?;
    let all = succeeds(read_to_end(&all).await, "read")?;
    equal(all.as_slice(), b"theirs\nours\n", "both")
}

async fn sockets() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::Handle(far.as_handle()));
    cat.stdout(Stdio::Handle(far.as_handle()));
    let mut missing = Command::new("/nonexistent/program");
    missing.stdin(Stdio::Handle(far.as_handle()));
    fails(missing.spawn().map(drop), ErrorCode::NotFound, "spawn it")?;
    // It is as before.
    succeeds(write_all(&far, b"ours ").await, "write")?;
    let child = succeeds(cat.spawn(), "spawn")?;
    fails(far.read_some(1).await, ErrorCode::InvalidState, "read")?;
    fails(
        far.write_some(vec![1]).await,
        ErrorCode::InvalidState,
        "write",
    )?;
    drop(far);
    succeeds(write_all(&near, b"theirs").await, "write")?;
    succeeds(near.shutdown(aio_guest::ShutdownHow::Send), "shutdown")?;
    let all = succeeds(read_to_end(&near).await, "read")?;
    equal(all.as_slice(), b"ours theirs", "both")?;
    succeeds(child.wait().await, "wait")?;
    for bad in [0, 77, u64::MAX] {
        let mut command = Command::new("true");
        let spawned = command.stdin(Stdio::Handle(bad)).spawn();
        fails(spawned.map(drop), ErrorCode::BadHandle, "a bad handle")?;
    }
    Ok(())
}

fn file(path: &str, mode: FileMode) -> Stdio {
    let path = path.to_owned();
    Stdio::File(File { path, mode })
}

fn refused_files() -> Result<(), String> {
    use FileMode::{Append, Read, Write};
    for (path, mode, code) in [
        ("/data/missing", Read, ErrorCode::NotFound),
        ("/data/../etc/passwd", Read, ErrorCode::PathEscapes),
        ("/data/fifo", Read, ErrorCode::NotSupported),
        ("/data/fifo", Write, ErrorCode::NotSupported),
        ("/data/fifo", Append, ErrorCode::NotSupported),
        ("/data/folder", Write, ErrorCode::NotPermitted),
        ("/data/folder", Read, ErrorCode::NotSupported),
        ("/fixed/new", Write, ErrorCode::AccessDenied),
        ("/fixed/new", Append, ErrorCode::AccessDenied),
        ("/etc/passwd", Read, ErrorCode::AccessDenied),
        ("", Read, ErrorCode::InvalidArgument),
        ("/data/a\0b", Read, ErrorCode::InvalidArgument),
    ] {
        let mut command = Command::new("true");
        let spawned = command.stdin(file(path, mode)).spawn();
        fails(spawned.map(drop), code, &format!("{path:?} {mode:?}"))?;
    }
    check(fs::metadata("/fixed/new").is_err(), "nothing was made")
}

fn directories() -> Result<(), String> {
    for (path, code) in [
        ("/data/missing", ErrorCode::NotFound),
        ("/data/both", ErrorCode::NotFound),
        ("/data/..", ErrorCode::PathEscapes),
        ("/etc", ErrorCode::AccessDenied),
        ("", ErrorCode::InvalidArgument),
        ("/data/\0", ErrorCode::InvalidArgument),
    ] {
        let mut command = Command::new("true");
        let spawned = command.current_dir(path).spawn();
        fails(spawned.map(drop), code, &format!("{path:?}"))?;
    }
    Ok(())
}
