//! Handles of standard streams count as handles, to the last one and no further.

use aio_guest::{ErrorCode, stdio};
use test_guests::{argument, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let max: usize = argument(1)?.parse().map_err(|error| format!("{error}"))?;
    let mut open = Vec::new();
    for _ in 0..max {
        open.push(succeeds(stdio::stdin(), "open one more")?);
    }
    fails(stdio::stdin(), ErrorCode::QuotaExceeded, "one too many")?;
    open.pop();
    open.push(succeeds(stdio::stdin(), "in the place of another")?);
    Ok(())
}
