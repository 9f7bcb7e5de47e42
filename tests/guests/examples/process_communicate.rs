//! Talking to a child without a deadlock: much both ways, nothing at all, and what nobody reads.

use aio_guest::ErrorCode;
use aio_guest::process::{Command, ExitStatus, Output, Stdio};
use test_guests::chain::numbered;
use test_guests::{check, equal, fails, succeeds};

aio_guest::main!(run);

const MUCH: usize = 64 << 20;

async fn run() -> Result<(), String> {
    much_both_ways().await?;
    both_outputs().await?;
    what_nobody_reads().await?;
    pipes_that_are_not_there().await?;
    output().await
}

async fn much_both_ways() -> Result<(), String> {
    let input = numbered(0, MUCH);
    let output = communicate(Command::new("cat").stdout(Stdio::Pipe), &input).await?;
    equal(output.status, ExitStatus::Code(0), "status of cat")?;
    check(output.stdout == input, "every byte comes back")
}

/// Each output is longer than a pipe: one that is not read meanwhile would stop the other.
async fn both_outputs() -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; head -c 1000000 /dev/zero >&2; exit 3"]);
    command.stdout(Stdio::Pipe).stderr(Stdio::Pipe);
    let input = numbered(0, 1_000_000);
    let output = communicate(&mut command, &input).await?;
    equal(output.status, ExitStatus::Code(3), "status")?;
    check(output.stdout == input, "standard output")?;
    check(output.stderr == vec![0; 1_000_000], "standard error")
}

async fn what_nobody_reads() -> Result<(), String> {
    let output = communicate(&mut Command::new("true"), &numbered(0, 1_000_000)).await?;
    equal(output.status, ExitStatus::Code(0), "status of true")?;
    check(output.stdout.is_empty(), "no output")
}

async fn pipes_that_are_not_there() -> Result<(), String> {
    let child = succeeds(Command::new("true").stdin(Stdio::Null).spawn(), "spawn")?;
    let without = child.communicate(b"input").await;
    fails(without, ErrorCode::InvalidArgument, "input without a pipe")?;
    let output = succeeds(child.communicate(b"").await, "communicate")?;
    equal(output.status, ExitStatus::Code(0), "status")?;
    fails(child.take_stdin(), ErrorCode::InvalidArgument, "no pipe")
}

async fn output() -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; echo out; echo err >&2"]);
    let output = succeeds(command.output().await, "output")?;
    equal(output.stdout, b"out\n".to_vec(), "standard output")?;
    equal(output.stderr, b"err\n".to_vec(), "standard error")?;
    let output = succeeds(command.stderr(Stdio::Stdout).output().await, "output")?;
    equal(output.stdout, b"out\nerr\n".to_vec(), "both in one")?;
    equal(output.stderr, Vec::new(), "no standard error")
}

async fn communicate(command: &mut Command, input: &[u8]) -> Result<Output, String> {
    let child = succeeds(command.stdin(Stdio::Pipe).spawn(), "spawn")?;
    succeeds(child.communicate(input).await, "communicate")
}
