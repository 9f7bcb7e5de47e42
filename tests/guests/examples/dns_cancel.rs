//! A look-up that was cancelled is forgotten, and the next one works.

use aio_guest::dns;
use test_guests::{check, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for _ in 0..20 {
        let lookup = dns::lookup("localhost".to_owned(), "80".to_owned(), None);
        waits_and_is_cancelled(lookup, "lookup")?;
    }
    let found = dns::lookup("localhost".to_owned(), "80".to_owned(), None).await;
    check(!succeeds(found, "lookup")?.is_empty(), "localhost has an address")
}
