//! Run with no permission at all: connecting, listening and looking up are refused by a code, by
//! either door, and each again and again.

use aio_guest::{ErrorCode, ListenOptions, Ring, TcpListener, TcpStream, dns, socket_address};
use test_guests::{Told, collect, equal, fails, loopback};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    for _ in 0..2 {
        plain().await?;
        ring()?;
    }
    Ok(())
}

async fn plain() -> Result<(), String> {
    let connected = TcpStream::connect(socket_address("127.0.0.1:9")?).await;
    fails(connected, ErrorCode::AccessDenied, "connect")?;
    let listener = TcpListener::listen(loopback(), ListenOptions::default());
    fails(listener, ErrorCode::AccessDenied, "listen")?;
    for name in ["localhost", "127.0.0.1", "\u{1b}[31mred.invalid"] {
        let found = dns::lookup(name.to_owned(), String::new(), None).await;
        fails(found, ErrorCode::AccessDenied, "lookup")?;
    }
    Ok(())
}

fn ring() -> Result<(), String> {
    let mut ring = Ring::new();
    ring.connect(1, socket_address("127.0.0.1:9")?);
    ring.lookup(2, "localhost", "", None);
    let denied = Told::Failed(ErrorCode::AccessDenied);
    equal(
        collect(&mut ring, 2)?,
        vec![(1, denied.clone()), (2, denied)],
        "completions",
    )
}
