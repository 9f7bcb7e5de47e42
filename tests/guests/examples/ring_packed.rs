//! Turns in bytes: every kind of submission and completion, those that have no such form beside
//! them, and what is no turn at all.

use aio_guest::bindings::aio::host::ring::{
    self, Interest, Operation, Outcome, Submission, WatchArguments, enter_packed,
};
use aio_guest::{ErrorCode, Handle, sockets};
use test_guests::{check, equal, fails, succeeds};

aio_guest::main!(run);

const READ_MANY: u32 = 0;
const WRITE: u32 = 1;
const WATCH: u32 = 2;
const CANCEL: u32 = 3;
const CLOSE: u32 = 4;

const DATA: u32 = 0;
const WRITTEN: u32 = 1;
const READY: u32 = 2;
const FAILED: u32 = 3;
const DONE: u32 = 4;

/// A token, a handle, what to do, a number.
type Record = (u64, u64, u32, u32);
/// A token, how it ended, a number.
type Completion = (u64, u32, u32);

async fn run() -> Result<(), String> {
    let (near, far) = succeeds(sockets::pair(), "pair")?;
    reads_and_writes(near, far)?;
    watches(near, far)?;
    takes_what_is_taken(near)?;
    failures(near)?;
    beside_others(near)?;
    no_turns()?;
    closes(near, far)
}

fn reads_and_writes(near: Handle, far: Handle) -> Result<(), String> {
    let records = [
        (7, far, READ_MANY, 65_536),
        (8, near, WRITE, 3),
        (9, near, WRITE, 2),
    ];
    let (mut told, mut data) = turn(&records, b"abcde")?;
    while data.len() < 5 {
        let (more, bytes) = turn(&[], b"")?;
        told.extend(more);
        data.extend(bytes);
    }
    equal(data, b"abcde".to_vec(), "the bytes")?;
    let lengths = told.iter().map(|&(token, kind, length)| {
        check((token, kind) == (7, DATA), "only reads are told")?;
        Ok(length)
    });
    let sum: u32 = lengths.sum::<Result<u32, String>>()?;
    equal(sum, 5, "the lengths")?;
    let (told, _) = turn(&[(0, 7, CANCEL, 0)], b"")?;
    let cancelled = (7, FAILED, ErrorCode::Cancelled as u32);
    equal(told, vec![cancelled], "the read is cancelled")
}

fn watches(near: Handle, far: Handle) -> Result<(), String> {
    let (told, _) = turn(&[(5, near, WATCH, 2), (6, far, WATCH, 3)], b"")?;
    equal(
        told,
        vec![(5, READY, 2), (6, READY, 2)],
        "both are writable",
    )?;
    let (told, _) = turn(&[(5, near, WATCH, 0), (6, far, WATCH, 0)], b"")?;
    equal(told, vec![(5, DONE, 0), (6, DONE, 0)], "no watch is left")
}

/// A socket that is full tells how much it took, or that it took nothing.
fn takes_what_is_taken(near: Handle) -> Result<(), String> {
    let piece = [0; 65_536];
    for _ in 0..1000 {
        let (told, _) = turn(&[(3, near, WRITE, 65_536)], &piece)?;
        match told[..] {
            [] => {}
            [(3, WRITTEN, length)] => return check(length < 65_536, "it took less"),
            _ => return Err(format!("a write told {told:?}")),
        }
    }
    Err("a socket is never full".to_owned())
}

fn failures(near: Handle) -> Result<(), String> {
    let records = [
        (1, u64::MAX, READ_MANY, 1),
        (2, near, WRITE, 9),
        (3, near, WATCH, 4),
        (4, near, 99, 0),
    ];
    let (told, _) = turn(&records, b"")?;
    let codes = [
        ErrorCode::BadHandle,
        ErrorCode::InvalidArgument,
        ErrorCode::InvalidArgument,
        ErrorCode::NotSupported,
    ];
    let expected = (1..).zip(codes.map(|code| (FAILED, code as u32)));
    let expected: Vec<_> = expected
        .map(|(token, (kind, code))| (token, kind, code))
        .collect();
    equal(told, expected, "each failure")
}

