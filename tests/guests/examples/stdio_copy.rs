//! Copies standard input to standard output through the door that its argument names, and tells on
//! standard error how many bytes it were.

use aio_guest::bindings::aio::host::ring::{
    Interest, ReadResult, WriteResult, try_read, try_write,
};
use aio_guest::wit_bindgen::StreamResult;
use aio_guest::{ByteStream, Handle, Ring, stdio, streams, write_all};
use test_guests::{Told, argument, check, collect_one, succeeds};

aio_guest::main!(run);

const MAX: u32 = 4000;

async fn run() -> Result<(), String> {
    let stdin = succeeds(stdio::stdin(), "open standard input")?;
    let stdout = succeeds(stdio::stdout(), "open standard output")?;
    let (source, sink) = (stdin.as_handle(), stdout.as_handle());
    let copied = match argument(1)?.as_str() {
        "plain" => plain(&stdin, &stdout).await?,
        "vectored" => vectored(&stdin, &stdout).await?,
        "stream" => stream(stdin, stdout).await?,
        "ring" => by_ring(source, sink)?,
        "many" => many(source, sink)?,
        "watch" => watched(source, sink)?,
        "transfer" => succeeds(streams::transfer(source, sink, None).await, "transfer")?,
        other => return Err(format!("no door is called {other}")),
    };
    eprintln!("{copied}");
    Ok(())
}

async fn plain(stdin: &ByteStream, stdout: &ByteStream) -> Result<u64, String> {
    let mut copied = 0;
    loop {
        let data = succeeds(stdin.read(MAX).await, "read")?;
        if data.is_empty() {
            return Ok(copied);
        }
        succeeds(write_all(stdout, &data).await, "write")?;
        copied += data.len() as u64;
    }
}

async fn vectored(stdin: &ByteStream, stdout: &ByteStream) -> Result<u64, String> {
    let mut copied = 0;
    loop {
        let mut data = succeeds(stdin.read(MAX).await, "read")?;
        if data.is_empty() {
            return Ok(copied);
        }
        copied += data.len() as u64;
        while !data.is_empty() {
            let pieces = data.chunks(777).map(<[u8]>::to_vec).collect();
            let written = succeeds(stdout.write_vectored(pieces).await, "write")?;
            data.drain(..written as usize);
        }
    }
}

/// From one `stream<u8>` into another: what is read goes on as it comes.
async fn stream(stdin: ByteStream, stdout: ByteStream) -> Result<u64, String> {
    let (mut reader, end) = stdin.receive();
    let (mut writer, reading) = aio_guest::bindings::wit_stream::new();
    aio_guest::spawn(async move {
        loop {
            let (result, data) = reader.read(Vec::with_capacity(MAX as usize)).await;
            if !writer.write_all(data).await.is_empty() || result == StreamResult::Dropped {
                break;
            }
        }
    });
    let sent = succeeds(stdout.send(reading).await, "send")?;
    succeeds(end.await, "the end of the input")?;
    Ok(sent)
}

fn by_ring(source: Handle, sink: Handle) -> Result<u64, String> {
    let (mut ring, mut copied) = (Ring::new(), 0);
    loop {
        ring.read(1, source, MAX);
        match collect_one(&mut ring)? {
            Told::Data(data) if data.is_empty() => return Ok(copied),
            Told::Data(data) => copied += write(&mut ring, sink, &data)?,
            other => return Err(format!("read: {other:?}")),
        }
    }
}

/// Writes all of `data` with one operation.
fn write(ring: &mut Ring, sink: Handle, data: &[u8]) -> Result<u64, String> {
    ring.write(2, sink, data);
    let written = collect_one(ring)?;
    let all = u32::try_from(data.len()).unwrap_or(u32::MAX);
    check(
        written == Told::Written(all),
        format_args!("{written:?} of {all}"),
    )?;
    Ok(u64::from(all))
}

/// Reads that go on, while writes wait for the slower side.
fn many(source: Handle, sink: Handle) -> Result<u64, String> {
    let (mut ring, mut copied) = (Ring::new(), 0);
    ring.read_many(1, source, MAX);
    loop {
        let batch = succeeds(ring.enter(None), "enter")?;
        let all: Vec<_> = batch.iter().map(Told::from_completion).collect();
        for (_, told) in all {
            match told {
                Told::Data(data) if data.is_empty() => return finish(ring, sink, copied),
                Told::Data(data) => {
                    copied += data.len() as u64;
                    // Several may wait: each has a token of its own.
                    ring.write(2 + copied, sink, &data).quiet();
                }
                other => return Err(format!("read: {other:?}")),
            }
        }
    }
}

/// A write of nothing waits for its turn: by then all is written.
fn finish(mut ring: Ring, sink: Handle, copied: u64) -> Result<u64, String> {
    write(&mut ring, sink, &[])?;
    Ok(copied)
}

fn watched(source: Handle, sink: Handle) -> Result<u64, String> {
    let (mut ring, mut copied) = (Ring::new(), 0);
    loop {
        ring.watch(1, source, Interest::READABLE);
        ready(&mut ring, (true, false))?;
        let data = match try_read(source, MAX) {
            ReadResult::Data(data) if data.is_empty() => return Ok(copied),
            ReadResult::Data(data) => data,
            // A watch that was right tells no more than there is.
            other => return Err(format!("ready, and then {other:?}")),
        };
        copied += data.len() as u64;
        ring.watch(1, source, Interest::empty());
        collect_one(&mut ring)?;
        write_watched(&mut ring, sink, &data)?;
    }
}

fn write_watched(ring: &mut Ring, sink: Handle, mut data: &[u8]) -> Result<(), String> {
    while !data.is_empty() {
        ring.watch(2, sink, Interest::WRITABLE);
        ready(ring, (false, true))?;
        ring.watch(2, sink, Interest::empty());
        collect_one(ring)?;
        match try_write(sink, data) {
            WriteResult::Written(count) => data = &data[count as usize..],
            other => return Err(format!("ready, and then {other:?}")),
        }
    }
    Ok(())
}

fn ready(ring: &mut Ring, (readable, writable): (bool, bool)) -> Result<(), String> {
    let told = collect_one(ring)?;
    check(
        told == Told::Ready(readable, writable),
        format_args!("{told:?}"),
    )
}
