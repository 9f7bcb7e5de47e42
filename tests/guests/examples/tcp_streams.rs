//! A connection as `stream<u8>`: bytes in both directions, the end, and a reader that is dropped.

use aio_guest::bindings::wit_stream;
use aio_guest::wit_bindgen::StreamResult;
use aio_guest::{ShutdownHow, TcpStream, spawn, write_all};
use test_guests::{check, equal, pair, read_exactly, succeeds};

aio_guest::main!(run);

const LENGTH: usize = 300_000;

async fn run() -> Result<(), String> {
    let (near, far) = pair().await?;
    received(&near, far).await?;
    let (near, far) = pair().await?;
    sent(near, &far).await?;
    rest_stays().await
}

fn pattern() -> Vec<u8> {
    (0..LENGTH).map(|index| (index % 251) as u8).collect()
}

/// What the peer writes is read to the end, in order.
async fn received(near: &TcpStream, far: TcpStream) -> Result<(), String> {
    let (mut reader, end) = near.receive();
    spawn(async move {
        write_all(&far, &pattern()).await.unwrap_or_default();
        // The reader sees whether it worked.
        far.shutdown(ShutdownHow::Send).unwrap_or_default();
    });
    let mut all = Vec::new();
    loop {
        let (result, data) = reader.read(Vec::with_capacity(10_000)).await;
        all.extend(data);
        if matches!(result, StreamResult::Dropped) {
            break;
        }
    }
    check(
        all == pattern(),
        format_args!("all {LENGTH} bytes in order, not {}", all.len()),
    )?;
    succeeds(end.await, "the end of the stream")
}

/// What is written to the stream reaches the peer.
async fn sent(near: TcpStream, far: &TcpStream) -> Result<(), String> {
    let (mut writer, reader) = wit_stream::new();
    spawn(async move {
        drop(writer.write_all(pattern()).await);
    });
    let sending = std::rc::Rc::new(std::cell::RefCell::new(None));
    let told = std::rc::Rc::clone(&sending);
    spawn(async move {
        let sent = near.send(reader).await;
        *told.borrow_mut() = Some((sent, near));
    });
    check(
        read_exactly(far, LENGTH).await? == pattern(),
        "the peer reads all in order",
    )?;
    while sending.borrow().is_none() {
        aio_guest::yield_now().await;
    }
    let told = sending.take().map(|(sent, _)| sent);
    equal(told, Some(Ok(LENGTH as u64)), "bytes sent")
}

/// A reader that is dropped leaves the rest on the connection.
async fn rest_stays() -> Result<(), String> {
    let (near, far) = pair().await?;
    succeeds(write_all(&far, b"onetwo").await, "write")?;
    let (mut reader, end) = near.receive();
    let (_, data) = reader.read(Vec::with_capacity(3)).await;
    equal(data, b"one".to_vec(), "the first bytes")?;
    drop((reader, end));
    equal(read_exactly(&near, 3).await?, b"two".to_vec(), "the rest")
}
