//! Waits on the ring until it is told to stop, which it is told once. With `async` as argument it
//! waits by `enter-async`.

use std::time::Duration;

use aio_guest::Ring;
use test_guests::{check, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let aside = std::env::args().nth(1).is_some_and(|how| how == "async");
    let mut ring = Ring::new();
    ring.sleep(1, Duration::from_secs(3600));
    println!("waiting");
    let batch = if aside {
        ring.enter_async(None).await
    } else {
        ring.enter(None)
    };
    let batch = succeeds(batch, "enter")?;
    check(batch.stop(), "the host asks to stop")?;
    equal(batch.len(), 0, "what waits goes on")?;
    for _ in 0..3 {
        let batch = succeeds(ring.enter(Some(Duration::from_millis(1))), "enter again")?;
        check(!batch.stop() && batch.is_empty(), "it is told once")?;
    }
    println!("cleaned up");
    Ok(())
}
