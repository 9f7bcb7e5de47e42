//! Operations on children, commands, pipes and standard streams that are not for them: each is a
//! code at once, and what they were tried on goes on.

use aio_guest::process::{Child, Command, ExitStatus, Stdio};
use aio_guest::tls::{self, ClientOptions, Roots, Verification, Version};
use aio_guest::wit_bindgen::StreamResult;
use aio_guest::{ErrorCode, Handle, Ring, ShutdownHow, join, read_to_end, stdio, unix, write_all};
use test_guests::secure::NO_TIMEOUTS;
use test_guests::{Told, check, collect, collect_one, equal, fails, look, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    of_datagrams()?;
    of_tls().await?;
    of_two_streams().await?;
    as_redirects().await?;
    by_streams().await?;
    in_flight().await
}

fn cat() -> Result<Child, String> {
    let mut cat = Command::new("cat");
    succeeds(cat.stdin(Stdio::Pipe).stdout(Stdio::Pipe).spawn(), "spawn")
}

/// Ends the guest unless each fails so.
fn all_fail(ring: &mut Ring, count: u64, code: ErrorCode, what: &str) -> Result<(), String> {
    let told = collect(ring, usize::try_from(count).unwrap_or(0))?;
    let expected = (1..=count).map(|token| (token, Told::Failed(code)));
    equal(told, expected.collect(), what)
}

fn of_datagrams() -> Result<(), String> {
    let mut ring = Ring::new();
    let (child, command) = (cat()?, succeeds(Command::new("true").prepare(), "prepare")?);
    let pipe = succeeds(child.take_stdout(), "stdout")?;
    let stdout = succeeds(stdio::stdout(), "open")?;
    let handles = [
        child.as_handle(),
        command.as_handle(),
        pipe.as_handle(),
        stdout.as_handle(),
    ];
    for handle in handles {
        ring.receive(1, handle, 1);
        ring.receive_many(2, handle, 1);
        ring.send(3, handle, b"x", None);
        ring.accept(4, handle);
        ring.next_signal(5, handle);
        all_fail(&mut ring, 5, ErrorCode::BadHandle, "of another kind")?;
    }
    for handle in &handles[..2] {
        ring.shutdown(1, *handle, ShutdownHow::Both);
        ring.transfer(2, *handle, handles[3], None);
        ring.transfer(3, handles[3], *handle, None);
        all_fail(&mut ring, 3, ErrorCode::BadHandle, "of a stream")?;
    }
    Ok(())
}

async fn of_tls() -> Result<(), String> {
    let options = ClientOptions {
        roots: vec![Roots::System],
        verification: Verification::Full,
        identity: None,
        protocols: Vec::new(),
        min_version: Version::Tls12,
        max_version: Version::Tls13,
        server_name_indication: true,
    };
    let kept = succeeds(tls::ClientConfig::create(&options), "a config")?;
    let config = kept.as_handle();
    let child = cat()?;
    let pipe = succeeds(child.take_stdin(), "stdin")?;
    let stdin = succeeds(stdio::stdin(), "open")?;
    let start = async |handle, code| {
        let started = tls::start_client(handle, config, "a.example".to_owned(), NO_TIMEOUTS);
        fails(started.await, code, "start TLS")
    };
    start(pipe.as_handle(), ErrorCode::InvalidState).await?;
    start(stdin.as_handle(), ErrorCode::InvalidState).await?;
    start(child.as_handle(), ErrorCode::BadHandle).await?;
    succeeds(write_all(&pipe, b"as before").await, "write")?;
    drop(pipe);
    let stdout = succeeds(child.take_stdout(), "stdout")?;
    let echoed = succeeds(read_to_end(&stdout).await, "read")?;
    equal(echoed.as_slice(), b"as before", "what comes back")
}

