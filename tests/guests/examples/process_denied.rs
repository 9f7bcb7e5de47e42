//! Run with `echo hello` and the variable `LANG*` granted, and no more.

use aio_guest::ErrorCode;
use aio_guest::process::{Command, ExitStatus};
use test_guests::{equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for args in [&["hello"][..], &["hello", "world"]] {
        let mut echo = Command::new("echo");
        let output = succeeds(echo.args(args.to_vec()).output().await, "echo")?;
        equal(output.status, ExitStatus::Code(0), "status")?;
    }
    for command in [
        Command::new("echo"),
        Command::new("echo").arg("goodbye").clone(),
        Command::new("true"),
        Command::shell("echo hello"),
        Command::new("./echo").arg("hello").clone(),
    ] {
        fails(command.prepare(), ErrorCode::AccessDenied, "prepare")?;
    }
    for (name, code) in [
        ("LANGUAGE", None),
        ("PATH", Some(ErrorCode::AccessDenied)),
        ("LD_PRELOAD", Some(ErrorCode::AccessDenied)),
    ] {
        let mut echo = Command::new("echo");
        echo.arg("hello").env(name, "x");
        match code {
            None => drop(succeeds(echo.prepare(), name)?),
            Some(code) => fails(echo.prepare(), code, name)?,
        }
    }
    Ok(())
}
