//! Transfers from stream to stream and from file to stream: every byte once and in order, whether
//! the kernel moves it or a buffer, and however the transfer ends.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aio_loop::Handle;
use aio_loop::net::{ByteStream, RawSocket, SendFile, TcpStream, Transfer};
use aio_loop::testing::{socket_pair, virtual_loop};

const SECOND: Duration = Duration::from_secs(1);

/// A stream whose socket is not to be had, as that of TLS.
struct Opaque(Arc<TcpStream>);

impl ByteStream for Opaque {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buf)
    }

    fn unread(&self, bytes: &[u8]) {
        ByteStream::unread(&*self.0, bytes);
    }

    fn has_unread(&self) -> bool {
        ByteStream::has_unread(&*self.0)
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        None
    }
}

/// A sender, the source that it feeds, the sink, and a receiver that the sink feeds.
struct Chain {
    sender: Arc<TcpStream>,
    source: Arc<TcpStream>,
    sink: Arc<TcpStream>,
    receiver: Arc<TcpStream>,
}

impl Chain {
    fn new(handle: &Handle) -> Self {
        let (sender, source) = socket_pair(handle).unwrap();
        let (sink, receiver) = socket_pair(handle).unwrap();
        Self {
            sender: Arc::new(sender),
            source: Arc::new(source),
            sink: Arc::new(sink),
            receiver: Arc::new(receiver),
        }
    }

    fn spliced(&self, max: Option<u64>) -> Transfer<Arc<TcpStream>, Arc<TcpStream>> {
        Transfer::new(self.source.clone(), self.sink.clone(), max)
    }

    fn copied(&self, max: Option<u64>) -> Transfer<Opaque, Opaque> {
        let (source, sink) = (self.source.clone(), self.sink.clone());
        Transfer::new(Opaque(source), Opaque(sink), max)
    }
}

fn pattern(len: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..251).collect();
    let mut bytes = period.repeat(len / 251 + 1);
    bytes.truncate(len);
    bytes
}

async fn read_to_end(stream: &TcpStream) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), vec![0; 50_000]);
    loop {
        match stream.read(&mut buf).await.unwrap() {
            0 => return all,
            count => all.extend_from_slice(&buf[..count]),
        }
    }
}

/// Sends in the background; the end of the stream follows.
fn send(handle: &Handle, sender: &Arc<TcpStream>, data: Vec<u8>) -> aio_loop::Task<()> {
    let sender = sender.clone();
    handle.spawn(async move {
        sender.write_all(&data).await.unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
    })
}

/// Runs a check for the kernel's way and for the buffer's.
fn both_ways(check: impl Fn(bool)) {
    check(true);
    check(false);
}

type AnyTransfer = Pin<Box<dyn Future<Output = io::Result<u64>> + Send>>;

fn transfer(chain: &Chain, by_kernel: bool, max: Option<u64>) -> AnyTransfer {
    if by_kernel {
        Box::pin(chain.spliced(max))
    } else {
        Box::pin(chain.copied(max))
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernel_is_asked_where_there_are_sockets() {
    let event_loop = virtual_loop().unwrap();
    let chain = Chain::new(event_loop.handle());
    assert!(chain.spliced(None).is_spliced());
    assert!(!chain.copied(None).is_spliced());
}

#[test]
fn all_bytes_arrive_once_and_in_order() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let chain = Chain::new(&handle);
        let data = pattern(8 << 20);
        let _sending = send(&handle, &chain.sender, data.clone());
        let moving = transfer(&chain, by_kernel, None);
        let sink = chain.sink.clone();
        let moving = handle.spawn(async move {
            let moved = moving.await.unwrap();
            sink.shutdown(Shutdown::Write).unwrap();
            moved
        });
        event_loop.block_on(async {
            assert!(read_to_end(&chain.receiver).await == data);
            assert_eq!(moving.await.unwrap(), 8 << 20);
        });
    });
}

