//! Readiness: watches are told in every turn while it holds, and the `try-` functions answer
//! "would block" as a value.

use aio_guest::bindings::aio::host::ring::{
    AcceptResult, Interest, ReadResult, WriteResult, try_accept, try_read, try_write,
};
use aio_guest::{ErrorCode, Handle, Ring, TcpStream};
use test_guests::{Told, check, collect, collect_one, equal, listen, look, pair, succeeds};

aio_guest::main!(run);

const READABLE: Told = Told::Ready(true, false);
const WRITABLE: Told = Told::Ready(false, true);

async fn run() -> Result<(), String> {
    reads().await?;
    writes().await?;
    accepts().await?;
    changes().await?;
    ends().await?;
    forged()
}

async fn reads() -> Result<(), String> {
    let (near, far) = pair().await?;
    let (handle, mut ring) = (near.as_handle(), Ring::new());
    check(
        try_read(handle, 10) == ReadResult::WouldBlock,
        "nothing is there",
    )?;
    check(
        try_read(handle, 0) == ReadResult::Data(Vec::new()),
        "a read of nothing",
    )?;
    ring.watch(1, handle, Interest::READABLE);
    check(look(&mut ring)?.is_empty(), "nothing is ready")?;
    succeeds(far.write(b"abc".to_vec()).await, "write")?;
    for _ in 0..3 {
        equal(collect_one(&mut ring)?, READABLE, "readable in every turn")?;
    }
    check(
        try_read(handle, 2) == ReadResult::Data(b"ab".to_vec()),
        "two bytes",
    )?;
    equal(collect_one(&mut ring)?, READABLE, "one byte is left")?;
    check(
        try_read(handle, u32::MAX) == ReadResult::Data(b"c".to_vec()),
        "the last byte",
    )?;
    check(
        try_read(handle, 10) == ReadResult::WouldBlock,
        "nothing is left",
    )?;
    check(look(&mut ring)?.is_empty(), "nothing is ready any more")?;
    drop(far);
    equal(
        collect_one(&mut ring)?,
        READABLE,
        "the end of the stream is readable",
    )?;
    check(
        try_read(handle, 10) == ReadResult::Data(Vec::new()),
        "the end of the stream",
    )?;
    unwatch(&mut ring, handle)
}

/// Ends a watch, so that nothing of it is told to who comes next.
fn unwatch(ring: &mut Ring, handle: Handle) -> Result<(), String> {
    ring.watch(0, handle, Interest::empty()).quiet();
    look(ring).map(drop)
}

async fn writes() -> Result<(), String> {
    let (near, far) = pair().await?;
    let (handle, mut ring) = (near.as_handle(), Ring::new());
    let mut written = fill(handle)?;
    ring.watch(1, handle, Interest::WRITABLE);
    // The system moves bytes to the peer meanwhile, until there is no room on either side.
    while !look(&mut ring)?.is_empty() {
        written += fill(handle)?;
        check(
            written < 1 << 30,
            "a connection that nobody reads gets full",
        )?;
    }
    while written > 0 {
        written -= succeeds(far.read(65_536).await, "read")?.len();
    }
    for _ in 0..2 {
        equal(collect_one(&mut ring)?, WRITABLE, "writable in every turn")?;
    }
    check(
        try_write(handle, b"abc") == WriteResult::Written(3),
        "it takes bytes again",
    )?;
    unwatch(&mut ring, handle)
}

/// Writes until it would block.
fn fill(handle: Handle) -> Result<usize, String> {
    let mut written = 0;
    loop {
        match try_write(handle, &[5; 65_536]) {
            WriteResult::Written(count) => {
                check((1..=65_536).contains(&count), "1 byte at least is written")?;
                written += count as usize;
            }
            WriteResult::WouldBlock => return Ok(written),
            WriteResult::Failed(code) => return Err(format!("try-write: {}", code.name())),
        }
    }
}

