//! Writing to a peer that has gone is an error code, again and again, and never the guest's end.

use aio_guest::{ErrorCode, timers};
use test_guests::{MILLISECOND, check, pair, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (near, far) = pair().await?;
    drop(far);
    let code = loop {
        match near.write(vec![1; 1000]).await {
            // The system learns from the first write that nobody is there.
            Ok(_) => succeeds(timers::sleep(MILLISECOND).await, "sleep")?,
            Err(code) => break code,
        }
    };
    let gone = [ErrorCode::BrokenPipe, ErrorCode::ConnectionReset];
    check(
        gone.contains(&code),
        format_args!("{} is of a closed peer", code.name()),
    )?;
    for _ in 0..3 {
        let again = near.write(vec![1]).await;
        check(
            again.is_err_and(|code| gone.contains(&code)),
            "and so is the next one",
        )?;
    }
    Ok(())
}
