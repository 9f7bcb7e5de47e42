//! Standard streams by handle and through WASI: one order, one position, and handles that are
//! closed by themselves. Standard input is `onetwothreefour`, and then nothing for ever.

use aio_guest::{ErrorCode, Ring, ShutdownHow, stdio, write_all};
use test_guests::{
    Told, check, collect, collect_one, equal, fails, look, succeeds, waits_and_is_cancelled,
};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    one_order().await?;
    one_position().await?;
    closed_alone().await?;
    the_other_direction().await?;
    ended_alone().await
}

async fn one_order() -> Result<(), String> {
    let one = succeeds(stdio::stdout(), "open")?;
    let two = succeeds(stdio::stdout(), "open")?;
    check(one.as_handle() != two.as_handle(), "two handles")?;
    println!("first");
    succeeds(write_all(&one, b"second\n").await, "write")?;
    println!("third");
    let mut ring = Ring::new();
    ring.write(1, two.as_handle(), b"fourth\n");
    equal(collect_one(&mut ring)?, Told::Written(7), "write")?;
    println!("fifth");
    drop(one);
    succeeds(
        write_all(&two, b"sixth\n").await,
        "write after the other was closed",
    )
}

async fn one_position() -> Result<(), String> {
    let stdin = succeeds(stdio::stdin(), "open")?;
    let read = succeeds(stdin.read(3).await, "read")?;
    equal(read, b"one".to_vec(), "by handle")?;
    // Without the buffer of `std`, which would take all that there is.
    let stream = wasip2::cli::stdin::get_stdin();
    let read = stream.blocking_read(3);
    let read = read.map_err(|error| format!("read through WASI: {error:?}"))?;
    equal(read, b"two".to_vec(), "through WASI")?;
    let mut ring = Ring::new();
    ring.read(1, stdin.as_handle(), 5);
    equal(
        collect_one(&mut ring)?,
        Told::Data(b"three".to_vec()),
        "on the ring",
    )
}

/// What waits on a handle ends with it, and another goes on.
async fn closed_alone() -> Result<(), String> {
    let one = succeeds(stdio::stdin(), "open")?;
    let two = succeeds(stdio::stdin(), "open")?;
    equal(
        succeeds(one.read(4).await, "read")?,
        b"four".to_vec(),
        "the rest",
    )?;
    waits_and_is_cancelled(two.read(1), "a read of an input that has no more")?;
    let mut ring = Ring::new();
    ring.read(1, one.as_handle(), 1);
    check(look(&mut ring)?.is_empty(), "nothing is there")?;
    ring.close(2, one.as_handle());
    let mut told = collect(&mut ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let closed = (1, Told::Failed(ErrorCode::Closed));
    equal(
        told,
        vec![closed, (2, Told::Done)],
        "the read and the close",
    )?;
    fails(one.read(1).await, ErrorCode::BadHandle, "a closed handle")?;
    waits_and_is_cancelled(two.read(1), "the other handle")
}

async fn the_other_direction() -> Result<(), String> {
    let stdin = succeeds(stdio::stdin(), "open")?;
    let stderr = succeeds(stdio::stderr(), "open")?;
    let unsupported = ErrorCode::NotSupported;
    fails(
        stdin.write(vec![1]).await,
        unsupported,
        "write to standard input",
    )?;
    fails(stderr.read(1).await, unsupported, "read standard error")?;
    fails(stdin.shutdown(ShutdownHow::Send), unsupported, "shutdown")?;
    fails(
        stderr.shutdown(ShutdownHow::Receive),
        unsupported,
        "shutdown",
    )?;
    let mut ring = Ring::new();
    ring.read(1, stderr.as_handle(), 1);
    equal(collect_one(&mut ring)?, Told::Failed(unsupported), "read")?;
    ring.write(1, stdin.as_handle(), b"x");
    equal(collect_one(&mut ring)?, Told::Failed(unsupported), "write")
}

async fn ended_alone() -> Result<(), String> {
    let one = succeeds(stdio::stdout(), "open")?;
    let two = succeeds(stdio::stdout(), "open")?;
    succeeds(one.shutdown(ShutdownHow::Send), "shutdown")?;
    fails(one.write(vec![1]).await, ErrorCode::BrokenPipe, "write")?;
    succeeds(write_all(&two, b"last\n").await, "write to the other")?;
    let stdin = succeeds(stdio::stdin(), "open")?;
    succeeds(stdin.shutdown(ShutdownHow::Receive), "shutdown")?;
    equal(succeeds(stdin.read(1).await, "read")?.len(), 0, "bytes")
}
