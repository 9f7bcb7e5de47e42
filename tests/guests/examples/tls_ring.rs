//! TLS under the ring: bytes that are decrypted already count as readable, writes wait for room,
//! and what is cancelled or closed loses nothing.

use aio_guest::bindings::aio::host::ring::{self, Interest, ReadResult, WriteResult};
use aio_guest::{ErrorCode, Handle, Ring};
use test_guests::secure::Secure;
use test_guests::{Told, check, collect, collect_one, equal, look};

aio_guest::main!(run);

const LENGTH: usize = 1 << 20;

async fn run() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    let (near_end, far_end) = (near.as_handle(), far.as_handle());
    let mut ring = Ring::new();
    in_pieces(&mut ring, near_end, far_end)?;
    watched(&mut ring, near_end, far_end)?;
    again_and_again(&mut ring, near_end, far_end)?;
    a_megabyte(&mut ring, near_end, far_end)?;
    cancelled(&mut ring, near_end, far_end)?;
    ended(&mut ring, near_end, far_end)
}

fn data(text: &str) -> Told {
    Told::Data(text.as_bytes().to_vec())
}

/// One record, read by several operations: no event of the socket tells of the later bytes.
fn in_pieces(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    ring.write(1, near, b"abcdef");
    equal(collect_one(ring)?, Told::Written(6), "written")?;
    for piece in ["ab", "cd", "ef"] {
        ring.read(2, far, 2);
        equal(collect_one(ring)?, data(piece), "a piece")?;
    }
    for token in 3..6 {
        ring.read(token, far, 1);
    }
    ring.write(6, near, b"xyz").quiet();
    let told = collect(ring, 3)?;
    let expected = [(3, data("x")), (4, data("y")), (5, data("z"))];
    equal(told, expected.to_vec(), "in order")
}

/// Level-triggered: as long as something is there, on the socket or decrypted already.
fn watched(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    ring.watch(1, far, Interest::READABLE);
    check(look(ring)?.is_empty(), "nothing is there")?;
    ring.write(2, near, b"abc").quiet();
    for piece in [b"a", b"b", b"c"] {
        equal(collect_one(ring)?, Told::Ready(true, false), "readable")?;
        let read = ring::try_read(far, 1);
        let is_piece = matches!(&read, ReadResult::Data(data) if data == piece);
        check(is_piece, format_args!("a piece, not {read:?}"))?;
    }
    check(look(ring)?.is_empty(), "nothing is left")?;
    let blocked = ring::try_read(far, 1);
    check(matches!(blocked, ReadResult::WouldBlock), "it would block")?;
    ring.watch(3, far, Interest::WRITABLE);
    equal(collect_one(ring)?, Told::Ready(false, true), "writable")?;
    ring.watch(4, far, Interest::empty());
    equal(collect_one(ring)?, Told::Done, "the end of the watch")
}

fn again_and_again(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    ring.read_many(1, far, 4);
    ring.write(2, near, b"aaaabbbbc").quiet();
    for piece in ["aaaa", "bbbb", "c"] {
        equal(collect_one(ring)?, data(piece), "a turn's share")?;
    }
    ring.cancel(3, 1).quiet();
    let told = collect_one(ring)?;
    equal(told, Told::Failed(ErrorCode::Cancelled), "cancelled")
}

fn pattern() -> Vec<u8> {
    (0..LENGTH).map(|index| (index % 251) as u8).collect()
}

/// A write that waits for room, beside small reads.
fn a_megabyte(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    let sent = pattern();
    ring.write(1, near, &sent);
    let mut all = Vec::new();
    let mut written = None;
    ring.read(2, far, 50_000);
    while all.len() < LENGTH || written.is_none() {
        for (token, told) in collect(ring, 1)? {
            match told {
                Told::Data(data) if token == 2 => {
                    all.extend(data);
                    ring.read(2, far, 50_000);
                }
                told if token == 1 => written = Some(told),
                other => return Err(format!("{other:?}")),
            }
        }
    }
    ring.cancel(3, 2).quiet();
    collect_one(ring)?;
    equal(
        written,
        Some(Told::Written(LENGTH as u32)),
        "all is written",
    )?;
    check(all == sent, "all came in order")
}

/// A write that is cancelled half-way tells how far it came, and no byte more arrives.
fn cancelled(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    let filled = fill(near)?;
    ring.write(1, near, b"never");
    check(look(ring)?.is_empty(), "it waits")?;
    ring.cancel(2, 1).quiet();
    let told = collect_one(ring)?;
    equal(
        told,
        Told::Failed(ErrorCode::Cancelled),
        "nothing was written",
    )?;
    ring.read(3, far, 1);
    ring.cancel(4, 3).quiet();
    let mut read = 0;
    // Either it was cancelled, or it brought a byte: none is lost.
    if let Told::Data(data) = collect_one(ring)? {
        read += data.len();
        look(ring)?;
    }
    // Nobody writes any more: what was accepted comes all the same.
    while read < filled {
        ring.read(5, far, 65_536);
        match collect_one(ring)? {
            Told::Data(data) if !data.is_empty() => read += data.len(),
            other => return Err(format!("after {read} of {filled} bytes: {other:?}")),
        }
    }
    equal(read, filled, "bytes")?;
    ring.watch(6, near, Interest::WRITABLE);
    equal(
        collect_one(ring)?,
        Told::Ready(false, true),
        "writable again",
    )?;
    ring.watch(7, near, Interest::empty());
    collect_one(ring).map(drop)
}

/// Writes until it would block; tells how much was taken.
fn fill(near: Handle) -> Result<usize, String> {
    let mut filled = 0;
    loop {
        match ring::try_write(near, &[7; 65_536]) {
            WriteResult::Written(count) => filled += count as usize,
            WriteResult::WouldBlock => return Ok(filled),
            WriteResult::Failed(code) => return Err(code.name().to_owned()),
        }
    }
}

/// A close says so, and the reads that wait on the closed side end.
fn ended(ring: &mut Ring, near: Handle, far: Handle) -> Result<(), String> {
    ring.read(1, near, 10);
    ring.read(2, far, 10);
    ring.write(3, near, b"bye").quiet();
    ring.close(4, near).quiet();
    let mut told = collect(ring, 2)?;
    told.sort_by_key(|(token, _)| *token);
    let closed = Told::Failed(ErrorCode::Closed);
    equal(told, vec![(1, closed), (2, data("bye"))], "the last words")?;
    ring.read(5, far, 10);
    equal(collect_one(ring)?, data(""), "a clean end")
}
