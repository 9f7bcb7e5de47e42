//! A server for clients that others wrote. Serves one connection, from the first byte on or after
//! a `STARTTLS` as in SMTP, and sends back what comes in. Prints the wanted name and the protocol.

use std::net::SocketAddr;

use aio_guest::tls::{Identity, start_server};
use aio_guest::{TcpStream, write_all};
use test_guests::secure::{NO_TIMEOUTS, server, server_options, session};
use test_guests::{announce, argument, check, listen, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut options = server_options()?;
    options.identities = vec![Identity::Named("web".to_owned())];
    options.protocols = vec![b"echo".to_vec()];
    let config = server(&options)?;
    let (listener, address) = listen()?;
    announce(address);
    let (stream, peer) = succeeds(listener.accept().await, "accept")?;
    check(SocketAddr::from(peer).ip().is_loopback(), "the peer")?;
    if argument(1).is_ok_and(|how| how == "starttls") {
        converse(&stream).await?;
    }
    let handle = stream.as_handle();
    let started = start_server(handle, config.as_handle(), NO_TIMEOUTS).await;
    succeeds(started, "start")?;
    let session = session(handle)?;
    println!(
        "{} {}",
        session.server_name.unwrap_or_default(),
        String::from_utf8_lossy(&session.protocol.unwrap_or_default()),
    );
    loop {
        let data = succeeds(stream.read(65_536).await, "read")?;
        if data.is_empty() {
            return Ok(());
        }
        succeeds(write_all(&stream, &data).await, "write")?;
    }
}

/// What mail servers and their clients say before they whisper.
async fn converse(stream: &TcpStream) -> Result<(), String> {
    say(stream, "220 test\r\n").await?;
    let greeting = line(stream).await?;
    check(greeting.starts_with("EHLO "), format_args!("{greeting:?}"))?;
    say(stream, "250-test\r\n250 STARTTLS\r\n").await?;
    let wish = line(stream).await?;
    check(wish == "STARTTLS", format_args!("{wish:?}"))?;
    say(stream, "220 go ahead\r\n").await
}

async fn say(stream: &TcpStream, text: &str) -> Result<(), String> {
    succeeds(write_all(stream, text.as_bytes()).await, "say")
}

/// Reads byte by byte: what follows the line is not for this conversation.
async fn line(stream: &TcpStream) -> Result<String, String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let byte = succeeds(stream.read(1).await, "read a line")?;
        check(!byte.is_empty(), "a line")?;
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
