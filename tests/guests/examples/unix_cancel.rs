//! Cancelled accepts and connects lose nothing and leave nothing, and closing ends what waits.

use aio_guest::unix::{self, UnixAddress, UnixListener};
use aio_guest::{ByteStream, ErrorCode, Ring};
use test_guests::{check, collect_one, equal, fails, poll_once, succeeds, waits_and_is_cancelled};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    accepts().await?;
    connects().await?;
    closing().await
}

fn address() -> UnixAddress {
    UnixAddress::Path("/data/cancel".to_owned())
}

fn listen() -> Result<UnixListener, String> {
    succeeds(UnixListener::listen(&address(), 1), "listen")
}

async fn accepts() -> Result<(), String> {
    let listener = listen()?;
    waits_and_is_cancelled(listener.accept(), "accept")?;
    let near = succeeds(unix::connect(address()).await, "connect")?;
    let (far, _) = succeeds(listener.accept().await, "accept")?;
    waits_and_is_cancelled(far.read(10), "read")?;
    succeeds(near.write(b"kept".to_vec()).await, "write")?;
    equal(far.read(10).await, Ok(b"kept".to_vec()), "nothing is lost")
}

async fn connects() -> Result<(), String> {
    let listener = listen()?;
    let mut clients: Vec<ByteStream> = Vec::new();
    loop {
        let mut connect = Box::pin(unix::connect(address()));
        match poll_once(connect.as_mut()) {
            std::task::Poll::Ready(client) => clients.push(succeeds(client, "connect")?),
            std::task::Poll::Pending => break,
        }
    }
    check(!clients.is_empty(), "the backlog takes some")?;
    for _ in &clients {
        succeeds(listener.accept().await, "accept")?;
    }
    waits_and_is_cancelled(listener.accept(), "accept of a cancelled connect")
}

async fn closing() -> Result<(), String> {
    let listener = listen()?;
    let mut ring = Ring::new();
    let mut accept = Box::pin(listener.accept());
    check(poll_once(accept.as_mut()).is_pending(), "nobody connects")?;
    ring.close(1, listener.as_handle());
    equal(collect_one(&mut ring)?, test_guests::Told::Done, "close")?;
    fails(accept.await, ErrorCode::Closed, "accept")?;
    fails(
        unix::connect(address()).await,
        ErrorCode::NotFound,
        "the file went with the listener",
    )
}
