//! Ends with everything open: listeners, connections, intervals, and operations that wait.

use std::time::Duration;

use aio_guest::Ring;
use aio_guest::timers::Interval;
use test_guests::{DELAY_MAX, listen, look, pair, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut ring = Ring::new();
    for token in 1..=50 {
        let (near, far) = pair().await?;
        let (listener, _) = listen()?;
        ring.read(token, near.as_handle(), 10);
        ring.write(100 + token, far.as_handle(), &vec![0; 300_000]);
        ring.accept(200 + token, listener.as_handle());
        ring.sleep(300 + token, Duration::from_secs(3600));
        ring.lookup(400 + token, "localhost", "", None);
        let interval = succeeds(Interval::create(DELAY_MAX), "interval")?;
        std::mem::forget((near, far, listener, interval));
    }
    look(&mut ring)?;
    Ok(())
}
