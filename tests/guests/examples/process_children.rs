//! Children from their start to their end: pipes, codes, signals, many waiters, and handles.

use aio_guest::process::{Child, Command, ExitStatus, Stdio};
use aio_guest::streams::ByteStream;
use aio_guest::{Connection, ErrorCode, gather, read_to_end, write_all};
use test_guests::{check, equal, fails, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    ends().await?;
    pipes().await?;
    many_wait().await?;
    signals().await?;
    handles().await?;
    closed().await
}

fn shell(script: &str) -> Command {
    let mut command = Command::shell(script);
    command.stdin(Stdio::Null).stderr(Stdio::Null);
    command
}

async fn ends() -> Result<(), String> {
    for (script, expected) in [
        ("exit 0", ExitStatus::Code(0)),
        ("exit 255", ExitStatus::Code(255)),
        ("kill -9 $$", ExitStatus::Signal(9)),
    ] {
        let child = succeeds(shell(script).spawn(), "spawn")?;
        check(child.id() > 1, "a number")?;
        let exit = succeeds(child.wait().await, "wait")?;
        equal(exit.status, expected, script)?;
        check(exit.max_resident > 0, "memory is told")?;
        equal(child.try_wait(), Some(exit), "the same end")?;
    }
    Ok(())
}

/// Starts `cat` between two pipes.
fn cat() -> Result<(Child, ByteStream, ByteStream), String> {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::Pipe).stdout(Stdio::Pipe);
    let child = succeeds(cat.spawn(), "spawn cat")?;
    let stdin = succeeds(child.take_stdin(), "stdin")?;
    let stdout = succeeds(child.take_stdout(), "stdout")?;
    Ok((child, stdin, stdout))
}

async fn pipes() -> Result<(), String> {
    let (child, stdin, stdout) = cat()?;
    for number in [0, 1, 2, 7, u32::MAX] {
        fails(
            child.take_pipe(number),
            ErrorCode::InvalidArgument,
            "take it again",
        )?;
    }
    succeeds(write_all(&stdin, b"bytes").await, "write")?;
    equal(
        succeeds(stdout.read_some(9).await, "read")?,
        b"bytes".to_vec(),
        "what comes back",
    )?;
    fails(stdin.read_some(1).await, ErrorCode::NotSupported, "read it")?;
    fails(
        stdout.write_some(vec![1]).await,
        ErrorCode::NotSupported,
        "write it",
    )?;
    waits_and_is_cancelled(stdout.read_some(1), "read of nothing")?;
    use aio_guest::ShutdownHow::{Both, Receive, Send};
    fails(
        stdin.shutdown(Receive),
        ErrorCode::NotSupported,
        "shut the other direction down",
    )?;
    succeeds(stdin.shutdown(Send), "shutdown")?;
    fails(
        stdin.write_some(vec![1]).await,
        ErrorCode::BrokenPipe,
        "write after it",
    )?;
    equal(
        succeeds(read_to_end(&stdout).await, "read")?,
        Vec::new(),
        "the end",
    )?;
    succeeds(stdout.shutdown(Both), "shut both down")?;
    let exit = succeeds(child.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Code(0), "the end of cat")
}

async fn many_wait() -> Result<(), String> {
    let (child, stdin, _stdout) = cat()?;
    equal(child.try_wait(), None, "it runs")?;
    waits_and_is_cancelled(child.wait(), "wait")?;
    let waits = (0..50).map(|_| child.wait());
    let ended = async {
        drop(stdin);
        gather(waits.collect::<Vec<_>>()).await
    };
    for exit in ended.await {
        equal(
            succeeds(exit, "wait")?.status,
            ExitStatus::Code(0),
            "each is told",
        )?;
    }
    Ok(())
}

async fn signals() -> Result<(), String> {
    for (send, number) in [
        (Child::terminate as fn(&Child) -> _, 15),
        (Child::kill, 9),
        (|child: &Child| child.send_signal(10), 10),
        (|child: &Child| child.send_signal(64), 64),
    ] {
        let (child, _stdin, _stdout) = cat()?;
        for bad in [0, 65, u32::MAX] {
            fails(
                child.send_signal(bad),
                ErrorCode::OutOfRange,
                "an unknown signal",
            )?;
        }
        succeeds(send(&child), "send")?;
        let exit = succeeds(child.wait().await, "wait")?;
        equal(exit.status, ExitStatus::Signal(number), "what has ended it")?;
        fails(send(&child), ErrorCode::NoSuchProcess, "send it again")?;
    }
    Ok(())
}

async fn handles() -> Result<(), String> {
    let (child, stdin, _stdout) = cat()?;
    let again = succeeds(Child::by_handle(child.as_handle()), "by handle")?;
    equal(again.id(), child.id(), "one process")?;
    for bad in [0, 1, stdin.as_handle(), u64::MAX] {
        fails(
            Child::by_handle(bad).map(drop),
            ErrorCode::BadHandle,
            "another handle",
        )?;
    }
    // Both are names of one thing, which is closed with the first.
    let waiting = again.wait();
    drop(child);
    fails(waiting.await, ErrorCode::Closed, "wait for a closed one")?;
    equal(again.try_wait(), None, "nothing is known of it")?;
    fails(again.kill(), ErrorCode::BadHandle, "kill a closed one")?;
    fails(
        again.take_pipe(2).map(drop),
        ErrorCode::InvalidArgument,
        "a pipe of a closed one",
    )
}

/// A wait that is under way when the child is closed.
async fn closed() -> Result<(), String> {
    let (child, _stdin, _stdout) = cat()?;
    let name = succeeds(Child::by_handle(child.as_handle()), "by handle")?;
    let close = async { drop(name) };
    let (waited, ()) = aio_guest::join(child.wait(), close).await;
    fails(waited, ErrorCode::Closed, "wait")
}
