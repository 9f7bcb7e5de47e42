//! A turn in bytes: for guests that pay for each value that crosses, as interpreters do. What the
//! numbers mean the WIT says.

use super::super::io::Io;
use super::super::wit::ring::{Completion, Interest, Outcome, ReadArguments, WatchArguments};
use super::super::wit::types::ErrorCode;
use super::batch::Batch;
use super::submit::{take_bytes, write_now};
use crate::handles::{Many, Object};

/// The bytes before the records, both ways.
const HEAD: usize = 8;
/// The bytes of a submission.
const SUBMISSION: usize = 24;
/// The bytes of a completion.
const COMPLETION: usize = 16;

/// One submission: what it means depends on its kind.
struct Record {
    token: u64,
    handle: u64,
    kind: u32,
    value: u32,
}

impl Io {
    /// Begins a packed batch of operations.
    pub(super) fn submit_packed(&mut self, bytes: &[u8]) -> Result<(), ErrorCode> {
        let (count, rest) = count(bytes)?;
        self.ring.takes(count)?;
        let (records, mut data) = split(count, rest)?;
        for record in records.chunks_exact(SUBMISSION).filter_map(Record::read) {
            if let Err(code) = self.begin_packed(&record, &mut data) {
                self.ring.fail(record.token, code);
            }
        }
        Ok(())
    }

    fn begin_packed(&mut self, record: &Record, data: &mut &[u8]) -> Result<(), ErrorCode> {
        let &Record {
            token,
            handle,
            kind,
            value,
        } = record;
        let id = (token, true);
        let read = ReadArguments { handle, max: value };
        match kind {
            0 => self.submit_read((token, false), &read, Many::Since(0)),
            1 => self.write_packed(token, handle, take_bytes(data, value)?),
            2 => {
                let interest = interest(value)?;
                self.submit_watch(id, &WatchArguments { handle, interest })
            }
            3 => self.submit_cancel(id, handle),
            4 => self.submit_close(id, handle),
            _ => Err(ErrorCode::NotSupported),
        }
    }

    /// Writes what is taken now, and tells how much that was if it was not all.
    fn write_packed(&mut self, token: u64, handle: u64, data: &[u8]) -> Result<(), ErrorCode> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        let Object::Stream(stream) = &entry.object else {
            return Err(ErrorCode::BadHandle);
        };
        let written = match entry.writes.is_empty() {
            true => write_now(stream, data)?,
            false => 0,
        };
        if written < data.len() {
            let written = u32::try_from(written).unwrap_or(u32::MAX);
            self.ring.complete(token, Outcome::Written(written));
        }
        Ok(())
    }

    /// The batch in bytes. From the first completion on that has no such form, all stay for the
    /// next `enter`.
    pub(super) fn pack(&mut self, batch: &Batch) -> Vec<u8> {
        let packed: Vec<_> = batch.completions.iter().map_while(packed).collect();
        let rest = batch.completions.get(packed.len()..).unwrap_or_default();
        let taken = packed.iter().map(|record| record.data).sum();
        let (data, left) = batch.data.split_at_checked(taken).unwrap_or_default();
        self.ring.batches.put_back(rest, left);
        let count = u32::try_from(packed.len()).unwrap_or(u32::MAX);
        let flags = u32::from(batch.stop) | u32::from(!rest.is_empty()) << 1;
        let mut bytes = Vec::with_capacity(HEAD + packed.len() * COMPLETION + data.len());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&flags.to_le_bytes());
        for record in packed {
            bytes.extend_from_slice(&record.bytes());
        }
        bytes.extend_from_slice(data);
        bytes
    }
}

impl Record {
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let half = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        Some(Self {
            token: number(0)?,
            handle: number(8)?,
            kind: half(16)?,
            value: half(20)?,
        })
    }
}

/// How many records a batch has, and what follows.
fn count(bytes: &[u8]) -> Result<(usize, &[u8]), ErrorCode> {
    let (head, rest) = bytes
        .split_first_chunk::<HEAD>()
        .ok_or(ErrorCode::InvalidArgument)?;
    let [a, b, c, d, ..] = *head;
    Ok((u32::from_le_bytes([a, b, c, d]) as usize, rest))
}

