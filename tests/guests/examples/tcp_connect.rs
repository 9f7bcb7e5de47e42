//! Connections that cannot be: nobody listens, or the address means nothing.

use aio_guest::{ErrorCode, TcpStream, socket_address};
use test_guests::{check, fails, listen};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let (listener, address) = listen()?;
    drop(listener);
    fails(
        TcpStream::connect(address).await,
        ErrorCode::ConnectionRefused,
        "connect to nobody",
    )?;
    for bad in [
        "127.0.0.1:0",
        "0.0.0.0:0",
        "255.255.255.255:9",
        "[ff02::1]:9",
        "224.0.0.1:9",
    ] {
        let connected = TcpStream::connect(socket_address(bad)?).await;
        check(
            connected.is_err(),
            format_args!("connecting to {bad} fails"),
        )?;
    }
    Ok(())
}
