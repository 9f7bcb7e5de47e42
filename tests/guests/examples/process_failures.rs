//! Programs that cannot be run, each with its code by either door. `/data` of the guest is the
//! folder of the host that the first argument names.

use aio_guest::process::Command;
use aio_guest::{ErrorCode, Ring};
use test_guests::{Told, argument, collect_one, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let folder = argument(1)?;
    let mut ring = Ring::new();
    for (name, code) in [
        ("missing", ErrorCode::NotFound),
        ("plain/below", ErrorCode::NotFound),
        ("orphan", ErrorCode::NotFound),
        ("plain", ErrorCode::NotPermitted),
        ("folder", ErrorCode::NotPermitted),
        ("bare", ErrorCode::NotExecutable),
    ] {
        let command = Command::new(format!("{folder}/{name}"));
        fails(command.spawn().map(drop), code, name)?;
        let prepared = succeeds(command.prepare(), "prepare")?;
        ring.spawn(1, prepared.as_handle());
        equal(collect_one(&mut ring)?, Told::Failed(code), name)?;
    }
    fails(
        Command::new("no-such-program-anywhere").spawn().map(drop),
        ErrorCode::NotFound,
        "a name",
    )
}
