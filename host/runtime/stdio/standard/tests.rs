//! Views of one standard stream: what they share, and what each has for itself.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::OwnedFd;

use aio_loop::{Loop, Port};

use super::super::Captured;
use super::super::stdin::Source;
use super::super::stdout::{BUFFER_MAX, Sink};
use super::*;

fn stdin(handle: &Handle, fd: impl Into<OwnedFd>) -> Stdin {
    let fd = aio_loop::fd::Stdio::new(handle, fd.into()).unwrap();
    Stdin::new(Source::Fd(fd), false)
}

fn input_of_pipe(event_loop: &Loop) -> (PipeWriter, Stdin) {
    let (reader, writer) = pipe().unwrap();
    (writer, stdin(event_loop.handle(), reader))
}

fn output_to_pipe(event_loop: &Loop) -> (PipeReader, Stdout) {
    let (reader, writer) = pipe().unwrap();
    let fd = aio_loop::fd::Stdio::new(event_loop.handle(), writer.into()).unwrap();
    let stdout = Stdout::buffered(event_loop.handle(), Sink::Fd(fd), false);
    (reader, stdout)
}

fn read(view: &Standard, max: usize) -> io::Result<Vec<u8>> {
    let mut buf = vec![0; max];
    let count = view.try_read(&mut buf)?;
    buf.truncate(count);
    Ok(buf)
}

#[track_caller]
fn blocks<T: fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

/// Fills a view until it takes no more; how much it took.
fn fill(view: &Standard) -> usize {
    let mut taken = 0;
    while let Ok(count) = view.try_write(&[b'x'; 10_000]) {
        taken += count;
    }
    taken
}

/// The keys that `port` has when one was posted.
fn posted(event_loop: &mut Loop, port: &Port) -> Vec<u64> {
    event_loop.block_on(std::future::poll_fn(|cx| port.poll_ready(cx)));
    let mut keys = Vec::new();
    port.drain(&mut keys);
    keys
}

#[test]
fn views_of_an_input_share_its_position_and_read_nothing_ahead() {
    let event_loop = Loop::new().unwrap();
    let (mut writer, stdin) = input_of_pipe(&event_loop);
    let (one, two) = (
        Standard::input(event_loop.handle(), &stdin),
        Standard::input(event_loop.handle(), &stdin),
    );
    writer.write_all(b"abcdef").unwrap();
    assert_eq!(read(&one, 2).unwrap(), b"ab");
    assert_eq!(read(&two, 1).unwrap(), b"c");
    // What nobody has asked for is where it was: in the pipe.
    let mut rest = [0; 3];
    rustix::io::read(stdin.fd().unwrap(), &mut rest).unwrap();
    assert_eq!(&rest, b"def");
}

#[test]
fn an_input_is_ready_for_as_long_as_it_has_something() {
    let mut event_loop = Loop::new().unwrap();
    let (mut writer, stdin) = input_of_pipe(&event_loop);
    let view = Standard::input(event_loop.handle(), &stdin);
    let port = Port::new();
    view.registration().attach(&port, 7);
    assert!(!view.readiness().readable);
    for text in [b"abc", b"def"] {
        writer.write_all(text).unwrap();
        assert_eq!(posted(&mut event_loop, &port), [7]);
        for byte in text {
            assert!(view.readiness().readable);
            assert_eq!(read(&view, 1).unwrap(), [*byte]);
        }
        assert!(!view.readiness().readable);
    }
    drop(writer);
    assert_eq!(posted(&mut event_loop, &port), [7]);
    assert!(view.readiness().readable);
    assert_eq!(read(&view, 1).unwrap(), b"");
}

#[test]
fn what_one_view_has_taken_another_is_not_ready_for() {
    let mut event_loop = Loop::new().unwrap();
    let (mut writer, stdin) = input_of_pipe(&event_loop);
    let views = [(); 2].map(|()| Standard::input(event_loop.handle(), &stdin));
    let port = Port::new();
    for (view, key) in views.iter().zip(1..) {
        view.registration().attach(&port, key);
        assert!(!view.readiness().readable);
    }
    writer.write_all(b"x").unwrap();
    assert_eq!(posted(&mut event_loop, &port), [1, 2]);
    assert_eq!(read(&views[1], 9).unwrap(), b"x");
    assert!(!views[0].readiness().readable);
    writer.write_all(b"y").unwrap();
    // To the other it is no news: nobody has found out that it had nothing.
    assert_eq!(posted(&mut event_loop, &port), [1]);
    assert_eq!(read(&views[0], 9).unwrap(), b"y");
}

#[test]
fn closing_a_view_ends_its_reads_and_leaves_the_others() {
    let mut event_loop = Loop::new().unwrap();
    let (mut writer, stdin) = input_of_pipe(&event_loop);
    let views = [(); 2].map(|()| Standard::input(event_loop.handle(), &stdin));
    let mut buf = [0; 8];
    event_loop.block_on(std::future::poll_fn(|cx| {
        assert!(views[0].poll_read(cx, &mut buf).is_pending());
        views[0].registration().close();
        let Poll::Ready(Err(closed)) = views[0].poll_read(cx, &mut buf) else {
            panic!("a closed view tells so");
        };
        assert_eq!(closed.kind(), io::ErrorKind::NotConnected);
        Poll::Ready(())
    }));
    writer.write_all(b"abc").unwrap();
    let count = event_loop.block_on(std::future::poll_fn(|cx| views[1].poll_read(cx, &mut buf)));
    assert_eq!(&buf[..count.unwrap()], b"abc");
}

