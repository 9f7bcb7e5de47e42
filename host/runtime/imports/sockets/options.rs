//! Options of IP sockets as numbers, with the ranges that the WIT promises.

use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use aio_loop::dns::Family;
use aio_loop::net::{SocketOptions, TcpListener};

use super::super::convert::error_code;
use super::super::io::Io;
use super::super::streams::count;
use super::super::tcp::options::{BUFFER_SIZE_MAX, KEEP_ALIVE_COUNT, KEEP_ALIVE_SECONDS};
use super::super::wit::sockets::SocketOption;
use super::super::wit::types::ErrorCode;
use super::Code;
use crate::handles::Object;

impl Io {
    pub(super) fn option(&self, handle: u64, name: SocketOption) -> Code<u32> {
        let all = self.options(handle, name)?;
        let first = all.first().ok_or(ErrorCode::BadHandle)?;
        get(first, name).map_err(|error| error_code("socket option", &error))
    }

    pub(super) fn set_option(&self, handle: u64, name: SocketOption, value: u32) -> Code<()> {
        let all = self.options(handle, name)?;
        if !range(name).contains(&value) {
            return Err(ErrorCode::OutOfRange);
        }
        let set = all.iter().try_for_each(|options| set(options, name, value));
        set.map_err(|error| error_code("socket option", &error))
    }

    /// The options of each socket that an object is made of, if they have this one.
    fn options(&self, handle: u64, name: SocketOption) -> Code<Vec<SocketOptions<'_>>> {
        let entry = self.handles.get(handle).ok_or(ErrorCode::BadHandle)?;
        let options = each(&entry.object)?;
        let options = options.map_err(|error| error_code("socket option", &error))?;
        let udp = matches!(entry.object, Object::Datagrams(_));
        let known = |options: &SocketOptions<'_>| exists(name, udp, options.family());
        match options.iter().all(known) {
            true => Ok(options),
            false => Err(ErrorCode::NotSupported),
        }
    }
}

fn each(object: &Object) -> Code<io::Result<Vec<SocketOptions<'_>>>> {
    let one = match object {
        Object::Socket(socket) => socket.options(),
        Object::Stream(stream) => stream.options().ok_or(ErrorCode::BadHandle)?,
        Object::Datagrams(datagrams) => Ok(datagrams.socket().options()),
        Object::Listener(listener) => {
            let listeners = listener.listeners().iter();
            return Ok(listeners.map(TcpListener::options).collect());
        }
        #[cfg(unix)]
        Object::UnixSocket(socket) => socket.options(),
        #[cfg(unix)]
        Object::UnixListener(listener) => Ok(listener.options()),
        #[cfg(unix)]
        Object::UnixDatagrams(socket) => Ok(socket.options()),
        _ => return Err(ErrorCode::BadHandle),
    };
    Ok(one.map(|one| vec![one]))
}

/// Whether there is such an option for UDP, or TCP, in a family; of none are Unix sockets.
fn exists(name: SocketOption, udp: bool, family: Option<Family>) -> bool {
    use SocketOption as O;
    let Some(family) = family else {
        let for_all = [
            O::ReuseAddress,
            O::KeepAlive,
            O::Broadcast,
            O::ReceiveBuffer,
            O::SendBuffer,
        ];
        return for_all.contains(&name);
    };
    match name {
        O::Ipv6Only => family == Family::V6,
        O::Broadcast => udp,
        O::NoDelay
        | O::KeepAlive
        | O::KeepAliveIdle
        | O::KeepAliveInterval
        | O::KeepAliveCount
        | O::ResetOnClose => !udp,
        O::ReuseAddress | O::ReusePort | O::HopLimit | O::ReceiveBuffer | O::SendBuffer => true,
    }
}

fn range(name: SocketOption) -> RangeInclusive<u32> {
    use SocketOption as O;
    match name {
        O::KeepAliveIdle | O::KeepAliveInterval => KEEP_ALIVE_SECONDS,
        O::KeepAliveCount => KEEP_ALIVE_COUNT,
        O::HopLimit => 1..=255,
        O::ReceiveBuffer | O::SendBuffer => 1..=BUFFER_SIZE_MAX,
        _ => 0..=1,
    }
}

fn get(options: &SocketOptions<'_>, name: SocketOption) -> io::Result<u32> {
    use SocketOption as O;
    match name {
        O::ReuseAddress => options.reuse_address().map(u32::from),
        O::ReusePort => options.reuse_port().map(u32::from),
        O::Ipv6Only => options.only_v6().map(u32::from),
        O::NoDelay => options.nodelay().map(u32::from),
        O::KeepAlive => options.keepalive().map(u32::from),
        O::KeepAliveIdle => options.keepalive_idle().map(seconds),
        O::KeepAliveInterval => options.keepalive_interval().map(seconds),
        O::KeepAliveCount => options.keepalive_retries(),
        O::ResetOnClose => options.reset_on_close().map(u32::from),
        O::Broadcast => options.broadcast().map(u32::from),
        O::HopLimit => options.hop_limit(),
        O::ReceiveBuffer => options.recv_buffer_size().map(count),
        O::SendBuffer => options.send_buffer_size().map(count),
    }
}

/// `value` is in the option's range.
fn set(options: &SocketOptions<'_>, name: SocketOption, value: u32) -> io::Result<()> {
    use SocketOption as O;
    let (on, span) = (value != 0, Duration::from_secs(value.into()));
    let size = usize::try_from(value).unwrap_or(usize::MAX);
    match name {
        O::ReuseAddress => options.set_reuse_address(on),
        O::ReusePort => options.set_reuse_port(on),
        O::Ipv6Only => options.set_only_v6(on),
        O::NoDelay => options.set_nodelay(on),
        O::KeepAlive => options.set_keepalive(on),
        O::KeepAliveIdle => options.set_keepalive_idle(span),
        O::KeepAliveInterval => options.set_keepalive_interval(span),
        O::KeepAliveCount => options.set_keepalive_retries(value),
        O::ResetOnClose => options.set_reset_on_close(on),
        O::Broadcast => options.set_broadcast(on),
        O::HopLimit => options.set_hop_limit(value),
        O::ReceiveBuffer => options.set_recv_buffer_size(size),
        O::SendBuffer => options.set_send_buffer_size(size),
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
