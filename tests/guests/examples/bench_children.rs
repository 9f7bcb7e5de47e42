//! What the benchmark measures of children and signals. Says `ready`, does for a time what its
//! arguments say, and prints `rate NUMBER`; or prints a line for each signal.

use std::time::Duration;

use aio_guest::process::{Command, Prepared, Stdio};
use aio_guest::ring::{Batch, Completion, Outcome, Ring, Spawned};
use aio_guest::signal::{KILL, USR1, signal};
use aio_guest::timers;
use test_guests::{argument, check, succeeds};

aio_guest::main!(run);

const CHUNK: u32 = 65_536;

async fn run() -> Result<(), String> {
    let number = |at| {
        argument(at)?
            .parse::<f64>()
            .map_err(|error| error.to_string())
    };
    match argument(1)?.as_str() {
        "spawn" => spawn(number(2)? as usize, number(3)?),
        "cat" => cat(number(2)?),
        "children" => children(number(2)? as u64),
        "signal" => signals(),
        other => Err(format!("no such measurement: {other}")),
    }
}

/// Time since `start`, in seconds.
fn since(start: u64) -> f64 {
    Duration::from_nanos(timers::now() - start).as_secs_f64()
}

fn prepare(command: &mut Command) -> Result<Prepared, String> {
    succeeds(command.prepare(), "prepare")
}

/// Keeps so many children of `/bin/true` about, and counts those that have ended.
fn spawn(at_once: usize, seconds: f64) -> Result<(), String> {
    let command = prepare(&mut Command::new("/bin/true"))?;
    let mut ring = Ring::new();
    println!("ready");
    for _ in 0..at_once {
        ring.spawn(0, command.as_handle());
    }
    let (start, mut ended, mut running) = (timers::now(), 0.0, at_once);
    while running > 0 {
        for completion in &succeeds(ring.enter(None), "enter")? {
            match &completion.outcome {
                Outcome::Spawned(spawned) => {
                    // The token tells whose end it is.
                    ring.wait(spawned.child, spawned.child);
                }
                Outcome::Exited(_) => {
                    ended += 1.0;
                    ring.close(0, completion.token).quiet();
                    if since(start) < seconds {
                        ring.spawn(0, command.as_handle());
                    } else {
                        running -= 1;
                    }
                }
                other => return Err(format!("{other:?}")),
            }
        }
    }
    println!("rate {}", ended / since(start));
    Ok(())
}

const WRITE: u64 = 1;
const READ: u64 = 2;

/// Sends bytes through `cat` and back.
fn cat(seconds: f64) -> Result<(), String> {
    let mut command = Command::new("/bin/cat");
    let command = prepare(command.stdin(Stdio::Pipe).stdout(Stdio::Pipe))?;
    let mut ring = Ring::new();
    let Spawned { stdin, stdout, .. } = start_one(&mut ring, &command)?;
    let chunk = vec![7; CHUNK as usize];
    println!("ready");
    let start = timers::now();
    let (mut bytes, mut open) = (0, true);
    ring.write(WRITE, stdin, &chunk);
    ring.read_many(READ, stdout, CHUNK);
    loop {
        for completion in &succeeds(ring.enter(None), "enter")? {
            match (completion.token, &completion.outcome) {
                (WRITE, Outcome::Written(_)) if since(start) < seconds => {
                    ring.write(WRITE, stdin, &chunk);
                }
                (WRITE, Outcome::Written(_)) => {
                    ring.close(0, stdin).quiet();
                    open = false;
                }
                (READ, Outcome::Data([])) => {
                    check(!open, "cat ends when its input does")?;
                    println!("rate {}", bytes as f64 / since(start) / f64::from(1 << 20));
                    return Ok(());
                }
                (READ, Outcome::Data(data)) => bytes += data.len(),
                (_, other) => return Err(format!("{other:?}")),
            }
        }
    }
}

fn start_one(ring: &mut Ring, command: &Prepared) -> Result<Spawned, String> {
    ring.spawn(0, command.as_handle());
    let batch = succeeds(ring.enter(None), "enter")?;
    match batch.iter().next().map(|completion| completion.outcome) {
        Some(Outcome::Spawned(spawned)) => Ok(spawned),
        other => Err(format!("{other:?}")),
    }
}

/// Starts so many children, and when all are there kills and reaps them.
fn children(count: u64) -> Result<(), String> {
    let command = prepare(Command::new("/bin/sleep").arg("1000"))?;
    let mut ring = Ring::new();
    println!("ready");
    let start = timers::now();
    for _ in 0..count {
        ring.spawn(0, command.as_handle());
    }
    let mut all = Vec::new();
    each(&mut ring, count, |ring, completion| {
        match &completion.outcome {
            Outcome::Spawned(spawned) => {
                ring.wait(spawned.child, spawned.child);
                all.push(spawned.child);
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })?;
    for child in all {
        ring.signal(0, child, KILL).quiet();
    }
    each(&mut ring, count, |ring, completion| {
        match &completion.outcome {
            Outcome::Exited(_) => {
                ring.close(0, completion.token).quiet();
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })?;
    let rate = count as f64 / since(start);
    succeeds(ring.enter(Some(Duration::ZERO)), "enter")?;
    println!("rate {rate}");
    // Until it is killed: somebody looks for what is left.
    succeeds(ring.enter(None), "enter").map(drop)
}

/// Goes on until so many completions have come.
fn each(
    ring: &mut Ring,
    count: u64,
    mut with: impl FnMut(&mut Ring, &Completion<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let mut seen = 0;
    while seen < count {
        let batch: Batch = succeeds(ring.enter(None), "enter")?;
        for completion in &batch {
            with(ring, &completion)?;
            seen += 1;
        }
    }
    Ok(())
}

/// Tells of each signal at once.
fn signals() -> Result<(), String> {
    let subscribed = succeeds(signal(USR1), "subscribe")?;
    let mut ring = Ring::new();
    println!("ready");
    loop {
        ring.next_signal(1, subscribed.as_handle());
        let batch = succeeds(ring.enter(None), "enter")?;
        for completion in &batch {
            match &completion.outcome {
                Outcome::Signalled(_) => println!("signal"),
                other => return Err(format!("{other:?}")),
            }
        }
    }
}
