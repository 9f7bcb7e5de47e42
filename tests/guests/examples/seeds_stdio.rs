//! `tests/asyncio/stdio.py` as a guest: lines come in by standard input, and go out changed.

use aio_guest::{ReadError, StreamReader, stdio, write_all};
use test_guests::python::boolean;
use test_guests::succeeds;

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut reader = StreamReader::new(succeeds(stdio::stdin(), "open standard input")?);
    let writer = succeeds(stdio::stdout(), "open standard output")?;
    let mut count = 0;
    loop {
        let line = reader.read_line().await.map_err(told)?;
        if line.is_empty() {
            break;
        }
        count += 1;
        let changed = [format!("{count}: ").into_bytes(), line.to_ascii_uppercase()].concat();
        succeeds(write_all(&writer, &changed).await, "write")?;
    }
    let at_eof = boolean(reader.at_eof());
    let last = format!("\n{count} lines, at the end: {at_eof}\n");
    succeeds(write_all(&writer, last.as_bytes()).await, "write")
}

fn told(error: ReadError) -> String {
    format!("read: {error:?}")
}