#[test]
fn many_small_packets_do_not_stop_it() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let chain = Chain::new(&handle);
        for byte in pattern(2_000) {
            assert_eq!(chain.sender.try_write(&[byte]).unwrap(), 1);
        }
        chain.sender.shutdown(Shutdown::Write).unwrap();
        event_loop.block_on(async {
            assert_eq!(transfer(&chain, by_kernel, None).await.unwrap(), 2_000);
            chain.sink.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_to_end(&chain.receiver).await, pattern(2_000));
        });
    });
}

#[test]
fn no_more_than_the_maximum_is_taken() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let chain = Chain::new(&handle);
        let data = pattern(100_000);
        event_loop.block_on(async {
            let _sending = send(&handle, &chain.sender, data.clone());
            assert_eq!(transfer(&chain, by_kernel, Some(0)).await.unwrap(), 0);
            assert_eq!(
                transfer(&chain, by_kernel, Some(70_001)).await.unwrap(),
                70_001
            );
            assert_eq!(read_to_end(&chain.source).await, data[70_001..]);
            chain.sink.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_to_end(&chain.receiver).await, data[..70_001]);
        });
    });
}

/// Whenever it is given up, what did not arrive is read from the source, by a reader or by the next
/// transfer.
#[test]
fn a_cancelled_transfer_loses_no_byte() {
    both_ways(|by_kernel| {
        for polls in [0, 1, 2, 5, 50] {
            let mut event_loop = virtual_loop().unwrap();
            let handle = event_loop.handle().clone();
            let chain = Chain::new(&handle);
            // Nobody reads at the other end, so that it fills up at some time.
            let sizes = chain.sink.options().unwrap();
            sizes.set_send_buffer_size(100_000).unwrap();
            let data = pattern(8 << 20);
            let sending = send(&handle, &chain.sender, data.clone());
            event_loop.block_on(async {
                give_up(&handle, transfer(&chain, by_kernel, None), polls).await;
                give_up(&handle, transfer(&chain, !by_kernel, None), polls).await;
                chain.sink.shutdown(Shutdown::Write).unwrap();
                let mut arrived = read_to_end(&chain.receiver).await;
                arrived.extend(read_to_end(&chain.source).await);
                assert!(arrived == data, "given up after {polls} polls");
                sending.await.unwrap();
            });
        }
    });
}

/// Polls so often, each time once the loop has found nothing else to do, and drops.
async fn give_up(handle: &Handle, mut transfer: AnyTransfer, polls: usize) {
    for _ in 0..polls {
        let ended = handle.timeout(Duration::from_nanos(1), &mut transfer).await;
        assert!(ended.is_err());
    }
}

#[test]
fn a_sink_that_breaks_leaves_the_rest_with_the_source() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let chain = Chain::new(&handle);
        chain.sender.try_write(b"for nobody").unwrap();
        chain.sink.shutdown(Shutdown::Write).unwrap();
        event_loop.block_on(async {
            let error = transfer(&chain, by_kernel, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            let mut buf = [0; 4];
            assert_eq!(chain.source.read(&mut buf).await.unwrap(), 4);
            assert_eq!(&buf, b"for ");
            chain.sender.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_to_end(&chain.source).await, b"nobody");
        });
    });
}

#[test]
fn a_source_that_breaks_is_told() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let Chain {
            sender,
            source,
            sink,
            receiver: _receiver,
        } = Chain::new(event_loop.handle());
        sender.set_linger(Some(Duration::ZERO)).unwrap();
        drop(sender);
        let moving: AnyTransfer = match by_kernel {
            true => Box::pin(Transfer::new(source, sink, None)),
            false => Box::pin(Transfer::new(Opaque(source), Opaque(sink), None)),
        };
        let error = event_loop.block_on(moving).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_closed_source_ends_it() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let chain = Chain::new(&handle);
        let moving = handle.spawn(transfer(&chain, by_kernel, None));
        event_loop.block_on(async {
            handle.sleep(SECOND).await;
            chain.source.registration().close();
            let error = moving.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
        });
    });
}

