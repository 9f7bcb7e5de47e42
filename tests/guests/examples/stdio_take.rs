//! Reads as many bytes of standard input as its argument says, by handle or through WASI, and
//! leaves the rest to others.

use aio_guest::stdio;
use test_guests::{argument, read_exactly, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let count: usize = argument(1)?.parse().map_err(|error| format!("{error}"))?;
    let bytes = match argument(2)?.as_str() {
        "wasi" => by_wasi(count)?,
        _ => read_exactly(&succeeds(stdio::stdin(), "open")?, count).await?,
    };
    println!("{}|", String::from_utf8_lossy(&bytes));
    Ok(())
}

fn by_wasi(count: usize) -> Result<Vec<u8>, String> {
    let stream = wasip2::cli::stdin::get_stdin();
    let mut bytes = Vec::new();
    while bytes.len() < count {
        let read = stream.blocking_read((count - bytes.len()) as u64);
        bytes.extend(read.map_err(|error| format!("read: {error:?}"))?);
    }
    Ok(bytes)
}