/// What has no packed form stays for the next plain turn, with all that comes after it.
fn beside_others(near: Handle) -> Result<(), String> {
    let lookup = Operation::Lookup(ring::LookupArguments {
        name: "127.0.0.1".to_owned(),
        service: "80".to_owned(),
        family: None,
    });
    let submission = |token, operation| Submission {
        token,
        quiet: false,
        operation,
    };
    let mut batch = succeeds(ring::enter(&[submission(1, lookup)], b"", Some(0)), "enter")?;
    while batch.completions.is_empty() {
        let (flags, told, _) = raw(&[(2, near, WATCH, 0)], b"", None)?;
        if flags == 2 {
            batch = succeeds(ring::enter(&[], b"", Some(0)), "enter")?;
        }
        check(told.iter().all(|told| told.1 == DONE), "nothing else")?;
    }
    let outcome = batch.completions.iter().find(|told| told.token == 1);
    let found = outcome.map(|told| matches!(told.outcome, Outcome::Addresses(_)));
    equal(found, Some(true), "the addresses come by themselves")?;
    // And what was begun by one form, the other ends.
    let arguments = WatchArguments {
        handle: near,
        interest: Interest::empty(),
    };
    let none = submission(4, Operation::Watch(arguments));
    let batch = succeeds(ring::enter(&[none], b"", Some(0)), "enter")?;
    equal(batch.completions.len(), 1, "one completion")
}

fn no_turns() -> Result<(), String> {
    for short in [&[][..], &[0; 7], &[1, 0, 0, 0, 0, 0, 0, 0]] {
        let result = enter_packed(short, Some(0));
        fails(result, ErrorCode::InvalidArgument, "too few bytes")?;
    }
    let many = [&16_385_u32.to_le_bytes()[..], &[0; 4]].concat();
    fails(
        enter_packed(&many, Some(0)),
        ErrorCode::OutOfRange,
        "too many",
    )?;
    let late = enter_packed(&[0; 8], Some(u64::MAX));
    fails(late, ErrorCode::OutOfRange, "too long")
}

fn closes(near: Handle, far: Handle) -> Result<(), String> {
    let (told, _) = turn(&[(1, near, CLOSE, 0)], b"")?;
    equal(told, vec![], "it is closed quietly")?;
    fails(sockets::close(near), ErrorCode::BadHandle, "close twice")?;
    succeeds(sockets::close(far), "close the other end")
}

fn turn(records: &[Record], data: &[u8]) -> Result<(Vec<Completion>, Vec<u8>), String> {
    let (flags, told, data) = raw(records, data, Some(0))?;
    equal(flags, 0, "nothing else is there")?;
    Ok((told, data))
}

fn raw(
    records: &[Record],
    data: &[u8],
    timeout: Option<u64>,
) -> Result<(u32, Vec<Completion>, Vec<u8>), String> {
    let mut bytes = (records.len() as u64).to_le_bytes().to_vec();
    for (token, handle, kind, value) in records {
        bytes.extend([token.to_le_bytes(), handle.to_le_bytes()].concat());
        bytes.extend([kind.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend(data);
    let batch = succeeds(enter_packed(&bytes, timeout), "enter-packed")?;
    let half = |at: usize| {
        let bytes = batch.get(at..at + 4).ok_or("a batch is cut short")?;
        Ok::<u32, String>(u32::from_le_bytes(
            bytes.try_into().map_err(|_| "four bytes")?,
        ))
    };
    let end = 8 + 16 * half(0)? as usize;
    let token = |at| Ok::<u64, String>(u64::from(half(at)?) | u64::from(half(at + 4)?) << 32);
    let told = (8..end).step_by(16);
    let told = told.map(|at| Ok((token(at)?, half(at + 8)?, half(at + 12)?)));
    let told = told.collect::<Result<_, String>>()?;
    Ok((half(4)?, told, batch[end..].to_vec()))
}
