//! Ends as its argument says: `ok`, `error`, or `exit`.

use std::process;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    println!("ends");
    match std::env::args().nth(1).as_deref() {
        Some("error") => Err("the guest's own words".to_owned()),
        Some("exit") => process::exit(1),
        _ => Ok(()),
    }
}
