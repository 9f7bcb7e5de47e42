//! What may happen between a guest and its child at the worst time: killed while it writes, and
//! pipes closed in every order.

use aio_guest::process::{Child, Command, ExitStatus, Stdio};
use aio_guest::streams::ByteStream;
use aio_guest::{Connection, ErrorCode, read_to_end, write_all};
use test_guests::{check, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    killed_while_it_writes().await?;
    killed_while_it_reads().await?;
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        closed_in_order(order).await?;
        child_closes_in_order(order).await?;
    }
    Ok(())
}

fn start(script: &str) -> Result<Child, String> {
    let mut command = Command::shell(script);
    command.stdin(Stdio::Pipe).stdout(Stdio::Pipe);
    succeeds(command.stderr(Stdio::Pipe).spawn(), "spawn")
}

/// What was written before is read, and then comes the end.
async fn killed_while_it_writes() -> Result<(), String> {
    let child = start("exec cat /dev/zero")?;
    let stdout = succeeds(child.take_stdout(), "stdout")?;
    let first = succeeds(stdout.read_some(4096).await, "read")?;
    check(!first.is_empty(), "it writes")?;
    succeeds(child.kill(), "kill")?;
    let rest = succeeds(read_to_end(&stdout).await, "read the rest")?;
    check(rest.iter().all(|byte| *byte == 0), "nothing but zeros")?;
    let exit = succeeds(child.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Signal(9), "killed")
}

/// A write that waits for room is told that nobody reads any more.
async fn killed_while_it_reads() -> Result<(), String> {
    let child = start("read line; exec sleep 1000")?;
    let stdin = succeeds(child.take_stdin(), "stdin")?;
    let fill = async {
        loop {
            if let Err(code) = stdin.write_some(vec![b'\n'; 65_536]).await {
                return code;
            }
        }
    };
    let kill = async {
        aio_guest::timers::sleep(1_000_000).await.ok();
        child.kill()
    };
    let (code, killed) = aio_guest::join(fill, kill).await;
    succeeds(killed, "kill")?;
    equal(code, ErrorCode::BrokenPipe, "the write")?;
    let exit = succeeds(child.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Signal(9), "killed")
}

/// The guest closes its ends while the child uses the others.
async fn closed_in_order(order: [u32; 3]) -> Result<(), String> {
    let child = start("trap '' PIPE; cat; echo out; echo err >&2; exit 5")?;
    for number in order {
        let pipe = succeeds(child.take_pipe(number), "take")?;
        drop(pipe);
    }
    let exit = succeeds(child.wait().await, "wait")?;
    equal(exit.status, ExitStatus::Code(5), "its own end")
}

/// The child closes its ends one by one; the guest sees each of them go.
async fn child_closes_in_order(order: [u32; 3]) -> Result<(), String> {
    let closes: Vec<_> = order
        .iter()
        .map(|number| match number {
            0 => "exec 0<&-; ".to_owned(),
            number => format!("exec {number}>&-; "),
        })
        .collect();
    let child = start(&format!("{}exec sleep 1000", closes.concat()))?;
    let pipe = |number| succeeds(child.take_pipe(number), "take");
    let [stdin, stdout, stderr] = [pipe(0)?, pipe(1)?, pipe(2)?];
    let ended = |pipe: ByteStream| async move { succeeds(read_to_end(&pipe).await, "read") };
    equal(ended(stdout).await?, Vec::new(), "stdout")?;
    equal(ended(stderr).await?, Vec::new(), "stderr")?;
    let endless = vec![0; 1 << 20];
    let broken = write_all(&stdin, &endless).await;
    fails(broken, ErrorCode::BrokenPipe, "stdin")?;
    equal(child.try_wait(), None, "it runs still")?;
    succeeds(child.kill(), "kill")?;
    succeeds(child.wait().await, "wait").map(drop)
}
