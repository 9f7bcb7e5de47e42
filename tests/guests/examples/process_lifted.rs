//! What the ring tells of children and signals is, number by number, what the imports tell.

use aio_guest::process::{Child, Command, Exit, ExitStatus, Stdio};
use aio_guest::ring::{Completion, Outcome, Spawned};
use aio_guest::signal::{Event, KILL, USR1, signal};
use aio_guest::{ByteStream, Ring, read_to_end};
use test_guests::{check, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    pipes(&mut ring).await?;
    ends(&mut ring).await?;
    signals(&mut ring)
}

async fn pipes(ring: &mut Ring) -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", "cat; echo err >&2"]).stdin(Stdio::Pipe);
    let spawned = spawn(ring, command.stdout(Stdio::Pipe).stderr(Stdio::Pipe))?;
    let child = succeeds(Child::by_handle(spawned.child), "by handle")?;
    equal(spawned.id, child.id(), "the number of the process")?;
    ring.write(0, spawned.stdin, b"out\n").quiet();
    ring.close(0, spawned.stdin).quiet();
    succeeds(ring.enter(Some(std::time::Duration::ZERO)), "enter")?;
    for (handle, expected) in [(spawned.stdout, b"out\n"), (spawned.stderr, b"err\n")] {
        let pipe = succeeds(ByteStream::by_handle(handle), "by handle")?;
        let read = succeeds(read_to_end(&pipe).await, "read")?;
        equal(read, expected.to_vec(), "what the pipe brings")?;
    }
    let spawned = spawn(ring, Command::new("true").stdin(Stdio::Null))?;
    let pipes = [spawned.stdin, spawned.stdout, spawned.stderr];
    equal(pipes, [0; 3], "pipes that are not there")
}

/// The time of the user is not 0, so that no field can stand for another.
async fn ends(ring: &mut Ring) -> Result<(), String> {
    let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; ";
    for (end, status) in [
        ("exit 201", ExitStatus::Code(201)),
        ("kill -KILL $$", ExitStatus::Signal(KILL)),
    ] {
        let script = format!("{busy}{end}");
        let spawned = spawn(ring, Command::new("sh").args(["-c", &script]))?;
        ring.wait(1, spawned.child);
        let told = exit(ring)?;
        let child = succeeds(Child::by_handle(spawned.child), "by handle")?;
        equal(told, succeeds(child.wait().await, "wait")?, "the same end")?;
        equal(told.status, status, "the status")?;
        check(told.user_time > 0, "time was used")?;
        check(told.max_resident > 65_536, "memory was used")?;
    }
    Ok(())
}

fn signals(ring: &mut Ring) -> Result<(), String> {
    let heard = succeeds(signal(USR1), "subscribe")?;
    let sender = spawn(ring, Command::new("sh").args(["-c", "kill -USR1 $PPID"]))?;
    ring.next_signal(1, heard.as_handle());
    let expected = Event {
        signal: USR1,
        count: 1,
        sender: Some(sender.id),
    };
    equal(event(ring)?, expected, "the event")
}

fn spawn(ring: &mut Ring, command: &mut Command) -> Result<Spawned, String> {
    let prepared = succeeds(command.prepare(), "prepare")?;
    ring.spawn(1, prepared.as_handle());
    one(ring, |completion| match completion.outcome {
        Outcome::Spawned(spawned) => Some(spawned),
        _ => None,
    })
}

fn exit(ring: &mut Ring) -> Result<Exit, String> {
    one(ring, |completion| match completion.outcome {
        Outcome::Exited(exit) => Some(exit),
        _ => None,
    })
}

fn event(ring: &mut Ring) -> Result<Event, String> {
    one(ring, |completion| match completion.outcome {
        Outcome::Signalled(event) => Some(event),
        _ => None,
    })
}

/// Enters for the one completion that is to come.
fn one<T>(ring: &mut Ring, of: impl Fn(Completion<'_>) -> Option<T>) -> Result<T, String> {
    let batch = succeeds(ring.enter(None), "enter")?;
    let told = format!("{batch:?}");
    equal(batch.len(), 1, &told)?;
    batch.iter().find_map(of).ok_or(told)
}
