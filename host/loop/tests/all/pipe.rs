//! Pipes on the loop: bytes, ends in every order, back-pressure, and what a child gets of them.

use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::task::{Context, Waker};

use aio_loop::net::{ByteStream, Transfer};
use aio_loop::pipe::{self, PipeReader, PipeWriter, pipe};
use aio_loop::testing::{socket_pair, virtual_loop};
use rustix::fs::OFlags;

async fn read_all(reader: &PipeReader) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buf = [0; 4096];
    loop {
        match reader.read(&mut buf).await.unwrap() {
            0 => return all,
            count => all.extend_from_slice(&buf[..count]),
        }
    }
}

/// Writes until the pipe takes no more; how much that was.
fn fill(writer: &PipeWriter) -> usize {
    let mut written = 0;
    loop {
        match writer.try_write(&[7; 4096]) {
            Ok(count) => written += count,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return written;
            }
        }
    }
}

#[test]
fn what_is_written_is_read_and_then_comes_the_end() {
    let mut event_loop = virtual_loop().unwrap();
    let (reader, writer) = pipe(event_loop.handle()).unwrap();
    event_loop.block_on(async {
        assert_eq!(
            reader.try_read(&mut [0; 1]).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        writer.write_all(b"through a pipe").await.unwrap();
        drop(writer);
        assert_eq!(read_all(&reader).await, b"through a pipe");
        assert_eq!(reader.read(&mut [0; 1]).await.unwrap(), 0);
    });
}

#[test]
fn a_full_pipe_is_waited_for() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (reader, writer) = pipe(&handle).unwrap();
    event_loop.block_on(async {
        let mut expected = fill(&writer);
        let rest = handle.spawn(async move {
            writer.write_all(&[7; 100_000]).await.unwrap();
        });
        expected += 100_000;
        let read = read_all(&reader).await;
        rest.await.unwrap();
        assert_eq!(read.len(), expected);
    });
}

#[test]
fn a_writer_that_is_shut_down_has_ended_for_its_reader() {
    let mut event_loop = virtual_loop().unwrap();
    let (reader, writer) = pipe(event_loop.handle()).unwrap();
    event_loop.block_on(async {
        writer.write_all(b"last words").await.unwrap();
        let number = writer.as_fd().as_raw_fd();
        writer.shutdown().unwrap();
        writer.shutdown().unwrap();
        assert_eq!(read_all(&reader).await, b"last words");
        let error = writer.write(b"more").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(writer.as_fd().as_raw_fd(), number);
        let flags = rustix::io::fcntl_getfd(&writer).unwrap();
        assert_eq!(flags, rustix::io::FdFlags::CLOEXEC);
    });
}

#[test]
fn shutting_a_full_writer_down_ends_the_wait_for_room() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (_reader, writer) = pipe(&handle).unwrap();
    event_loop.block_on(async {
        fill(&writer);
        let writer = Arc::new(writer);
        let waiting = Arc::clone(&writer);
        let write = handle.spawn(async move { waiting.write(b"more").await });
        handle.sleep(std::time::Duration::ZERO).await;
        writer.shutdown().unwrap();
        let error = write.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_reader_that_is_shut_down_or_gone_breaks_the_pipe() {
    for drops in [false, true] {
        let mut event_loop = virtual_loop().unwrap();
        let (reader, writer) = pipe(event_loop.handle()).unwrap();
        event_loop.block_on(async {
            reader.shutdown().unwrap();
            assert_eq!(reader.read(&mut [0; 1]).await.unwrap(), 0);
            drop(drops.then_some(reader));
            let error = writer.write(b"to nobody").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
    }
}

#[test]
fn a_writer_hears_that_its_reader_has_gone_though_it_writes_nothing() {
    let mut event_loop = virtual_loop().unwrap();
    let (reader, writer) = pipe(event_loop.handle()).unwrap();
    event_loop.block_on(async {
        drop(reader);
        writer.registration().readable().await;
        assert!(writer.registration().readiness().write_closed);
    });
}

#[test]
fn an_end_goes_one_way() {
    let event_loop = virtual_loop().unwrap();
    let (reader, writer) = pipe(event_loop.handle()).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let kinds = [
        ByteStream::poll_write(&reader, &mut cx, b"x"),
        ByteStream::poll_read(&writer, &mut cx, &mut [0; 1]),
    ];
    for polled in kinds {
        let std::task::Poll::Ready(Err(error)) = polled else {
            panic!("{polled:?}");
        };
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn bytes_are_moved_from_pipe_to_pipe_and_from_pipe_to_socket() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (first, begin) = pipe(&handle).unwrap();
    let (second, middle) = pipe(&handle).unwrap();
    let (near, far) = socket_pair(&handle).unwrap();
    let data: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    event_loop.block_on(async {
        let bytes = data.clone();
        let write = handle.spawn(async move { begin.write_all(&bytes).await });
        let pipes = handle.spawn(Transfer::new(first, middle, None));
        let to_socket = handle.spawn(async move { Transfer::new(second, &near, None).await });
        let mut received = Vec::new();
        let mut buf = vec![0; 65_536];
        loop {
            match far.read(&mut buf).await.unwrap() {
                0 => break,
                count => received.extend_from_slice(&buf[..count]),
            }
        }
        write.await.unwrap().unwrap();
        assert_eq!(pipes.await.unwrap().unwrap(), 1_000_000);
        assert_eq!(to_socket.await.unwrap().unwrap(), 1_000_000);
        assert!(received == data);
    });
}

#[test]
fn the_end_of_a_child_blocks_and_ours_never_does() {
    let event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle();
    let flags = |fd: &dyn AsFd| rustix::fs::fcntl_getfl(fd.as_fd()).unwrap();
    let (reader, childs) = pipe::from_child(handle).unwrap();
    assert!(!flags(&childs).contains(OFlags::NONBLOCK));
    assert!(flags(&reader).contains(OFlags::NONBLOCK));
    let again = reader.reopen_blocking().unwrap();
    assert!(!flags(&again).contains(OFlags::NONBLOCK));
    assert!(flags(&reader).contains(OFlags::NONBLOCK));
    let (writer, childs) = pipe::to_child(handle).unwrap();
    assert!(!flags(&childs).contains(OFlags::NONBLOCK));
    let again = writer.reopen_blocking().unwrap();
    assert!(!flags(&again).contains(OFlags::NONBLOCK));
    assert!(flags(&writer).contains(OFlags::NONBLOCK));
    rustix::io::write(&again, b"both").unwrap();
    let mut buf = [0; 8];
    assert_eq!(rustix::io::read(&childs, &mut buf).unwrap(), 4);
}
