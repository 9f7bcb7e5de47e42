//! Descriptors shared with others, over pipes, files and sockets.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use aio_loop::Elapsed;
use aio_loop::fd::Stdio;
use aio_loop::testing::virtual_loop;
use rustix::fs::{OFlags, fcntl_getfl};

const SECOND: Duration = Duration::from_secs(1);

fn pipe() -> (io::PipeReader, io::PipeWriter) {
    io::pipe().unwrap()
}

#[test]
fn a_read_waits_for_input_and_the_end_is_zero() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (reader, mut writer) = pipe();
    let input = Stdio::new(&handle, OwnedFd::from(reader)).unwrap();
    event_loop.block_on(async {
        let mut buf = [0; 8];
        let early = handle.timeout(SECOND, input.read(&mut buf)).await;
        assert!(matches!(early, Err(Elapsed)));
        handle.call_soon(move || writer.write_all(b"hello").unwrap());
        assert_eq!(input.read(&mut buf).await.unwrap(), 5);
        assert_eq!(&buf[..5], b"hello");
        assert_eq!(input.read(&mut buf).await.unwrap(), 0);
        assert_eq!(input.read(&mut buf).await.unwrap(), 0);
    });
}

#[test]
fn the_descriptor_stays_blocking_for_those_who_share_it() {
    let event_loop = virtual_loop().unwrap();
    let (reader, writer) = pipe();
    let copy = writer.try_clone().unwrap();
    let _output = Stdio::new(event_loop.handle(), OwnedFd::from(writer)).unwrap();
    assert!(!fcntl_getfl(&copy).unwrap().contains(OFlags::NONBLOCK));
    drop(reader);
}

