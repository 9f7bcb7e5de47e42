//! Takes over the listener that the host was given as `http`, once, and answers one connection.

use aio_guest::{ErrorCode, TcpListener, write_all};
use test_guests::{fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let other = TcpListener::inherited("https");
    fails(other, ErrorCode::AccessDenied, "another name")?;
    let listener = succeeds(TcpListener::inherited("http"), "inherit")?;
    let again = TcpListener::inherited("http");
    fails(again, ErrorCode::AccessDenied, "the same a second time")?;
    let (stream, _) = succeeds(listener.accept().await, "accept")?;
    succeeds(write_all(&stream, b"inherited").await, "write")
}
