//! Sends files of the directory `/data` to a connection, and none of outside. The test has put
//! `numbers` (300,000 bytes), `empty`, a folder, a link that leads out and a pipe there.

use aio_guest::{ErrorCode, TcpStream, streams};
use test_guests::{check, equal, fails, pair, poll_once, read_exactly, succeeds};

aio_guest::main!(run);

const LENGTH: usize = 300_000;

async fn run() -> Result<(), String> {
    let (near, far) = pair().await?;
    parts(&near, &far).await?;
    refusals(&near).await?;
    whole().await
}

async fn send(
    path: &str,
    offset: u64,
    length: Option<u64>,
    sink: &TcpStream,
) -> Result<u64, ErrorCode> {
    streams::send_file(path.to_owned(), offset, length, sink.as_handle()).await
}

fn numbered(begin: usize, length: usize) -> Vec<u8> {
    (begin..begin + length)
        .map(|number| u8::try_from(number % 251).unwrap_or(0))
        .collect()
}

async fn parts(near: &TcpStream, far: &TcpStream) -> Result<(), String> {
    for (offset, length, sent) in [
        (0, Some(0), 0),
        (0, Some(1_000), 1_000),
        (299_000, Some(5_000), 1_000),
        (299_999, None, 1),
        (300_000, None, 0),
        (u64::MAX, None, 0),
        (u64::MAX, Some(u64::MAX), 0),
    ] {
        let told = succeeds(send("/data/numbers", offset, length, near).await, "send")?;
        equal(told, sent, "sent")?;
        let count = usize::try_from(sent).unwrap_or(0);
        let begin = usize::try_from(offset).unwrap_or(0);
        let read = read_exactly(far, count).await?;
        check(
            count == 0 || read == numbered(begin, count),
            "the bytes of the file",
        )?;
    }
    let none = succeeds(send("/data/empty", 0, None, near).await, "send nothing")?;
    equal(none, 0, "sent of nothing")
}

async fn refusals(near: &TcpStream) -> Result<(), String> {
    for (path, code) in [
        ("/data/missing", ErrorCode::NotFound),
        ("/data/folder", ErrorCode::NotSupported),
        ("/data/pipe", ErrorCode::NotSupported),
        ("/data/out", ErrorCode::PathEscapes),
        ("/data/../secret", ErrorCode::PathEscapes),
        ("/data/", ErrorCode::InvalidArgument),
        ("/data/a\0b", ErrorCode::InvalidArgument),
        ("/secret", ErrorCode::AccessDenied),
        ("/etc/passwd", ErrorCode::AccessDenied),
    ] {
        fails(send(path, 0, None, near).await, code, path)?;
    }
    let nowhere = streams::send_file("/data/numbers".to_owned(), 0, None, 0).await;
    fails(nowhere, ErrorCode::BadHandle, "a handle of nothing")
}

/// More than fits: the call goes on as the peer reads, and a cancelled one has sent a part.
async fn whole() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut sending = Box::pin(send_often(&near));
    let mut read = 0;
    let total = loop {
        if let std::task::Poll::Ready(total) = poll_once(sending.as_mut()) {
            break total?;
        }
        let data = succeeds(far.read(65_536).await, "read")?;
        let expected = numbered(read % LENGTH, data.len().min(LENGTH - read % LENGTH));
        check(data.starts_with(&expected), "the bytes of the file")?;
        read += data.len();
    };
    equal(total, 40 * LENGTH as u64, "sent")?;
    read_exactly(&far, 40 * LENGTH - read).await.map(drop)
}

async fn send_often(near: &TcpStream) -> Result<u64, String> {
    let mut total = 0;
    for _ in 0..40 {
        total += succeeds(send("/data/numbers", 0, None, near).await, "send all")?;
    }
    Ok(total)
}
