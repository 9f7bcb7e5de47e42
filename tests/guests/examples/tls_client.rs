//! A client of servers that others wrote: `ADDRESS NAME [REQUEST [PROTOCOL]]`. Prints what was
//! agreed on, then all that the server says.

use std::io::Write;

use aio_guest::tls::start_client;
use aio_guest::{TcpStream, write_all};
use test_guests::secure::{NO_TIMEOUTS, client, client_options, identity, session};
use test_guests::{argument, peer, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut options = client_options()?;
    options.identity = Some(identity("client")?);
    options.protocols = argument(4).map(String::into_bytes).into_iter().collect();
    let config = client(&options)?;
    let stream = succeeds(TcpStream::connect(peer()?).await, "connect")?;
    let handle = stream.as_handle();
    let name = argument(2)?;
    let started = start_client(handle, config.as_handle(), name, NO_TIMEOUTS).await;
    succeeds(started, "start")?;
    let session = session(handle)?;
    let protocol = session.protocol.unwrap_or_default();
    println!(
        "{:?} {} {} {}",
        session.version,
        session.cipher_suite,
        String::from_utf8_lossy(&protocol),
        session.peer_certificates[0].subject,
    );
    if let Ok(request) = argument(3) {
        let request = request.replace("\\r\\n", "\r\n");
        succeeds(write_all(&stream, request.as_bytes()).await, "write")?;
    }
    loop {
        let data = succeeds(stream.read(65_536).await, "read")?;
        if data.is_empty() {
            return Ok(());
        }
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(&data).and_then(|()| stdout.flush());
        written.map_err(|error| error.to_string())?;
    }
}
