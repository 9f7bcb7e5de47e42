//! Datagrams of 1 KiB, each of which is to come back as it was sent; one under way a socket.

use std::net::{self, SocketAddr};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mio::Interest;
use mio::net::UdpSocket;

use super::echo::{Exchange, Request};
use super::{Client, Tally};

/// One socket. A datagram that is lost ends the measurement: nothing is, on a loopback with room.
pub(in super::super) struct Datagrams {
    socket: UdpSocket,
    request: Request,
}

impl Client for Datagrams {
    type Shared = Exchange;
    type Socket = UdpSocket;
    const INTEREST: Interest = Interest::READABLE;

    fn connect(address: SocketAddr, index: usize, _: &mut Exchange) -> Result<Self> {
        let socket = net::UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: UdpSocket::from_std(socket),
            request: Request::first(index),
        })
    }

    fn socket(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }

    fn begin(&mut self, exchange: &mut Exchange) -> Result<()> {
        self.send(exchange, Instant::now())
    }

    /// Receives once: there is one answer, and the next edge will come with the next.
    fn go_on(&mut self, exchange: &mut Exchange, tally: &mut Tally) -> Result<bool> {
        let received = self.socket.recv(exchange.room(&self.request));
        let Some(length) = super::unblocked(received).context("receive")? else {
            return Ok(false);
        };
        let whole = self.request.received(length, exchange, tally)?;
        self.send(exchange, whole.context("the answer is too short")?)?;
        Ok(false)
    }
}

impl Datagrams {
    fn send(&mut self, exchange: &mut Exchange, now: Instant) -> Result<()> {
        let message = self.request.next(exchange, now);
        let sent = self.socket.send(message).context("send a datagram")?;
        ensure!(sent == message.len(), "sent {sent} bytes of a datagram");
        Ok(())
    }
}
