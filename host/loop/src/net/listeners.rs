//! Several addresses as one listener, for a name with several of them and for both families.
//! Connections are taken from each address in turn, so that a busy one starves no other.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use super::{ListenOptions, TcpListener, TcpStream};
use crate::{Handle, Port, Readiness, Registration};

/// Sockets that listen at different addresses. Dropping them closes all.
#[derive(Debug)]
pub struct TcpListeners {
    /// At least one.
    listeners: Vec<TcpListener>,
    /// Where the next attempt begins.
    turn: AtomicUsize,
}

/// How often a port that the OS chose is tried at the other addresses: it may be in use there.
const PORT_ATTEMPTS: usize = 16;

impl TcpListeners {
    /// Listens on all of `addrs`, or on none. Port 0 lets the OS choose one port for all that ask
    /// for it.
    ///
    /// With several addresses an IPv6 one refuses IPv4 unless `options` say otherwise, or it would
    /// stand in the way of its sibling.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] without an address, and what the OS answers.
    pub fn bind(
        handle: &Handle,
        addrs: &[SocketAddr],
        options: &ListenOptions,
    ) -> io::Result<Self> {
        let mut options = options.clone();
        if addrs.len() > 1 {
            options.v6_only = options.v6_only.or(Some(true));
        }
        let shares_port = addrs.iter().filter(|addr| addr.port() == 0).count() > 1;
        for _ in 1..PORT_ATTEMPTS {
            match bind_all(handle, addrs, &options) {
                Err(error) if shares_port && error.kind() == io::ErrorKind::AddrInUse => {}
                result => return result,
            }
        }
        bind_all(handle, addrs, &options)
    }

    fn new(listeners: Vec<TcpListener>) -> Self {
        Self {
            listeners,
            turn: AtomicUsize::new(0),
        }
    }

    /// The listeners, in the order of their addresses.
    pub fn listeners(&self) -> &[TcpListener] {
        &self.listeners
    }

    /// The addresses it listens on, in the order in which they were given.
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Changes the backlog at each address; see [`TcpListener::set_backlog`].
    ///
    /// # Errors
    ///
    /// What the OS answers.
    pub fn set_backlog(&self, backlog: i32) -> io::Result<()> {
        let mut listeners = self.listeners.iter();
        listeners.try_for_each(|listener| listener.set_backlog(backlog))
    }

    /// Accepts a connection if one waits at any address, beginning where the last attempt ended.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::try_accept`]; an error of one address is told once the others had
    /// nothing.
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let mut result = Err(io::ErrorKind::WouldBlock.into());
        for _ in &self.listeners {
            match self.next().try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => result = Err(error),
                accepted => return accepted,
            }
        }
        result
    }

    fn next(&self) -> &TcpListener {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.listeners[turn % self.listeners.len()]
    }

    /// Ready with a connection as soon as one waits; errors are those of
    /// [`TcpListeners::try_accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        loop {
            match self.try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            let registrations = self.registrations();
            // Each is asked, or its event would wake nobody.
            let ready = registrations.filter(|source| source.poll_readable(cx).is_ready());
            if ready.count() == 0 {
                return Poll::Pending;
            }
        }
    }

    /// Waits for a connection. Dropping the future loses none.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListeners::try_accept`].
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        if let [only] = &*self.listeners {
            return only.accept().await;
        }
        loop {
            match self.try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            self.readable().await;
        }
    }

    async fn readable(&self) {
        let mut waits: Vec<_> = self.registrations().map(Registration::readable).collect();
        poll_fn(|cx| {
            let polls = waits.iter_mut().map(|wait| Pin::new(wait).poll(cx));
            match polls.filter(Poll::is_ready).count() {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
    }

    fn registrations(&self) -> impl Iterator<Item = &Registration> {
        self.listeners.iter().map(TcpListener::registration)
    }

    /// What is known of them now: of use is whether one is readable, or closed.
    pub fn readiness(&self) -> Readiness {
        let each = self.registrations().map(Registration::readiness);
        each.fold(Readiness::default(), |all, one| Readiness {
            readable: all.readable | one.readable,
            closed: all.closed | one.closed,
            ..all
        })
    }

    /// Has the next attempt to accept ask the OS.
    pub fn suppose_readable(&self) {
        self.registrations().for_each(Registration::set_readable);
    }

    /// Posts `key` to `port` whenever an event brings news of one of them.
    pub fn attach(&self, port: &Port, key: u64) {
        self.registrations()
            .for_each(|source| source.attach(port, key));
    }

    /// Marks all as closed and wakes all who wait; see [`Registration::close`].
    pub fn close(&self) {
        self.registrations().for_each(Registration::close);
    }
}

impl From<TcpListener> for TcpListeners {
    fn from(listener: TcpListener) -> Self {
        Self::new(vec![listener])
    }
}

fn bind_all(
    handle: &Handle,
    addrs: &[SocketAddr],
    options: &ListenOptions,
) -> io::Result<TcpListeners> {
    let mut listeners = Vec::with_capacity(addrs.len());
    let mut shared_port = 0;
    for &addr in addrs {
        let mut wanted = addr;
        if addr.port() == 0 {
            wanted.set_port(shared_port);
        }
        let listener = TcpListener::bind(handle, wanted, options)?;
        if addr.port() == 0 {
            shared_port = listener.local_addr()?.port();
        }
        listeners.push(listener);
    }
    if listeners.is_empty() {
        let what = "listen: no address";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok(TcpListeners::new(listeners))
}
