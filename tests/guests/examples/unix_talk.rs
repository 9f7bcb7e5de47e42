//! A guest connected to itself over Unix sockets: by path, by abstract name and by a pair. Bytes
//! both ways, names, credentials, ends, and what listeners leave behind.

use aio_guest::unix::{self, UnixAddress, UnixListener};
use aio_guest::{ByteStream, ErrorCode, ShutdownHow};
use test_guests::{argument, check, equal, fails, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let path = UnixAddress::Path("/data/s".to_owned());
    talk(&path).await?;
    fails(
        unix::connect(path).await,
        ErrorCode::NotFound,
        "the file went with its listener",
    )?;
    let name = UnixAddress::Abstract(argument(1)?.into_bytes());
    talk(&name).await?;
    fails(
        unix::connect(name).await,
        ErrorCode::ConnectionRefused,
        "the name went with its listener",
    )?;
    pairs().await
}

async fn talk(address: &UnixAddress) -> Result<(), String> {
    let listener = succeeds(UnixListener::listen(address, 16), "listen")?;
    equal(listener.local_address(), Ok(address.clone()), "listens at")?;
    fails(
        UnixListener::listen(address, 16),
        ErrorCode::AddressInUse,
        "listen where somebody does",
    )?;
    for backlog in [0, 65_536] {
        fails(
            UnixListener::listen(&UnixAddress::Path("/data/b".into()), backlog),
            ErrorCode::OutOfRange,
            "a backlog out of range",
        )?;
    }
    let near = succeeds(unix::connect(address.clone()).await, "connect")?;
    let (far, peer) = succeeds(listener.accept().await, "accept")?;
    equal(peer, UnixAddress::Unnamed, "a client has no name")?;
    let ends = (near.as_handle(), far.as_handle());
    equal(unix::peer_address(ends.0), Ok(address.clone()), "the peer")?;
    equal(unix::local_address(ends.1), Ok(address.clone()), "this end")?;
    equal(
        unix::local_address(ends.0),
        Ok(UnixAddress::Unnamed),
        "name",
    )?;
    check(credentials(&near)? == credentials(&far)?, "one process")?;
    bytes_both_ways(&near, &far).await?;
    handles(&listener, &near)?;
    halves(&near, &far).await
}

fn credentials(stream: &ByteStream) -> Result<(Option<u32>, u32, u32), String> {
    let peer = succeeds(unix::peer_credentials(stream.as_handle()), "credentials")?;
    check(peer.process.is_some(), "the process is known")?;
    Ok((peer.process, peer.user, peer.group))
}

async fn bytes_both_ways(near: &ByteStream, far: &ByteStream) -> Result<(), String> {
    for (from, to) in [(near, far), (far, near)] {
        equal(from.write(b"hello".to_vec()).await, Ok(5), "written")?;
        equal(to.read(100).await, Ok(b"hello".to_vec()), "read")?;
    }
    let pieces = vec![b"he".to_vec(), Vec::new(), b"llo".to_vec()];
    equal(near.write_vectored(pieces).await, Ok(5), "written")?;
    equal(far.read(0).await, Ok(Vec::new()), "a read of nothing")?;
    equal(far.read(100).await, Ok(b"hello".to_vec()), "read")
}

fn handles(listener: &UnixListener, stream: &ByteStream) -> Result<(), String> {
    let (listener, stream) = (listener.as_handle(), stream.as_handle());
    fails(
        UnixListener::by_handle(stream),
        ErrorCode::BadHandle,
        "a stream is no listener",
    )?;
    fails(
        ByteStream::by_handle(listener),
        ErrorCode::BadHandle,
        "a listener is no stream",
    )?;
    fails(
        aio_guest::TcpStream::by_handle(stream),
        ErrorCode::BadHandle,
        "a Unix stream is none of TCP",
    )?;
    for (told, what) in [
        (unix::peer_address(listener), "the peer of a listener"),
        (unix::local_address(0), "the name of nothing"),
    ] {
        fails(told, ErrorCode::BadHandle, what)?;
    }
    fails(
        unix::peer_credentials(listener),
        ErrorCode::BadHandle,
        "a listener has no peer",
    )
}

async fn halves(near: &ByteStream, far: &ByteStream) -> Result<(), String> {
    succeeds(near.shutdown(ShutdownHow::Send), "shutdown")?;
    equal(far.read(10).await, Ok(Vec::new()), "the end")?;
    fails(
        near.write(vec![1]).await,
        ErrorCode::BrokenPipe,
        "write after shutdown",
    )?;
    equal(far.write(b"still".to_vec()).await, Ok(5), "written")?;
    equal(near.read(10).await, Ok(b"still".to_vec()), "the other way")
}

async fn pairs() -> Result<(), String> {
    let (near, far) = succeeds(unix::pair(), "pair")?;
    bytes_both_ways(&near, &far).await?;
    check(credentials(&near)? == credentials(&far)?, "one process")?;
    equal(
        unix::peer_address(near.as_handle()),
        Ok(UnixAddress::Unnamed),
        "the peer of a pair",
    )?;
    // Bytes that nobody read are told as a reset.
    equal(near.write(b"lost".to_vec()).await, Ok(4), "written")?;
    equal(far.write(b"lost".to_vec()).await, Ok(4), "written")?;
    drop(far);
    equal(near.read(10).await, Ok(b"lost".to_vec()), "what was sent")?;
    fails(
        near.read(10).await,
        ErrorCode::ConnectionReset,
        "read after the peer has gone",
    )?;
    fails(
        near.write(vec![1]).await,
        ErrorCode::BrokenPipe,
        "write after the peer has gone",
    )
}
