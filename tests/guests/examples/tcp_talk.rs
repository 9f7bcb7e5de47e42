//! A guest connected to itself: bytes both ways, ends of streams, and what reads and writes of
//! nothing or of too much do.

use aio_guest::{ErrorCode, ShutdownHow, TcpStream, write_all};
use test_guests::{check, equal, fails, pair, read_exactly, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (near, far) = pair().await?;
    bytes_both_ways(&near, &far).await?;
    nothing_and_too_much(&near, &far).await?;
    ends(&near, &far).await?;
    refused_reads().await
}

async fn bytes_both_ways(near: &TcpStream, far: &TcpStream) -> Result<(), String> {
    for (from, to) in [(near, far), (far, near)] {
        equal(
            succeeds(from.write(b"hello".to_vec()).await, "write")?,
            5,
            "written",
        )?;
        equal(read_exactly(to, 5).await?, b"hello".to_vec(), "read")?;
    }
    Ok(())
}

async fn nothing_and_too_much(near: &TcpStream, far: &TcpStream) -> Result<(), String> {
    equal(
        succeeds(near.write(Vec::new()).await, "write nothing")?,
        0,
        "written",
    )?;
    // Nothing is there to read, and still this does not wait.
    equal(
        succeeds(far.read(0).await, "read nothing")?.len(),
        0,
        "read",
    )?;
    succeeds(
        write_all(near, &vec![7; 150_000]).await,
        "write 150,000 bytes",
    )?;
    let mut total = 0;
    while total < 150_000 {
        let data = succeeds(far.read(u32::MAX).await, "read 4 GiB")?;
        check(
            (1..=65_536).contains(&data.len()),
            "a read returns 1 to 65,536 bytes",
        )?;
        total += data.len();
    }
    equal(total, 150_000, "bytes in all")
}

async fn ends(near: &TcpStream, far: &TcpStream) -> Result<(), String> {
    succeeds(near.shutdown(ShutdownHow::Send), "shutdown send")?;
    for _ in 0..2 {
        equal(
            succeeds(far.read(10).await, "read at the end")?.len(),
            0,
            "bytes at the end",
        )?;
    }
    fails(
        near.write(vec![1]).await,
        ErrorCode::BrokenPipe,
        "write after shutdown",
    )?;
    // The other direction is as it was.
    succeeds(far.write(b"still".to_vec()).await, "write the other way")?;
    equal(
        read_exactly(near, 5).await?,
        b"still".to_vec(),
        "read the other way",
    )
}

async fn refused_reads() -> Result<(), String> {
    let (near, far) = pair().await?;
    succeeds(near.shutdown(ShutdownHow::Receive), "shutdown receive")?;
    equal(
        succeeds(near.read(1).await, "read after shutdown")?.len(),
        0,
        "bytes",
    )?;
    succeeds(far.shutdown(ShutdownHow::Both), "shutdown both")?;
    equal(
        succeeds(far.read(1).await, "read after shutdown both")?.len(),
        0,
        "bytes",
    )
}