#[test]
fn a_write_to_a_full_pipe_waits_and_never_blocks_the_thread() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (mut reader, writer) = pipe();
    let output = Stdio::new(&handle, OwnedFd::from(writer)).unwrap();
    event_loop.block_on(async {
        let mut filled = 0;
        loop {
            match output.try_write(&[7; 10_000]) {
                Ok(written) => {
                    assert!(written <= 4096);
                    filled += written;
                }
                Err(error) => break assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        let full = handle.timeout(SECOND, output.write(b"x")).await;
        assert!(matches!(full, Err(Elapsed)));
        handle.call_soon(move || {
            reader.read_exact(&mut vec![0; filled]).unwrap();
            std::mem::forget(reader);
        });
        assert_eq!(output.write(b"x").await.unwrap(), 1);
    });
}

#[test]
fn a_pipe_without_a_reader_is_broken() {
    let mut event_loop = virtual_loop().unwrap();
    let (reader, writer) = pipe();
    let output = Stdio::new(event_loop.handle(), OwnedFd::from(writer)).unwrap();
    drop(reader);
    let error = event_loop.block_on(output.write_all(b"x")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_regular_file_is_always_ready() {
    let mut event_loop = virtual_loop().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let copy = file.try_clone().unwrap();
    let output = Stdio::new(event_loop.handle(), OwnedFd::from(copy)).unwrap();
    assert!(output.registration().is_none());
    event_loop.block_on(output.write_all(&[1; 10_000])).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let mut buf = [0; 20_000];
    assert_eq!(event_loop.block_on(output.read(&mut buf)).unwrap(), 10_000);
    assert_eq!(event_loop.block_on(output.read(&mut buf)).unwrap(), 0);
}

#[test]
fn the_null_device_is_always_ready() {
    let mut event_loop = virtual_loop().unwrap();
    let null = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null");
    let null = Stdio::new(event_loop.handle(), OwnedFd::from(null.unwrap())).unwrap();
    assert!(null.registration().is_none());
    event_loop.block_on(null.write_all(b"gone")).unwrap();
    assert_eq!(event_loop.block_on(null.read(&mut [0; 8])).unwrap(), 0);
}

#[test]
fn a_blocking_socket_never_blocks_the_thread() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (near, mut far) = UnixStream::pair().unwrap();
    let socket = Stdio::new(&handle, OwnedFd::from(near)).unwrap();
    event_loop.block_on(async {
        let early = handle.timeout(SECOND, socket.read(&mut [0; 8])).await;
        assert!(matches!(early, Err(Elapsed)));
        far.write_all(b"hello").unwrap();
        assert_eq!(socket.read(&mut [0; 8]).await.unwrap(), 5);
        let flood = vec![0; 1 << 20];
        let full = handle.timeout(SECOND, async {
            while socket.write(&flood).await.is_ok() {}
        });
        assert!(matches!(full.await, Err(Elapsed)));
        handle.call_soon(move || {
            let mut buf = vec![0; 1 << 20];
            far.set_nonblocking(true).unwrap();
            while far.read(&mut buf).is_ok() {}
            std::mem::forget(far);
        });
        assert!(socket.write(&flood).await.unwrap() > 0);
    });
}

#[test]
fn closing_ends_a_pending_read() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (reader, _writer) = pipe();
    let input = std::sync::Arc::new(Stdio::new(&handle, OwnedFd::from(reader)).unwrap());
    let theirs = input.clone();
    let task = handle.spawn(async move { theirs.read(&mut [0; 8]).await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        input.registration().unwrap().close();
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    });
}

#[test]
fn the_standard_streams_can_be_taken() {
    let event_loop = virtual_loop().unwrap();
    assert!(Stdio::stdin(event_loop.handle()).is_ok());
    assert!(Stdio::stdout(event_loop.handle()).is_ok());
    assert!(Stdio::stderr(event_loop.handle()).is_ok());
}

#[test]
fn bytes_given_back_are_read_first_and_wake_who_waits() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let (reader, mut writer) = pipe();
    let input = std::sync::Arc::new(Stdio::new(&handle, OwnedFd::from(reader)).unwrap());
    let theirs = input.clone();
    event_loop.block_on(async {
        let mut buf = [0; 8];
        handle.call_soon(move || theirs.unread(b"back"));
        assert_eq!(input.read(&mut buf[..2]).await.unwrap(), 2);
        assert!(input.has_unread());
        writer.write_all(b"new").unwrap();
        input.try_readable().unwrap();
        assert_eq!(input.read(&mut buf[2..]).await.unwrap(), 2);
        assert!(!input.has_unread());
        assert_eq!(input.read(&mut buf[4..]).await.unwrap(), 3);
        assert_eq!(&buf[..7], b"backnew");
        let blocked = input.try_readable().unwrap_err();
        assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_that_was_open_at_the_start_was_not_closed() {
    // What tests are started with is open; nothing else is a standard stream.
    for number in [-1, 0, 1, 2, 3, i32::MAX] {
        assert!(!aio_loop::fd::closed_at_start(number));
    }
}

#[test]
fn a_source_that_the_os_does_not_poll_is_ready_when_its_owner_says_so() {
    let event_loop = virtual_loop().unwrap();
    let source = aio_loop::Registration::unpolled(event_loop.handle());
    let blocks = || Err::<(), _>(io::Error::from(io::ErrorKind::WouldBlock));
    assert!(source.readiness().readable && source.readiness().writable);
    assert!(source.try_input(blocks).is_err());
    assert!(!source.readiness().readable && source.readiness().writable);
    // Not tried again before there is news.
    assert!(source.try_input(|| Ok(())).is_err());
    source.want_writable().unwrap();
    let port = aio_loop::Port::new();
    source.attach(&port, 5);
    source.set_writable();
    source.set_readable();
    source.set_readable();
    let mut keys = Vec::new();
    port.drain(&mut keys);
    assert_eq!(keys, [5]);
    assert!(source.try_input(|| Ok(())).is_ok());
    source.close();
    let closed = source.try_output(|| Ok(())).unwrap_err();
    assert_eq!(closed.kind(), io::ErrorKind::NotConnected);
}