/// Bytes go from standard input, which has none, to standard output, and not the other way.
async fn of_two_streams() -> Result<(), String> {
    let mut ring = Ring::new();
    let (stdin, stdout) = (
        succeeds(stdio::stdin(), "open")?,
        succeeds(stdio::stdout(), "open")?,
    );
    let (from, to) = (stdin.as_handle(), stdout.as_handle());
    ring.transfer(1, to, from, None);
    let wrong = Told::Failed(ErrorCode::NotSupported);
    equal(collect_one(&mut ring)?, wrong, "the wrong way")?;
    ring.transfer(1, from, to, None);
    equal(collect_one(&mut ring)?, Told::Moved(0), "the right way")?;
    let child = cat()?;
    let pipe = succeeds(child.take_stdin(), "stdin")?;
    ring.transfer(1, pipe.as_handle(), to, None);
    let wrong = Told::Failed(ErrorCode::NotSupported);
    equal(collect_one(&mut ring)?, wrong, "from a pipe to write")
}

async fn as_redirects() -> Result<(), String> {
    let child = cat()?;
    let (pipe, stdout) = (
        succeeds(child.take_stdin(), "stdin")?,
        succeeds(stdio::stdout(), "open")?,
    );
    let prepared = succeeds(Command::new("true").prepare(), "prepare")?;
    let spawn = |handle: Handle| Command::new("true").stdin(Stdio::Handle(handle)).spawn();
    for (handle, code) in [
        (child.as_handle(), ErrorCode::BadHandle),
        (prepared.as_handle(), ErrorCode::BadHandle),
        (stdout.as_handle(), ErrorCode::NotSupported),
    ] {
        fails(spawn(handle).map(drop), code, "a redirect")?;
    }
    fails(
        child.take_stdin().map(drop),
        ErrorCode::InvalidArgument,
        "taken twice",
    )?;
    let ended = succeeds(spawn(pipe.as_handle()), "the other direction")?;
    let exit = succeeds(ended.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Code(0), "status")
}

/// Pipes have every door that sockets have.
async fn by_streams() -> Result<(), String> {
    let child = cat()?;
    let stdin = succeeds(child.take_stdin(), "stdin")?;
    let stdout = succeeds(child.take_stdout(), "stdout")?;
    let (mut writer, reading) = aio_guest::bindings::wit_stream::new();
    let feed = async {
        let left = writer.write_all(vec![7; 200_000]).await;
        drop(writer);
        left.len()
    };
    let (mut reader, end) = stdout.receive();
    let drain = async {
        let mut count = 0;
        loop {
            let (result, data) = reader.read(Vec::with_capacity(65_536)).await;
            count += data.len();
            if result == StreamResult::Dropped {
                return count;
            }
        }
    };
    let send = async {
        let sent = stdin.send(reading).await;
        drop(stdin);
        sent
    };
    let ((left, sent), count) = join(join(feed, send), drain).await;
    equal(left, 0, "what is left")?;
    equal(succeeds(sent, "send")?, 200_000, "what was sent")?;
    equal(count, 200_000, "what came back")?;
    succeeds(end.await, "the end")
}

/// Sockets are given away while they are read, written and moved from: what waits is told so, and
/// nothing blocks.
async fn in_flight() -> Result<(), String> {
    let mut ring = Ring::new();
    let (near, far) = succeeds(unix::pair(), "pair")?;
    let (source, moved) = succeeds(unix::pair(), "pair")?;
    let (sink, _kept) = succeeds(unix::pair(), "pair")?;
    ring.write(1, far.as_handle(), &vec![0; 4 << 20]);
    ring.read(2, far.as_handle(), 1);
    ring.transfer(3, moved.as_handle(), sink.as_handle(), None);
    check(look(&mut ring)?.is_empty(), "all wait")?;
    let mut sleep = Command::new("sleep");
    sleep.arg("1000").stdin(&far).stdout(&moved);
    let sleep = succeeds(sleep.spawn(), "spawn")?;
    ring.read_many(4, near.as_handle(), 65_536);
    ring.write(5, near.as_handle(), b"x").quiet();
    ring.write(6, source.as_handle(), b"x").quiet();
    let mut told = Vec::new();
    while told.len() < 3 {
        let some = collect(&mut ring, 1)?;
        told.extend(some.into_iter().filter(|(token, _)| *token != 4));
    }
    told.sort_by_key(|(token, _)| *token);
    let failed = |token| (token, Told::Failed(ErrorCode::InvalidState));
    equal(told, (1..=3).map(failed).collect(), "what waited")?;
    succeeds(sleep.kill(), "kill")?;
    succeeds(sleep.wait().await, "wait").map(drop)
}
