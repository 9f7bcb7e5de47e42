//! `tests/asyncio/shell.py` as a guest: scripts, an environment and a working directory.

use aio_guest::process::{Command, Stdio};
use test_guests::python::text;
use test_guests::succeeds;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    shell(&mut Command::shell("echo from the shell")).await?;
    shell(&mut Command::shell(
        "printf 'b\\na\\nb\\n' | sort | uniq -c",
    ))
    .await?;
    shell(Command::shell("echo gone >&2; echo here; false").stderr(Stdio::Null)).await?;
    shell(&mut Command::shell("kill -TERM $$")).await?;
    shell(Command::shell("no-such-command-here").stderr(Stdio::Null)).await?;
    let mut coloured = Command::shell("echo $COLOUR; env | grep -c COLOUR");
    shell(coloured.env_clear().env("COLOUR", "green")).await?;
    shell(Command::shell("test -z \"$COLOUR\" && echo none").env_clear()).await?;
    shell(Command::shell("pwd").current_dir("/")).await
}

async fn shell(command: &mut Command) -> Result<(), String> {
    let child = succeeds(command.stdout(Stdio::Pipe).spawn(), "spawn")?;
    let output = succeeds(child.communicate(b"").await, "communicate")?;
    print!("{}", text(&output.stdout));
    println!("code: {}", output.status.returncode());
    Ok(())
}
