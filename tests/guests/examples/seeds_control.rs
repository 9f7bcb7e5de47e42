//! `tests/asyncio/control.py` as a guest: children that are ended, that have ended, or never began.

use std::pin::pin;

use aio_guest::process::{Child, Command, Stdio};
use aio_guest::signal::{TERM, USR1};
use aio_guest::{ErrorCode, gather, timers};
use test_guests::python::{boolean, list};
use test_guests::{MILLISECOND, poll_once, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    ended(Child::terminate, "terminated:").await?;
    ended(Child::kill, "killed:").await?;
    ended(|child| child.send_signal(USR1), "signalled:").await?;
    many_wait().await?;
    slow().await?;
    for program in ["/no/such/program", "no-such-program", "/", "/etc/passwd"] {
        if let Err(code) = Command::new(program).spawn() {
            println!("{program} {}", code.name());
        }
    }
    many().await
}

async fn ended(how: impl Fn(&Child) -> Result<(), ErrorCode>, what: &str) -> Result<(), String> {
    let child = sleeper()?;
    println!("runs: {}", boolean(child.try_wait().is_none()));
    succeeds(how(&child), what)?;
    println!("{what} {}", code(&child).await?);
    Ok(())
}

async fn many_wait() -> Result<(), String> {
    let child = succeeds(Command::new("cat").stdin(Stdio::Pipe).spawn(), "spawn")?;
    let stdin = succeeds(child.take_stdin(), "take standard input")?;
    let mut waiting = pin!(gather((0..3).map(|_| code(&child))));
    if poll_once(waiting.as_mut()).is_pending() {
        drop(stdin);
    }
    let codes: Result<Vec<_>, _> = waiting.await.into_iter().collect();
    println!("many wait: {}", list(&codes?));
    println!("again: {}", code(&child).await?);
    match child.send_signal(TERM) {
        Ok(()) => println!("it is still there"),
        Err(code) => println!("after the end: {}", code.name()),
    }
    Ok(())
}

async fn slow() -> Result<(), String> {
    let child = sleeper()?;
    {
        let mut waiting = pin!(child.wait());
        if poll_once(waiting.as_mut()).is_pending() {
            succeeds(timers::sleep(50 * MILLISECOND).await, "sleep")?;
        }
    }
    println!("too slow: {}", boolean(child.try_wait().is_none()));
    succeeds(child.kill(), "kill")?;
    println!("killed: {}", code(&child).await?);
    Ok(())
}

async fn many() -> Result<(), String> {
    let mut children = Vec::new();
    for number in 0..20 {
        let script = format!("exit {number}");
        children.push(succeeds(
            Command::new("sh").args(["-c", &script]).spawn(),
            "spawn",
        )?);
    }
    let codes: Result<Vec<_>, _> = gather(children.iter().map(code))
        .await
        .into_iter()
        .collect();
    println!("many: {}", list(&codes?));
    Ok(())
}

fn sleeper() -> Result<Child, String> {
    succeeds(Command::new("sleep").arg("1000").spawn(), "spawn")
}

async fn code(child: &Child) -> Result<i32, String> {
    Ok(succeeds(child.wait().await, "wait")?.status.returncode())
}
