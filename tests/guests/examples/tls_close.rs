//! Connections that are closed while TLS holds bytes that the socket did not take: they are still
//! sent, with the peer told of the end. The argument says whether the peer is the guest itself, or
//! where it is and whether the guest closes or just ends.

use aio_guest::bindings::aio::host::ring::{self, WriteResult};
use aio_guest::tls::{self, Timeouts};
use aio_guest::{ErrorCode, Handle, TcpStream, socket_address};
use test_guests::secure::{NAME, NO_TIMEOUTS, Secure, client, client_options};
use test_guests::{MILLISECOND, argument, equal, fails, listen, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    match argument(1)?.as_str() {
        "self" => {
            rest_is_sent().await?;
            given_up().await
        }
        address => away(address, &argument(2)?).await,
    }
}

/// Writes until it would block; tells how much was taken.
fn fill(handle: Handle) -> Result<usize, String> {
    let mut filled = 0;
    loop {
        match ring::try_write(handle, &[7; 65_536]) {
            WriteResult::Written(count) => filled += count as usize,
            WriteResult::WouldBlock => return Ok(filled),
            WriteResult::Failed(code) => return Err(code.name().to_owned()),
        }
    }
}

/// Reads to a clean end; tells how much came.
async fn drain(stream: &TcpStream) -> Result<usize, ErrorCode> {
    let mut read = 0;
    loop {
        match stream.read(65_536).await?.len() {
            0 => return Ok(read),
            count => read += count,
        }
    }
}

/// Opens as many listeners as there is room for, of 5 places in all.
fn free_places() -> usize {
    let mut listeners = Vec::new();
    while let Ok(listener) = listen() {
        listeners.push(listener);
    }
    listeners.len()
}

/// The place of a closed connection in the quota is free only when all is sent.
async fn rest_is_sent() -> Result<(), String> {
    let Secure { near, far } = Secure::simple().await?;
    let filled = fill(near.as_handle())?;
    let handle = near.as_handle();
    drop(near);
    fails(
        tls::session_of(handle),
        ErrorCode::BadHandle,
        "it is closed",
    )?;
    equal(free_places(), 3, "free places while it is sent")?;
    equal(drain(&far).await, Ok(filled), "bytes before a clean end")?;
    drop(far);
    while free_places() < 5 {
        aio_guest::yield_now().await;
    }
    Ok(())
}

/// What nobody takes in its time is given up, and the peer cannot take it for a clean end.
async fn given_up() -> Result<(), String> {
    let client = client(&client_options()?)?;
    let server = test_guests::secure::server(&test_guests::secure::server_options()?)?;
    let (near, far) = test_guests::pair().await?;
    let timeouts = Timeouts {
        handshake: None,
        shutdown: Some(20 * MILLISECOND),
    };
    let (far_end, config) = (far.as_handle(), server.as_handle());
    aio_guest::spawn(async move {
        tls::start_server(far_end, config, NO_TIMEOUTS)
            .await
            .unwrap_or_default();
    });
    let handle = near.as_handle();
    let started = tls::start_client(handle, client.as_handle(), NAME.to_owned(), timeouts);
    succeeds(started.await, "start")?;
    let filled = fill(handle)?;
    drop((near, client));
    // Beside the other end and its configuration.
    equal(free_places(), 2, "free places while it is tried")?;
    while free_places() < 3 {
        succeeds(aio_guest::timers::sleep(MILLISECOND).await, "sleep")?;
    }
    match drain(&far).await {
        Err(ErrorCode::TlsTruncated | ErrorCode::ConnectionReset) => Ok(()),
        other => Err(format!(
            "{filled} bytes were taken, and the end was {other:?}"
        )),
    }
}

async fn away(address: &str, how: &str) -> Result<(), String> {
    let config = client(&client_options()?)?;
    let address = socket_address(address)?;
    let stream = succeeds(TcpStream::connect(address).await, "connect")?;
    let handle = stream.as_handle();
    let name = NAME.to_owned();
    let started = tls::start_client(handle, config.as_handle(), name, NO_TIMEOUTS).await;
    succeeds(started, "start")?;
    println!("{}", fill(handle)?);
    match how {
        "close" => drop(stream),
        // The host closes it.
        _ => std::mem::forget(stream),
    }
    Ok(())
}
