//! `tests/asyncio/signals.py` as a guest: signals heard, no longer heard, and never heard.

use aio_guest::join;
use aio_guest::process::Command;
use aio_guest::signal::{HUP, INT, KILL, STOP, TERM, USR1, USR2, WINCH, signal, signals};
use test_guests::python::boolean;
use test_guests::succeeds;

aio_guest::main!(run);

const HEARD: [(&str, u32); 6] = [
    ("HUP", HUP),
    ("USR1", USR1),
    ("USR2", USR2),
    ("WINCH", WINCH),
    ("INT", INT),
    ("TERM", TERM),
];

async fn run() -> Result<(), String> {
    heard().await?;
    two_at_once().await?;
    refused();
    exit_when_asked().await
}

/// Has the host signalled by a child of its own: a guest may signal its children only.
async fn send(name: &str) -> Result<(), String> {
    let script = format!("kill -{name} $PPID");
    let child = succeeds(Command::new("sh").args(["-c", &script]).spawn(), "spawn")?;
    succeeds(child.wait().await, "wait")?;
    Ok(())
}

async fn heard() -> Result<(), String> {
    let heard = succeeds(signals(&HEARD.map(|(_, number)| number)), "subscribe")?;
    for (name, _) in HEARD.iter().chain(&HEARD[..1]) {
        send(name).await?;
        let event = succeeds(heard.recv().await, "receive")?;
        println!("got {} {}", called(event.signal), event.signal);
    }
    println!("left: {}", usize::from(heard.try_recv().is_some()));
    Ok(())
}

async fn two_at_once() -> Result<(), String> {
    let first = succeeds(signal(USR1), "subscribe")?;
    let second = succeeds(signal(USR2), "subscribe")?;
    let sending = join(send("USR1"), send("USR2"));
    let receiving = join(first.recv(), second.recv());
    let ((sent, also_sent), (came, also_came)) = join(sending, receiving).await;
    sent.and(also_sent)?;
    succeeds(came.and(also_came), "receive")?;
    println!("both came");
    let mut handler = Some(first);
    println!("removed: {}", boolean(handler.take().is_some()));
    println!("removed again: {}", boolean(handler.take().is_some()));
    Ok(())
}

fn refused() {
    for number in [KILL, STOP, 0, 65, 1000] {
        match signal(number) {
            Ok(_) => println!("heard {number}"),
            Err(_) => println!("refused {number}"),
        }
    }
}

async fn exit_when_asked() -> Result<(), String> {
    let asked = succeeds(signals(&[INT, TERM]), "subscribe")?;
    send("TERM").await?;
    let event = succeeds(asked.recv().await, "receive")?;
    println!("asked by {}", called(event.signal));
    Ok(())
}

fn called(signal: u32) -> &'static str {
    let found = HEARD.iter().find(|(_, number)| *number == signal);
    found.map_or("nobody", |(name, _)| name)
}
