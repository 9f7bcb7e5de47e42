//! Options that a socket has in every state: before it is connected or listens, while it is being
//! connected, and afterwards. Accepted sockets inherit those of their listener on Linux.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::dns::Family;

/// The options of one socket. Errors are what the OS answers.
#[derive(Debug)]
pub struct SocketOptions<'a> {
    socket: SockRef<'a>,
    /// None of a Unix socket.
    family: Option<Family>,
}

impl<'a> SocketOptions<'a> {
    pub(super) fn new(socket: SockRef<'a>, family: Family) -> Self {
        let family = Some(family);
        Self { socket, family }
    }

    #[cfg(unix)]
    pub(super) fn unix(socket: SockRef<'a>) -> Self {
        Self {
            socket,
            family: None,
        }
    }
}

#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl SocketOptions<'_> {
    /// Whether the OS probes a connection that is silent.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.socket.keepalive()
    }

    /// Has the OS probe a connection that is silent, or not.
    pub fn set_keepalive(&self, enabled: bool) -> io::Result<()> {
        self.socket.set_keepalive(enabled)
    }

    /// How long a connection is silent before it is probed. Windows does not tell.
    pub fn keepalive_idle(&self) -> io::Result<Duration> {
        #[cfg(not(windows))]
        return self.socket.tcp_keepalive_time();
        #[cfg(windows)]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sets how long a connection is silent before it is probed: 1 to 32,767 whole seconds.
    ///
    /// Whether it is probed at all does not change.
    pub fn set_keepalive_idle(&self, idle: Duration) -> io::Result<()> {
        self.set_keepalive_by(&TcpKeepalive::new().with_time(idle))
    }

    /// How long after a probe the next one follows. Windows does not tell.
    pub fn keepalive_interval(&self) -> io::Result<Duration> {
        #[cfg(not(windows))]
        return self.socket.tcp_keepalive_interval();
        #[cfg(windows)]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sets how long after a probe the next one follows: 1 to 32,767 whole seconds.
    pub fn set_keepalive_interval(&self, interval: Duration) -> io::Result<()> {
        self.set_keepalive_by(&TcpKeepalive::new().with_interval(interval))
    }

    /// How many probes without an answer end the connection.
    pub fn keepalive_retries(&self) -> io::Result<u32> {
        self.socket.tcp_keepalive_retries()
    }

    /// Sets how many probes without an answer end the connection: 1 to 127.
    pub fn set_keepalive_retries(&self, retries: u32) -> io::Result<()> {
        self.set_keepalive_by(&TcpKeepalive::new().with_retries(retries))
    }

    /// Sets numbers of probing; the call that does switches probing on, which is taken back.
    fn set_keepalive_by(&self, numbers: &TcpKeepalive) -> io::Result<()> {
        let enabled = self.socket.keepalive()?;
        let set = self.socket.set_tcp_keepalive(numbers);
        if !enabled {
            self.socket.set_keepalive(false)?;
        }
        set
    }

    /// Whether small writes are sent at once; TCP only.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.tcp_nodelay()
    }

    /// Has small writes sent at once, or collected; TCP only.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(nodelay)
    }

    /// Whether an address may be taken that others have or had.
    pub fn reuse_address(&self) -> io::Result<bool> {
        self.socket.reuse_address()
    }

    /// Allows to take an address that others have or had, or forbids it.
    pub fn set_reuse_address(&self, reuse: bool) -> io::Result<()> {
        self.socket.set_reuse_address(reuse)
    }

    /// Whether the port is shared with others who ask for the same; Unix only.
    pub fn reuse_port(&self) -> io::Result<bool> {
        #[cfg(unix)]
        return self.socket.reuse_port();
        #[cfg(not(unix))]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Shares the port with others who ask for the same, or not; Unix only.
    pub fn set_reuse_port(&self, reuse: bool) -> io::Result<()> {
        #[cfg(unix)]
        return self.socket.set_reuse_port(reuse);
        #[cfg(not(unix))]
        {
            let _ = reuse;
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Whether it refuses IPv4; IPv6 only.
    pub fn only_v6(&self) -> io::Result<bool> {
        self.socket.only_v6()
    }

    /// Has it refuse IPv4, or not, before it is bound; IPv6 only.
    pub fn set_only_v6(&self, only_v6: bool) -> io::Result<()> {
        self.socket.set_only_v6(only_v6)
    }

    /// Whether closing resets the connection and drops what was not sent; TCP only.
    pub fn reset_on_close(&self) -> io::Result<bool> {
        Ok(self.socket.linger()? == Some(Duration::ZERO))
    }

    /// Has closing reset the connection, or send what was written unseen; TCP only.
    pub fn set_reset_on_close(&self, reset: bool) -> io::Result<()> {
        self.socket.set_linger(reset.then_some(Duration::ZERO))
    }

    /// Whether it may send to broadcast addresses; UDP only.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket.broadcast()
    }

    /// Allows to send to broadcast addresses, or forbids it; UDP only.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.socket.set_broadcast(broadcast)
    }

    /// The family of the socket's addresses.
    pub fn family(&self) -> Option<Family> {
        self.family
    }

    /// The hops a packet may make.
    pub fn hop_limit(&self) -> io::Result<u32> {
        match self.family {
            Some(Family::V4) => self.socket.ttl_v4(),
            Some(Family::V6) => self.socket.unicast_hops_v6(),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Sets the hops a packet may make: 1 to 255.
    pub fn set_hop_limit(&self, hops: u32) -> io::Result<()> {
        match self.family {
            Some(Family::V4) => self.socket.set_ttl_v4(hops),
            Some(Family::V6) => self.socket.set_unicast_hops_v6(hops),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The size in bytes of what the OS receives ahead.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.socket.recv_buffer_size()
    }

    /// Sets the size in bytes of what the OS receives ahead; it may choose another.
    pub fn set_recv_buffer_size(&self, size: usize) -> io::Result<()> {
        self.socket.set_recv_buffer_size(size)
    }

    /// The size in bytes of what the OS takes to be sent.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.socket.send_buffer_size()
    }

    /// Sets the size in bytes of what the OS takes to be sent; it may choose another.
    pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
        self.socket.set_send_buffer_size(size)
    }
}