#[test]
fn views_that_come_and_go_leave_nothing_behind() {
    let event_loop = Loop::new().unwrap();
    let (_writer, stdin) = input_of_pipe(&event_loop);
    let (_reader, stdout) = output_to_pipe(&event_loop);
    let last = Standard::output(event_loop.handle(), &stdout);
    fill(&last);
    let registrations: Vec<_> = (0..100)
        .flat_map(|_| {
            let input = Standard::input(event_loop.handle(), &stdin);
            blocks(read(&input, 1));
            let output = Standard::output(event_loop.handle(), &stdout);
            blocks(output.try_write(b"x"));
            [input, output].map(|view| Arc::downgrade(&view.registration))
        })
        .collect();
    assert!(registrations.iter().all(|gone| gone.strong_count() == 0));
}

#[test]
fn bytes_given_back_are_read_first_and_wake_who_waits() {
    let mut event_loop = Loop::new().unwrap();
    let (_writer, stdin) = input_of_pipe(&event_loop);
    let views = [(); 2].map(|()| Standard::input(event_loop.handle(), &stdin));
    let mut buf = [0; 8];
    let reading = std::future::poll_fn(|cx| {
        let read = views[0].poll_read(cx, &mut buf);
        if read.is_pending() {
            views[1].unread(b"back");
        }
        read
    });
    assert_eq!(event_loop.block_on(reading).unwrap(), 4);
    assert_eq!(&buf[..4], b"back");
    assert!(!views[0].has_unread());
}

#[test]
fn bytes_of_the_embedder_are_read_and_given_back() {
    let event_loop = Loop::new().unwrap();
    let stdin = Stdin::new(Source::bytes(b"abc".to_vec()), false);
    let view = stdin.view(event_loop.handle()).unwrap();
    assert_eq!(read(&view, 2).unwrap(), b"ab");
    view.unread(b"ab");
    assert!(view.readiness().readable);
    assert_eq!(read(&view, 9).unwrap(), b"abc");
    assert_eq!(read(&view, 9).unwrap(), b"");
}

#[test]
fn a_slow_reader_of_an_output_holds_its_writers_back() {
    let mut event_loop = Loop::new().unwrap();
    let (mut reader, stdout) = output_to_pipe(&event_loop);
    let views = [(); 2].map(|()| Standard::output(event_loop.handle(), &stdout));
    let port = Port::new();
    let mut taken = 0;
    for (view, key) in views.iter().zip(1..) {
        view.registration().attach(&port, key);
        taken += fill(view);
        assert!(!view.readiness().writable);
    }
    assert!(taken > BUFFER_MAX);
    let mut read = vec![0; BUFFER_MAX / 2];
    reader.read_exact(&mut read).unwrap();
    let keys = posted(&mut event_loop, &port);
    assert!(keys.contains(&1) && keys.contains(&2), "{keys:?}");
    assert!(views[0].readiness().writable);
    taken += fill(&views[0]);
    drop(views);
    let reading = std::thread::spawn(move || {
        reader.read_exact(&mut vec![0; taken - read.len()]).unwrap();
        // Kept open: there is nothing more, and nobody is told of an end.
        reader
    });
    event_loop.block_on(stdout.flush()).unwrap();
    reading.join().unwrap();
}

#[test]
fn a_view_that_was_shut_down_has_ended_and_the_stream_has_not() {
    let event_loop = Loop::new().unwrap();
    let (mut writer, stdin) = input_of_pipe(&event_loop);
    writer.write_all(b"x").unwrap();
    let views = [(); 2].map(|()| Standard::input(event_loop.handle(), &stdin));
    views[0].shutdown(Shutdown::Both).unwrap();
    assert_eq!(read(&views[0], 1).unwrap(), b"");
    assert_eq!(read(&views[1], 1).unwrap(), b"x");

    let captured = Captured::new(9);
    let sink = Sink::Captured(captured.clone());
    let stdout = Stdout::buffered(event_loop.handle(), sink, false);
    let views = [(); 2].map(|()| Standard::output(event_loop.handle(), &stdout));
    views[0].shutdown(Shutdown::Write).unwrap();
    let broken = views[0].try_write(b"x").unwrap_err();
    assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(views[1].try_write(b"y").unwrap(), 1);
    assert_eq!(captured.take(), b"y");
}

#[test]
fn the_other_direction_is_told_at_once() {
    let event_loop = Loop::new().unwrap();
    let (_writer, stdin) = input_of_pipe(&event_loop);
    let input = Standard::input(event_loop.handle(), &stdin);
    let (_reader, stdout) = output_to_pipe(&event_loop);
    let output = Standard::output(event_loop.handle(), &stdout);
    assert!(input.readiness().writable && output.readiness().readable);
    for result in [
        input.try_write(b"x").map(drop),
        input.shutdown(Shutdown::Write),
        output.try_read(&mut [0]).map(drop),
        output.shutdown(Shutdown::Read),
    ] {
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::Unsupported);
    }
}

#[test]
fn there_is_no_view_of_a_stream_that_is_not_there() {
    let event_loop = Loop::new().unwrap();
    let stdin = Stdin::new(Source::Absent, false);
    assert!(stdin.view(event_loop.handle()).is_none());
    let stdout = Stdout::buffered(event_loop.handle(), Sink::Absent, false);
    assert!(stdout.view(event_loop.handle()).is_none());
    let null = Stdout::buffered(event_loop.handle(), Sink::Null, false);
    assert!(null.view(event_loop.handle()).is_some());
}
