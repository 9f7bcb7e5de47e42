//! One side of a conversation with a program of the host: a server, a client, or datagrams.

use aio_guest::unix::{self, DatagramSocket, UnixAddress, UnixListener};
use aio_guest::{ByteStream, timers, write_all};
use test_guests::{argument, equal, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let address = match argument(2)?.strip_prefix('@') {
        Some(name) => UnixAddress::Abstract(name.as_bytes().to_vec()),
        None => UnixAddress::Path(argument(2)?),
    };
    match argument(1)?.as_str() {
        "serve" => serve(address).await,
        "connect" => connect(address).await,
        "ask" => ask(address).await,
        "linger" => linger(address).await,
        other => Err(format!("{other} is no side")),
    }
}

/// Echoes one connection to its end.
async fn serve(address: UnixAddress) -> Result<(), String> {
    let listener = succeeds(UnixListener::listen(&address, 16), "listen")?;
    println!("listening");
    let (stream, peer) = succeeds(listener.accept().await, "accept")?;
    println!("{peer:?}");
    let who = succeeds(unix::peer_credentials(stream.as_handle()), "credentials")?;
    println!("{:?}", who.process);
    echo(&stream).await
}

async fn echo(stream: &ByteStream) -> Result<(), String> {
    loop {
        let data = succeeds(stream.read(65_536).await, "read")?;
        if data.is_empty() {
            return Ok(());
        }
        succeeds(write_all(stream, &data).await, "write")?;
    }
}

/// Asks a server, and reads to the end.
async fn connect(address: UnixAddress) -> Result<(), String> {
    let stream = succeeds(unix::connect(address.clone()).await, "connect")?;
    equal(
        unix::peer_address(stream.as_handle()),
        Ok(address),
        "the server",
    )?;
    equal(stream.write(b"ping".to_vec()).await, Ok(4), "written")?;
    equal(stream.read(100).await, Ok(b"pong".to_vec()), "answer")?;
    equal(stream.read(100).await, Ok(Vec::new()), "end")
}

/// Asks with a datagram, and waits for the answer.
async fn ask(address: UnixAddress) -> Result<(), String> {
    let name = UnixAddress::Path("/data/asker".to_owned());
    let socket = succeeds(DatagramSocket::bind(&name), "bind")?;
    succeeds(
        socket.send(b"ping".to_vec(), Some(address.clone())).await,
        "send",
    )?;
    let answer = succeeds(socket.receive(100).await, "receive")?;
    equal(answer.data, b"pong".to_vec(), "answer")?;
    equal(answer.peer, address, "who answers")
}

/// Listens until it is ended.
async fn linger(address: UnixAddress) -> Result<(), String> {
    let _listener = succeeds(UnixListener::listen(&address, 16), "listen")?;
    println!("listening");
    succeeds(timers::sleep(test_guests::DELAY_MAX).await, "sleep")
}