/// The records of a batch, and the bytes behind them.
fn split(count: usize, rest: &[u8]) -> Result<(&[u8], &[u8]), ErrorCode> {
    let length = count.checked_mul(SUBMISSION);
    length
        .and_then(|length| rest.split_at_checked(length))
        .ok_or(ErrorCode::InvalidArgument)
}

fn interest(value: u32) -> Result<Interest, ErrorCode> {
    match value {
        0 => Ok(Interest::empty()),
        1 => Ok(Interest::READABLE),
        2 => Ok(Interest::WRITABLE),
        3 => Ok(Interest::READABLE | Interest::WRITABLE),
        _ => Err(ErrorCode::InvalidArgument),
    }
}

/// A completion that has a packed form.
struct Packed {
    token: u64,
    kind: u32,
    value: u32,
    /// How many of the batch's bytes belong to it.
    data: usize,
}

impl Packed {
    fn bytes(&self) -> [u8; COMPLETION] {
        let mut bytes = [0; COMPLETION];
        let (token, rest) = bytes.split_at_mut(8);
        let (kind, value) = rest.split_at_mut(4);
        token.copy_from_slice(&self.token.to_le_bytes());
        kind.copy_from_slice(&self.kind.to_le_bytes());
        value.copy_from_slice(&self.value.to_le_bytes());
        bytes
    }
}

fn packed(completion: &Completion) -> Option<Packed> {
    let (kind, value) = match completion.outcome {
        Outcome::Data(length) => (0, length),
        Outcome::Written(length) => (1, length),
        Outcome::Ready(interest) => (
            2,
            u32::from(interest.contains(Interest::READABLE))
                | u32::from(interest.contains(Interest::WRITABLE)) << 1,
        ),
        Outcome::Failed(code) => (3, code as u32),
        Outcome::Done => (4, 0),
        _ => return None,
    };
    Some(Packed {
        token: completion.token,
        kind,
        value,
        data: if kind == 0 { value as usize } else { 0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Policy;
    use crate::inherited::Inherited;
    use crate::interrupt::Interrupt;

    fn batch(count: u32, rest: &[u8]) -> Vec<u8> {
        [&count.to_le_bytes()[..], &[0; 4], rest].concat()
    }

    fn io(event_loop: &aio_loop::Loop) -> Io {
        Io::new(
            event_loop.handle(),
            Policy::default(),
            Inherited::default(),
            &Interrupt::default(),
        )
    }

    #[test]
    fn a_batch_that_is_cut_short_or_too_long_is_refused() {
        let event_loop = aio_loop::Loop::new().unwrap();
        let mut io = io(&event_loop);
        let mut submitted = |bytes: &[u8]| io.submit_packed(bytes);
        assert_eq!(submitted(&[0; 7]), Err(ErrorCode::InvalidArgument));
        assert_eq!(submitted(&batch(1, b"")), Err(ErrorCode::InvalidArgument));
        assert_eq!(submitted(&batch(u32::MAX, b"")), Err(ErrorCode::OutOfRange));
        assert_eq!(submitted(&batch(1, &[0; SUBMISSION + 4])), Ok(()));
        assert_eq!(split(1, &[7; SUBMISSION + 4]).unwrap().1, [7; 4]);
    }

    /// The guest never makes the plain turn that would bring what has no packed form.
    #[test]
    fn what_a_guest_does_not_take_is_bounded() {
        let event_loop = aio_loop::Loop::new().unwrap();
        let mut io = io(&event_loop);
        io.ring.complete(1, Outcome::Connected(1));
        let many = batch(16_384, &vec![0; 16_384 * SUBMISSION]);
        let mut turn = || {
            let submitted = io.submit_packed(&many);
            let taken = io.ring.batches.take();
            assert_eq!(io.pack(&taken)[..8], [0, 0, 0, 0, 2, 0, 0, 0]);
            submitted.err()
        };
        let refused = (0..100).find_map(|_| turn());
        assert_eq!(refused, Some(ErrorCode::QuotaExceeded));
        assert!(io.ring.batches.is_full(), "no more is collected");
        assert_eq!(io.submit_packed(&batch(0, b"")), Ok(()));
        assert!(io.ring.batches.take().completions.len() < 100_000);
        assert_eq!(io.submit_packed(&many), Ok(()));
    }
}