async fn accepts() -> Result<(), String> {
    let (listener, address) = listen()?;
    let (handle, mut ring) = (listener.as_handle(), Ring::new());
    check(
        try_accept(handle) == AcceptResult::WouldBlock,
        "nobody is there",
    )?;
    ring.watch(1, handle, Interest::READABLE);
    let near = succeeds(TcpStream::connect(address).await, "connect")?;
    equal(
        collect_one(&mut ring)?,
        READABLE,
        "a connection to accept is readable",
    )?;
    let AcceptResult::Accepted((_, from)) = try_accept(handle) else {
        return Err("a connection that waits is accepted".to_owned());
    };
    check(
        from == succeeds(near.local_address(), "local address")?,
        "the peer's address",
    )?;
    check(
        try_accept(handle) == AcceptResult::WouldBlock,
        "there was one only",
    )?;
    unwatch(&mut ring, handle)
}

/// One watch a handle: a later one takes the place of the earlier, and of nothing ends it.
async fn changes() -> Result<(), String> {
    let (near, far) = pair().await?;
    let (handle, mut ring) = (near.as_handle(), Ring::new());
    succeeds(far.write(b"abc".to_vec()).await, "write")?;
    ring.watch(1, handle, Interest::READABLE);
    equal(
        collect(&mut ring, 1)?,
        vec![(1, READABLE)],
        "the first watch",
    )?;
    ring.watch(2, handle, Interest::WRITABLE);
    equal(
        collect(&mut ring, 1)?,
        vec![(2, WRITABLE)],
        "the second watch",
    )?;
    ring.watch(3, handle, Interest::READABLE | Interest::WRITABLE);
    equal(
        collect(&mut ring, 1)?,
        vec![(3, Told::Ready(true, true))],
        "the third watch",
    )?;
    ring.watch(4, handle, Interest::empty());
    for completion in &look(&mut ring)? {
        let (_, told) = Told::from_completion(completion);
        check(
            !matches!(told, Told::Ready(..)),
            "a watch of nothing is told nothing",
        )?;
    }
    check(look(&mut ring)?.is_empty(), "the watch has ended")
}

async fn ends() -> Result<(), String> {
    let (near, far) = pair().await?;
    let mut ring = Ring::new();
    ring.watch(1, near.as_handle(), Interest::READABLE);
    ring.watch(2, far.as_handle(), Interest::READABLE);
    check(look(&mut ring)?.is_empty(), "nothing is ready")?;
    ring.cancel(3, 1);
    ring.close(4, far.as_handle());
    let told = collect(&mut ring, 4)?;
    check(
        told.contains(&(1, Told::Failed(ErrorCode::Cancelled))),
        "the watch is cancelled",
    )?;
    check(
        told.contains(&(2, Told::Failed(ErrorCode::Closed))),
        "the watch is closed",
    )?;
    check(
        try_read(near.as_handle(), 1) == ReadResult::Data(Vec::new()),
        "the end",
    )?;
    check(
        look(&mut ring)?.is_empty(),
        "a cancelled watch tells nothing",
    )
}

fn forged() -> Result<(), String> {
    let bad = ErrorCode::BadHandle;
    let mut ring = Ring::new();
    for handle in [0, 7, u64::MAX, u64::MAX - 1, u64::MAX - 2, 1 << 63, 1 << 62] {
        check(
            try_read(handle, 1) == ReadResult::Failed(bad),
            "try-read of a forged handle",
        )?;
        check(
            try_write(handle, b"x") == WriteResult::Failed(bad),
            "try-write",
        )?;
        check(
            try_accept(handle) == AcceptResult::Failed(bad),
            "try-accept",
        )?;
        ring.watch(1, handle, Interest::READABLE);
        equal(
            collect_one(&mut ring)?,
            Told::Failed(bad),
            "watch of a forged handle",
        )?;
    }
    Ok(())
}
