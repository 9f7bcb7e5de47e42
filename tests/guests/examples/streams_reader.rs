//! Reading by lines, separators and lengths, however the bytes come in.

use aio_guest::{ByteStream, ReadError, StreamReader, join, unix, write_all};
use test_guests::{check, equal, poll_once, succeeds};

aio_guest::main!(run);

const LIMIT: usize = 65_536;

async fn run() -> Result<(), String> {
    lines().await?;
    pieces_of_a_separator().await?;
    limits().await?;
    lengths().await?;
    cancelled().await
}

async fn lines() -> Result<(), String> {
    let (near, mut reader) = pair()?;
    write(&near, b"one\n\nthree").await?;
    equal(reader.read_line().await, whole(b"one\n"), "a line")?;
    equal(reader.read_line().await, whole(b"\n"), "an empty line")?;
    check(!reader.at_eof(), "there is more")?;
    drop(near);
    equal(reader.read_line().await, whole(b"three"), "the rest")?;
    equal(reader.read_line().await, whole(b""), "the end")?;
    check(reader.at_eof(), "the end")
}

async fn pieces_of_a_separator() -> Result<(), String> {
    let (near, mut reader) = pair()?;
    let all = b"a\r\r\nb\r\n";
    let writing = async {
        for byte in all {
            write(&near, &[*byte]).await?;
            aio_guest::yield_now().await;
        }
        Ok(())
    };
    let reading = async {
        [
            reader.read_until(b"\r\n").await,
            reader.read_until(b"\r\n").await,
        ]
    };
    let (written, read): (Result<(), String>, _) = join(writing, reading).await;
    written?;
    equal(read, [whole(b"a\r\r\n"), whole(b"b\r\n")], "byte by byte")
}

/// The limit is on what comes before the separator.
async fn limits() -> Result<(), String> {
    for (limit, reader) in [(LIMIT, None), (10, Some(10)), (0, Some(0))] {
        let (near, far) = succeeds(unix::pair(), "pair")?;
        let mut reader = match reader {
            None => StreamReader::new(far),
            Some(limit) => StreamReader::with_limit(far, limit),
        };
        let fits = [vec![b'x'; limit], b"\n".to_vec()].concat();
        let too_long = [b"x", &*fits].concat();
        let (written, read) = join(write(&near, &fits), reader.read_line()).await;
        written?;
        check(read == whole(&fits), "a line at the limit")?;
        let (written, read) = join(write(&near, &too_long), reader.read_line()).await;
        written?;
        equal(read, Err(ReadError::LimitOverrun), "a line beyond")?;
        let read = reader.read_exactly(too_long.len()).await;
        check(read == whole(&too_long), "what was too long is still there")?;
        let endless = vec![b'x'; limit + 1];
        let (written, read) = join(write(&near, &endless), reader.read_line()).await;
        written?;
        equal(read, Err(ReadError::LimitOverrun), "no end in sight")?;
    }
    Ok(())
}

async fn lengths() -> Result<(), String> {
    let (near, mut reader) = pair()?;
    write(&near, b"abcdefgh").await?;
    equal(reader.read_exactly(0).await, whole(b""), "none")?;
    equal(reader.read_exactly(3).await, whole(b"abc"), "three")?;
    equal(reader.read(0).await, whole(b""), "none")?;
    equal(reader.read(2).await, whole(b"de"), "two of what is there")?;
    equal(reader.read(100).await, whole(b"fgh"), "what is there")?;
    write(&near, b"xyz").await?;
    drop(near);
    let incomplete = Err(ReadError::Incomplete(b"xyz".to_vec()));
    equal(reader.read_exactly(4).await, incomplete, "too few")?;
    equal(reader.read(1).await, whole(b""), "the end")
}

async fn cancelled() -> Result<(), String> {
    let (near, mut reader) = pair()?;
    write(&near, b"begun").await?;
    {
        let mut reading = Box::pin(reader.read_line());
        check(
            poll_once(reading.as_mut()).is_pending(),
            "no end of the line",
        )?;
    }
    write(&near, b" and ended\n").await?;
    equal(
        reader.read_line().await,
        whole(b"begun and ended\n"),
        "all of it",
    )
}

fn pair() -> Result<(ByteStream, StreamReader<ByteStream>), String> {
    let (near, far) = succeeds(unix::pair(), "pair")?;
    Ok((near, StreamReader::new(far)))
}

async fn write(stream: &ByteStream, data: &[u8]) -> Result<(), String> {
    succeeds(write_all(stream, data).await, "write")
}

fn whole(data: &[u8]) -> Result<Vec<u8>, ReadError> {
    Ok(data.to_vec())
}
