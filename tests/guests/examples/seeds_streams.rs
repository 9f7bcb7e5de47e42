//! `tests/asyncio/streams.py` as a guest: a child read by lines, by separators and by lengths.

use aio_guest::process::{Child, Command, Stdio};
use aio_guest::{ByteStream, ReadError, StreamReader, write_all};
use test_guests::python::{boolean, text};
use test_guests::succeeds;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    lines().await?;
    conversation().await?;
    pieces().await?;
    limit().await
}

async fn lines() -> Result<(), String> {
    let script = "echo one; echo two; printf three";
    let (child, mut stdout) = start(Command::new("sh").args(["-c", script]))?;
    loop {
        let line = reads(stdout.read_line().await)?;
        if line.is_empty() {
            break;
        }
        let is_whole = line.ends_with(b"\n");
        println!("line: {} {}", text(&line).trim_end(), boolean(is_whole));
    }
    println!("at the end: {}", boolean(stdout.at_eof()));
    code(&child).await
}

async fn conversation() -> Result<(), String> {
    let (child, mut stdout) = start(Command::new("cat").stdin(Stdio::Pipe))?;
    let stdin = succeeds(child.take_stdin(), "take standard input")?;
    for word in ["hello", "how are you", "bye"] {
        succeeds(
            write_all(&stdin, format!("{word}\n").as_bytes()).await,
            "write",
        )?;
        let line = reads(stdout.read_line().await)?;
        println!("answer: {}", text(&line).trim_end());
    }
    drop(stdin);
    println!("rest: {}", reads(stdout.read(65_536).await)?.len());
    code(&child).await
}

async fn pieces() -> Result<(), String> {
    let (child, mut stdout) = start(Command::new("printf").arg("abc;de;fghij"))?;
    println!("until: {}", text(&reads(stdout.read_until(b";").await)?));
    println!("exactly: {}", text(&reads(stdout.read_exactly(3).await)?));
    if let Err(ReadError::Incomplete(partial)) = stdout.read_until(b";").await {
        println!("incomplete: {}", text(&partial));
    }
    code(&child).await
}

async fn limit() -> Result<(), String> {
    let long = "x".repeat(5000) + ";";
    let mut command = Command::new("printf");
    let child = succeeds(
        command.args(["%s", &long]).stdout(Stdio::Pipe).spawn(),
        "spawn",
    )?;
    let mut stdout = StreamReader::with_limit(succeeds(child.take_stdout(), "stdout")?, 1000);
    if stdout.read_until(b";").await == Err(ReadError::LimitOverrun) {
        println!("over the limit");
    }
    println!("exactly: {}", reads(stdout.read_exactly(5001).await)?.len());
    code(&child).await
}

fn start(command: &mut Command) -> Result<(Child, StreamReader<ByteStream>), String> {
    let child = succeeds(command.stdout(Stdio::Pipe).spawn(), "spawn")?;
    let stdout = succeeds(child.take_stdout(), "take standard output")?;
    Ok((child, StreamReader::new(stdout)))
}

async fn code(child: &Child) -> Result<(), String> {
    let exit = succeeds(child.wait().await, "wait")?;
    println!("code: {}", exit.status.returncode());
    Ok(())
}

fn reads(result: Result<Vec<u8>, ReadError>) -> Result<Vec<u8>, String> {
    result.map_err(|error| format!("read: {error:?}"))
}
