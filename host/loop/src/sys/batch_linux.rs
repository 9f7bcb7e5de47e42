//! Datagrams in batches: `recvmmsg` and `sendmmsg`. An error that comes after some datagrams is
//! kept by the OS or comes again; a call that took some never fails.
#![allow(unsafe_code, reason = "system calls with pointers to several buffers")]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::{io, mem, ptr};

use socket2::SockRef;

use super::{Head, Outgoing};

/// The most datagrams of one call.
pub(crate) const BATCH_MAX: usize = 64;

type Messages = [libc::mmsghdr; BATCH_MAX];

const NO_BUFFER: libc::iovec = libc::iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

fn no_messages() -> Messages {
    // SAFETY: the structure holds integers and pointers, for which zero is a value.
    unsafe { mem::zeroed() }
}

/// Receives datagrams into slots of `size` bytes, one after the other in `bytes`; says in `heads`
/// what came.
///
/// # Errors
///
/// What the OS answers.
pub(crate) fn receive_batch(
    socket: SockRef<'_>,
    bytes: &mut [u8],
    size: usize,
    heads: &mut [Head],
) -> io::Result<usize> {
    let mut names = [Name::EMPTY; BATCH_MAX];
    let mut buffers = [NO_BUFFER; BATCH_MAX];
    let mut messages = no_messages();
    let slots = bytes.chunks_exact_mut(size.max(1));
    let mut count = 0;
    for (index, (slot, _)) in slots.zip(&*heads).take(BATCH_MAX).enumerate() {
        buffers[index].iov_base = slot.as_mut_ptr().cast();
        buffers[index].iov_len = size;
        let header = &mut messages[index].msg_hdr;
        header.msg_iov = &raw mut buffers[index];
        header.msg_iovlen = 1;
        header.msg_name = names[index].0.as_mut_ptr().cast();
        header.msg_namelen = Name::LEN;
        count += 1;
    }
    // SAFETY: each of the first `count` messages points to a name and to a buffer of the lengths it
    // says; all of them are borrowed by this function and nobody touches them during the call.
    let received = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            count,
            libc::MSG_DONTWAIT as _,
            ptr::null_mut(),
        )
    };
    let received = taken(received)?;
    for ((head, message), name) in heads.iter_mut().zip(&messages).zip(&names).take(received) {
        *head = Head {
            len: size.min(usize::try_from(message.msg_len).unwrap_or(size)),
            from: name.address().unwrap_or(head.from),
            truncated: message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        };
    }
    Ok(received)
}

/// Sends `datagrams` in order, at most 64; returns how many were taken.
///
/// # Errors
///
/// What the OS answers to the first.
pub(crate) fn send_batch(socket: SockRef<'_>, datagrams: &[Outgoing<'_>]) -> io::Result<usize> {
    let mut names = [Name::EMPTY; BATCH_MAX];
    let mut buffers = [NO_BUFFER; BATCH_MAX];
    let mut messages = no_messages();
    let mut count = 0;
    for (index, datagram) in datagrams.iter().take(BATCH_MAX).enumerate() {
        buffers[index].iov_base = datagram.data.as_ptr().cast_mut().cast();
        buffers[index].iov_len = datagram.data.len();
        let header = &mut messages[index].msg_hdr;
        header.msg_iov = &raw mut buffers[index];
        header.msg_iovlen = 1;
        if let Some(to) = datagram.to {
            header.msg_namelen = names[index].set(to);
            header.msg_name = names[index].0.as_mut_ptr().cast();
        }
        count += 1;
    }
    // SAFETY: each of the first `count` messages points to a buffer of the length it says and to a
    // name of the length it says or to none; all are borrowed by this function, the call writes to
    // the messages alone.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            count,
            libc::MSG_DONTWAIT as _,
        )
    };
    taken(sent)
}

fn taken(count: libc::c_int) -> io::Result<usize> {
    usize::try_from(count).map_err(|_negative| io::Error::last_os_error())
}

/// An address of IPv4 or IPv6 as the OS reads and writes it: `sockaddr_in` or `sockaddr_in6`.
#[derive(Clone, Copy)]
struct Name([u8; size_of::<libc::sockaddr_in6>()]);

impl Name {
    const EMPTY: Self = Self([0; _]);
    const LEN: libc::socklen_t = 28;
    const LEN_V4: libc::socklen_t = 16;
    const V4: u16 = 2;
    const V6: u16 = 10;

    /// Writes `address`; returns how many bytes it takes.
    fn set(&mut self, address: SocketAddr) -> libc::socklen_t {
        self.0[2..4].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(address) => {
                self.0[..2].copy_from_slice(&Self::V4.to_ne_bytes());
                self.0[4..8].copy_from_slice(&address.ip().octets());
                Self::LEN_V4
            }
            SocketAddr::V6(address) => {
                self.0[..2].copy_from_slice(&Self::V6.to_ne_bytes());
                self.0[4..8].copy_from_slice(&address.flowinfo().to_ne_bytes());
                self.0[8..24].copy_from_slice(&address.ip().octets());
                self.0[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
                Self::LEN
            }
        }
    }

    fn address(&self) -> Option<SocketAddr> {
        let port = u16::from_be_bytes(self.field(2)?);
        match u16::from_ne_bytes(self.field(0)?) {
            Self::V4 => {
                let ip = Ipv4Addr::from(self.field::<4>(4)?);
                Some(SocketAddrV4::new(ip, port).into())
            }
            Self::V6 => {
                let ip = Ipv6Addr::from(self.field::<16>(8)?);
                let flow = u32::from_ne_bytes(self.field(4)?);
                let scope = u32::from_ne_bytes(self.field(24)?);
                Some(SocketAddrV6::new(ip, port, flow, scope).into())
            }
            _ => None,
        }
    }

    fn field<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.0.get(offset..offset + N)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_laid_out_as_the_os_has_it() {
        for text in ["192.0.2.7:65535", "[2001:db8::1%3]:53"] {
            let address: SocketAddr = text.parse().unwrap();
            let mut name = Name::EMPTY;
            let len = usize::try_from(name.set(address)).unwrap();
            let os = socket2::SockAddr::from(address);
            assert_eq!(len, usize::try_from(os.len()).unwrap());
            // SAFETY: the address is as long as it says.
            let bytes = unsafe { std::slice::from_raw_parts(os.as_ptr().cast::<u8>(), len) };
            assert_eq!(&name.0[..len], bytes);
            assert_eq!(name.address(), Some(address));
        }
    }
}
