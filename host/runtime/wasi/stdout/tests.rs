//! The buffer behind an output: its bounds, its order, and its failures.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{PipeReader, Read, pipe};
use std::os::fd::OwnedFd;
use std::task::Waker;

use aio_loop::{Handle, Loop};
use bytes::Bytes;
use wasmtime_wasi::cli::StdoutStream;
use wasmtime_wasi::p2::StreamError;

use super::*;
use crate::stdio::stdout::{BUFFER_MAX, ROOM_MIN, Sink};

/// An output into a pipe.
fn piped(handle: &Handle) -> (PipeReader, Stdout) {
    let (reader, writer) = pipe().unwrap();
    (reader, to(handle, writer.into()))
}

fn to(handle: &Handle, fd: OwnedFd) -> Stdout {
    let fd = aio_loop::fd::Stdio::new(handle, fd).unwrap();
    Stdout::buffered(handle, Sink::Fd(fd), false)
}

fn text(length: usize) -> Bytes {
    let text: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
    text.into()
}

#[test]
fn one_write_takes_what_is_permitted_and_no_byte_more() {
    let event_loop = Loop::new().unwrap();
    let mut stream = Stdout::buffered(event_loop.handle(), Sink::Null, false).p2_stream();
    assert_eq!(stream.check_write().unwrap(), BUFFER_MAX);
    stream.write(text(BUFFER_MAX)).unwrap();
    let refused = stream.write(text(BUFFER_MAX + 1));
    assert!(matches!(refused, Err(StreamError::Trap(_))));
}

#[test]
fn an_unbuffered_output_has_room_for_one_write() {
    let event_loop = Loop::new().unwrap();
    let mut stream = Stdout::unbuffered(event_loop.handle(), Sink::Null, false).p2_stream();
    assert_eq!(stream.check_write().unwrap(), ROOM_MIN);
    stream.write(text(ROOM_MIN)).unwrap();
    let refused = stream.write(text(ROOM_MIN + 1));
    assert!(matches!(refused, Err(StreamError::Trap(_))));
}

#[test]
fn permits_of_many_streams_together_end() {
    let event_loop = Loop::new().unwrap();
    let (_reader, output) = piped(event_loop.handle());
    while output.shared().buffer.len() + BUFFER_MAX <= PERMITTED_MAX {
        output.p2_stream().write(text(BUFFER_MAX)).unwrap();
    }
    let rest = PERMITTED_MAX - output.shared().buffer.len();
    let refused = output.p2_stream().write(text(rest + 1));
    assert!(matches!(refused, Err(StreamError::Trap(_))));
    output.p2_stream().write(text(rest)).unwrap();
    assert_eq!(output.shared().buffer.len(), PERMITTED_MAX);
}

#[test]
fn no_room_is_offered_below_the_least() {
    let event_loop = Loop::new().unwrap();
    let output = Stdout::buffered(event_loop.handle(), Sink::Null, false);
    let mut shared = output.shared();
    shared.buffer.resize(BUFFER_MAX - ROOM_MIN, 0);
    assert_eq!(shared.room(), ROOM_MIN);
    shared.buffer.resize(BUFFER_MAX - ROOM_MIN + 1, 0);
    assert_eq!(shared.room(), 0);
}

#[test]
fn what_waits_is_written_in_order_and_a_flush_waits_for_it() {
    let mut event_loop = Loop::new().unwrap();
    let (mut reader, output) = piped(event_loop.handle());
    let mut stream = output.p2_stream();
    let sent = text(4 * BUFFER_MAX);
    let mut flush = Box::pin(async {
        for piece in sent.chunks(BUFFER_MAX) {
            let mut piece = Bytes::copy_from_slice(piece);
            while !piece.is_empty() {
                let room = stream.write_ready().await.unwrap().min(piece.len());
                stream.write(piece.split_to(room)).unwrap();
            }
        }
        stream.flush().unwrap();
        stream.write_ready().await.unwrap()
    });
    let pending = poll_fn(|cx| Poll::Ready(flush.as_mut().poll(cx).is_pending()));
    assert!(event_loop.block_on(pending));

    let length = sent.len();
    let reading = std::thread::spawn(move || {
        let mut all = vec![0; length];
        reader.read_exact(&mut all).unwrap();
        all
    });
    assert_eq!(event_loop.block_on(flush), BUFFER_MAX);
    assert!(reading.join().unwrap() == sent);
}

#[test]
fn nothing_is_permitted_until_the_flush_that_was_asked_for() {
    let event_loop = Loop::new().unwrap();
    let (_reader, output) = piped(event_loop.handle());
    let mut stream = output.p2_stream();
    while output.shared().buffer.is_empty() {
        stream.write(text(ROOM_MIN)).unwrap();
    }
    assert!(stream.check_write().unwrap() > 0);
    stream.flush().unwrap();
    assert_eq!(stream.check_write().unwrap(), 0);
    assert!(output.p2_stream().check_write().unwrap() > 0);
}

#[test]
fn what_waits_is_given_up_when_the_reader_goes() {
    let mut event_loop = Loop::new().unwrap();
    let (reader, output) = piped(event_loop.handle());
    while output.shared().buffer.is_empty() {
        output.p2_stream().write(text(BUFFER_MAX)).unwrap();
    }
    drop(reader);
    event_loop.block_on(output.flush()).unwrap();
    assert!(output.shared().buffer.is_empty());
    assert!(matches!(
        output.p2_stream().check_write(),
        Err(StreamError::Closed)
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn a_failure_is_told_once_to_each_stream_and_to_the_last_flush() {
    let mut event_loop = Loop::new().unwrap();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = to(event_loop.handle(), full.into());
    let (mut one, mut two) = (output.p2_stream(), output.p2_stream());
    assert!(matches!(
        one.write(text(1)),
        Err(StreamError::LastOperationFailed(_))
    ));
    assert!(matches!(one.check_write(), Err(StreamError::Closed)));
    assert!(matches!(
        two.flush(),
        Err(StreamError::LastOperationFailed(_))
    ));
    assert!(matches!(two.flush(), Err(StreamError::Closed)));
    let flushed = event_loop.block_on(output.flush()).unwrap_err();
    assert_eq!(flushed.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_wait_that_is_given_up_leaves_nothing_behind() {
    let event_loop = Loop::new().unwrap();
    let (_reader, output) = piped(event_loop.handle());
    while output.shared().buffer.is_empty() {
        output.p2_stream().write(text(BUFFER_MAX)).unwrap();
    }
    {
        let mut stream = output.p2_stream();
        let mut ready = stream.ready();
        let polled = ready.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert_eq!(output.shared().waiting.len(), 1);
    }
    assert!(output.shared().waiting.is_empty());
}
