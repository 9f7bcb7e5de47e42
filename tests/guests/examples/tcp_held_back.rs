//! Accepts a connection and never reads it, until a second one comes. With `stream` as argument it
//! holds a `stream<u8>` that it does not read; with `ring`, nothing but the handle.

use aio_guest::tcp::TcpStream;
use test_guests::{announce, argument, listen, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    announce(address);
    let (held, _) = succeeds(listener.accept().await, "accept")?;
    let _stream = match argument(1)?.as_str() {
        "stream" => Some(receive(&held)),
        _ => None,
    };
    let (released, _) = succeeds(listener.accept().await, "accept a second time")?;
    drop((held, released));
    Ok(())
}

fn receive(held: &TcpStream) -> impl Sized + use<> {
    held.receive()
}
