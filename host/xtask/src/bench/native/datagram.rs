//! Echo of datagrams: each is received and sent back, until a receive would block.

use std::io::ErrorKind;

use anyhow::{Context, Result};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use super::{BUFFER, unblocked};

/// Serves until it is killed. Says first where it listens.
pub(super) fn serve() -> Result<()> {
    let address = "127.0.0.1:0".parse().context("parse own address")?;
    let mut socket = UdpSocket::bind(address).context("bind to 127.0.0.1:0")?;
    let mut poll = Poll::new().context("open a poll")?;
    poll.registry()
        .register(&mut socket, Token(0), Interest::READABLE)
        .context("register the socket")?;
    println!("listening on {}", socket.local_addr()?);
    let mut events = Events::with_capacity(16);
    let mut buffer = vec![0; BUFFER];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled.context("poll")?,
        }
        echo(&socket, &mut buffer)?;
    }
}

fn echo(socket: &UdpSocket, buffer: &mut [u8]) -> Result<()> {
    while let Some((length, peer)) = unblocked(socket.recv_from(buffer)).context("receive")? {
        // What finds no room is lost, as datagrams are.
        unblocked(socket.send_to(&buffer[..length], peer)).context("send")?;
    }
    Ok(())
}
