//! Has as many operations and bytes wait as it may, and is refused one more. The arguments are the
//! two quotas; the host keeps the bytes of writes that the peer does not take.

use std::time::Duration;

use aio_guest::bindings::aio::host::ring::{WriteResult, try_write};
use aio_guest::{ErrorCode, Ring, TcpStream};
use test_guests::{Told, argument, check, collect, collect_one, equal, look, pair};

aio_guest::main!(run);

const HOUR: Duration = Duration::from_secs(3600);
const REFUSED: Told = Told::Failed(ErrorCode::QuotaExceeded);

async fn run() -> Result<(), String> {
    let number = |which| {
        argument(which)?
            .parse()
            .map_err(|_| "a quota is a number".to_owned())
    };
    let (operations, bytes): (u64, u64) = (number(1)?, number(2)?);
    operations_wait(operations)?;
    bytes_wait(usize::try_from(bytes).map_err(|_| "few bytes")?).await
}

fn operations_wait(max: u64) -> Result<(), String> {
    let mut ring = Ring::new();
    for token in 1..=max {
        ring.sleep(token, HOUR);
    }
    check(look(&mut ring)?.is_empty(), "all that may be wait")?;
    ring.sleep(max + 1, HOUR);
    equal(collect_one(&mut ring)?, REFUSED, "one operation too many")?;
    ring.cancel(0, 1).quiet();
    ring.sleep(max + 1, HOUR);
    equal(
        collect(&mut ring, 1)?,
        vec![(1, Told::Failed(ErrorCode::Cancelled))],
        "a cancelled one makes room",
    )?;
    for token in 2..=max + 1 {
        ring.cancel(0, token).quiet();
    }
    let cancelled = usize::try_from(max).map_err(|_| "few operations")?;
    collect(&mut ring, cancelled).map(drop)
}

async fn bytes_wait(max: usize) -> Result<(), String> {
    let (near, far) = pair().await?;
    fill(&near);
    let mut ring = Ring::new();
    ring.write(1, near.as_handle(), &vec![1; max + 1]);
    equal(collect_one(&mut ring)?, REFUSED, "a byte too many at once")?;
    ring.write(2, near.as_handle(), &vec![1; max]);
    check(look(&mut ring)?.is_empty(), "all that may be wait")?;
    ring.write(3, near.as_handle(), &[1]);
    equal(collect_one(&mut ring)?, REFUSED, "a byte too many")?;
    ring.cancel(4, 2);
    collect(&mut ring, 2)?;
    ring.write(5, near.as_handle(), &vec![1; max]);
    check(look(&mut ring)?.is_empty(), "there is room again")?;
    drop(far);
    Ok(())
}

/// Writes until the connection takes nothing more, as its peer does not read.
fn fill(stream: &TcpStream) {
    let bytes = vec![0; 65_536];
    while let WriteResult::Written(_) = try_write(stream.as_handle(), &bytes) {}
}
