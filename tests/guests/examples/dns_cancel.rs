//! A look-up that was cancelled is forgotten, and the next one works.

use std::pin::pin;
use std::task::Poll;

use aio_guest::dns;
use test_guests::{check, poll_once, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for _ in 0..20 {
        let lookup = dns::lookup("localhost".to_owned(), "80".to_owned(), None);
        // A quick resolver may be done at once: then there is nothing to cancel.
        if let Poll::Ready(found) = poll_once(pin!(lookup)) {
            succeeds(found, "lookup")?;
        }
    }
    let found = dns::lookup("localhost".to_owned(), "80".to_owned(), None).await;
    check(
        !succeeds(found, "lookup")?.is_empty(),
        "localhost has an address",
    )
}
