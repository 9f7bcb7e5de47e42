//! `tests/asyncio/communicate.py` as a guest: text through a child, and outputs of both kinds.

use aio_guest::process::{Command, Output, Stdio};
use test_guests::python::{boolean, text};
use test_guests::succeeds;

aio_guest::main!(run);

const MESSAGE: &[u8] = b"first line\nsecond line, ends with a z\n";

async fn run() -> Result<(), String> {
    through_a_filter().await?;
    both_outputs().await?;
    in_one().await?;
    nothing().await?;
    does_not_listen().await?;
    large().await
}

async fn through_a_filter() -> Result<(), String> {
    let mut filter = Command::new("tr");
    filter.args(["a-y", "A-Y"]).stdin(Stdio::Pipe);
    let output = communicate(filter.stdout(Stdio::Pipe), MESSAGE).await?;
    print!("{}", text(&output.stdout));
    println!(
        "error output: {} code: {}",
        output.stderr.len(),
        code(&output)
    );
    Ok(())
}

async fn both_outputs() -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; echo no >&2; exit 4"]);
    command.stdin(Stdio::Pipe).stdout(Stdio::Pipe);
    let output = communicate(command.stderr(Stdio::Pipe), b"yes").await?;
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    println!("both: {out} {} {}", err.trim(), code(&output));
    Ok(())
}

async fn in_one() -> Result<(), String> {
    let mut command = Command::shell("echo out; echo err >&2");
    command.stdout(Stdio::Pipe).stderr(Stdio::Stdout);
    let output = communicate(&mut command, b"").await?;
    let out = text(&output.stdout).replace('\n', " ");
    println!("in one: {out}{}", code(&output));
    Ok(())
}

async fn nothing() -> Result<(), String> {
    let mut command = Command::new("cat");
    command.stdin(Stdio::Null).stdout(Stdio::Pipe);
    let output = communicate(&mut command, b"").await?;
    println!("nothing: {} {}", output.stdout.len(), code(&output));
    Ok(())
}

async fn does_not_listen() -> Result<(), String> {
    let output = communicate(
        Command::new("true").stdin(Stdio::Pipe),
        &b"x".repeat(1 << 20),
    )
    .await?;
    println!("does not listen: {}", code(&output));
    Ok(())
}

async fn large() -> Result<(), String> {
    let sent: Vec<u8> = (0..8192).flat_map(|_| 0..=255).collect();
    let mut command = Command::new("cat");
    command.stdin(Stdio::Pipe).stdout(Stdio::Pipe);
    let output = communicate(&mut command, &sent).await?;
    let is_same = boolean(output.stdout == sent);
    println!("large: {} {is_same} {}", output.stdout.len(), code(&output));
    Ok(())
}

async fn communicate(command: &mut Command, input: &[u8]) -> Result<Output, String> {
    let child = succeeds(command.spawn(), "spawn")?;
    succeeds(child.communicate(input).await, "communicate")
}

fn code(output: &Output) -> i32 {
    output.status.returncode()
}
