//! Starts children, tells their numbers, and ends in the way that the first argument says while
//! they run. One ends when it is asked to, one does not, one has children of its own.

use std::io::Write;

use aio_guest::process::{Child, Command, ProcessGroup, Stdio};
use aio_guest::read_to_end;
use test_guests::{argument, succeeds};

aio_guest::main!(run);

const SLEEP: &str = "exec sleep 1000";
const STUBBORN: &str = "trap '' TERM; echo; exec >&-; while :; do sleep 1; done";
const PARENT: &str = "sleep 1000 >&- & echo $!; exec >&-; wait";

async fn run() -> Result<(), String> {
    let willing = start(SLEEP, Stdio::Null)?;
    let stubborn = start(STUBBORN, Stdio::Pipe)?;
    // It has to be deaf before it is asked to end.
    said(&stubborn).await?;
    let parent = start(PARENT, Stdio::Pipe)?;
    let grandchild = said(&parent).await?;
    let ids = [willing.id(), stubborn.id(), parent.id()];
    println!("{} {} {} {}", ids[0], ids[1], ids[2], grandchild.trim());
    std::io::stdout().flush().ok();
    match argument(1)?.as_str() {
        "return" => Ok(()),
        "trap" => panic!("on purpose"),
        "drop" => {
            drop((willing, stubborn, parent));
            forever().await
        }
        _ => forever().await,
    }
}

fn start(script: &str, stdout: Stdio) -> Result<Child, String> {
    let mut command = Command::shell(script);
    command
        .stdin(Stdio::Null)
        .stdout(stdout)
        .stderr(Stdio::Null);
    succeeds(command.group(ProcessGroup::NewGroup).spawn(), "spawn")
}

async fn said(child: &Child) -> Result<String, String> {
    let stdout = succeeds(child.take_stdout(), "stdout")?;
    let said = succeeds(read_to_end(&stdout).await, "read")?;
    String::from_utf8(said).map_err(|error| error.to_string())
}

async fn forever() -> Result<(), String> {
    loop {
        succeeds(aio_guest::timers::sleep(1 << 40).await, "sleep")?;
    }
}
