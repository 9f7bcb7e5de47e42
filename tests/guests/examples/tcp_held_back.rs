//! Accepts a connection and never reads it, until a second one comes. With `stream` as argument it
//! holds a `stream<u8>` that it does not read; with `ring`, a read of the ring that goes on, of which
//! it does not take what it brings; with `transfer`, a transfer to a peer that does not read; and
//! with `handle`, nothing but that.

use aio_guest::{Ring, TcpStream};
use test_guests::{announce, argument, listen, look, pair, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    announce(address);
    let (held, _) = succeeds(listener.accept().await, "accept")?;
    let how = argument(1)?;
    let _stream = (how == "stream").then(|| receive(&held));
    let mut ring = Ring::new();
    let (sink, _peer) = pair().await?;
    match how.as_str() {
        "ring" => drop(ring.read_many(1, held.as_handle(), 65_536)),
        "transfer" => drop(ring.transfer(1, held.as_handle(), sink.as_handle(), None)),
        _ => (),
    }
    look(&mut ring)?;
    let (released, _) = succeeds(listener.accept().await, "accept a second time")?;
    drop((held, released));
    Ok(())
}

fn receive(held: &TcpStream) -> impl Sized + use<> {
    held.receive()
}