#[test]
fn bytes_that_were_given_back_wake_who_waits_for_them() {
    let mut event_loop = virtual_loop().unwrap();
    let handle = event_loop.handle().clone();
    let chain = Chain::new(&handle);
    let source = chain.source.clone();
    let reading = handle.spawn(async move { source.read(&mut [0; 8]).await });
    event_loop.block_on(async {
        handle.sleep(SECOND).await;
        ByteStream::unread(&*chain.source, b"again");
        assert_eq!(reading.await.unwrap().unwrap(), 5);
    });
}

/// Always ready, so that nothing but its own bound ends a poll.
#[derive(Default)]
struct Endless {
    written: Cell<usize>,
}

impl ByteStream for Endless {
    fn poll_read(&self, _cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write(&self, _cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written.set(self.written.get() + buf.len());
        Poll::Ready(Ok(buf.len()))
    }

    fn unread(&self, bytes: &[u8]) {
        assert!(bytes.is_empty());
    }

    fn has_unread(&self) -> bool {
        false
    }

    fn socket(&self) -> Option<RawSocket<'_>> {
        None
    }
}

#[test]
fn one_poll_moves_a_bounded_number_of_bytes() {
    let sink = Endless::default();
    let mut transfer = Transfer::new(Box::new(Endless::default()), &sink, None);
    let mut cx = Context::from_waker(Waker::noop());
    for poll in 1..4 {
        assert!(Pin::new(&mut transfer).poll(&mut cx).is_pending());
        assert_eq!(sink.written.get(), poll * (1 << 20));
        assert_eq!(transfer.moved(), sink.written.get() as u64);
    }
}

fn file(data: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(data).unwrap();
    file
}

type AnySend = Pin<Box<dyn Future<Output = io::Result<u64>> + Send>>;

fn send_file(
    sink: &Arc<TcpStream>,
    by_kernel: bool,
    data: &[u8],
    offset: u64,
    max: Option<u64>,
) -> AnySend {
    if by_kernel {
        Box::pin(SendFile::new(file(data), sink.clone(), offset, max).unwrap())
    } else {
        Box::pin(SendFile::new(file(data), Opaque(sink.clone()), offset, max).unwrap())
    }
}

#[test]
fn a_file_is_sent_whole_and_in_part() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let handle = event_loop.handle().clone();
        let data = pattern(4 << 20);
        for (offset, max, expected) in [
            (0, None, &data[..]),
            (1_000_003, None, &data[1_000_003..]),
            (7, Some(100_000), &data[7..100_007]),
            (7, Some(0), &[]),
            (4 << 20, None, &[]),
            (u64::MAX, Some(u64::MAX), &[]),
        ] {
            let (sink, receiver) = socket_pair(&handle).unwrap();
            let sink = Arc::new(sink);
            let sending = send_file(&sink, by_kernel, &data, offset, max);
            let sending = handle.spawn(async move {
                let sent = sending.await.unwrap();
                sink.shutdown(Shutdown::Write).unwrap();
                sent
            });
            event_loop.block_on(async {
                assert!(read_to_end(&receiver).await == expected);
                assert_eq!(sending.await.unwrap(), expected.len() as u64);
            });
        }
    });
}

#[test]
fn what_is_no_file_is_not_sent() {
    let event_loop = virtual_loop().unwrap();
    let (sink, _receiver) = socket_pair(event_loop.handle()).unwrap();
    let folder = std::fs::File::open(std::env::temp_dir()).unwrap();
    let refused = SendFile::new(folder, &sink, 0, None);
    assert_eq!(refused.err().unwrap().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_peer_that_is_gone_ends_the_sending() {
    both_ways(|by_kernel| {
        let mut event_loop = virtual_loop().unwrap();
        let (sink, receiver) = socket_pair(event_loop.handle()).unwrap();
        drop(receiver);
        let sink = Arc::new(sink);
        let sending = send_file(&sink, by_kernel, &pattern(9 << 20), 0, None);
        let error = event_loop.block_on(sending).unwrap_err();
        let broken = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(broken.contains(&error.kind()), "{error}");
    });
}
