//! A child that inherits the guest's streams: by its arguments either it says something, or the
//! guest is told the code that the second argument names.

use aio_guest::process::{Command, ExitStatus, Stdio};
use test_guests::{argument, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut command = Command::shell("cat; echo out; echo err >&2");
    let inherited = argument(1)?;
    let stream = |number| match inherited.contains(number) {
        true => Stdio::Inherit,
        false => Stdio::Null,
    };
    command.stdin(stream('0'));
    command.stdout(stream('1')).stderr(stream('2'));
    match (command.spawn(), argument(2).ok()) {
        (Ok(child), None) => {
            let exit = succeeds(child.wait().await, "wait")?;
            equal(exit.status, ExitStatus::Code(0), "status")
        }
        (spawned, expected) => equal(
            spawned.err().map(|code| code.name().to_owned()),
            expected,
            "the code",
        ),
    }
}
