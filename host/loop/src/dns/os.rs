//! The numbers of `getaddrinfo` and `getnameinfo`, which differ from system to system.

#[cfg(unix)]
pub(super) use libc::{
    AI_ADDRCONFIG, AI_ALL, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE, AI_V4MAPPED,
    IPPROTO_TCP, IPPROTO_UDP, NI_DGRAM, NI_NAMEREQD, NI_NOFQDN, NI_NUMERICHOST, NI_NUMERICSERV,
};

/// What glibc answers when the name has addresses of the other family only; elsewhere an unused
/// number.
pub(super) const NO_SUCH_FAMILY: i32 = -9;

#[cfg(windows)]
pub(super) use self::winsock::*;

#[cfg(windows)]
mod winsock {
    pub(in super::super) const AI_ADDRCONFIG: i32 = 0x400;
    pub(in super::super) const AI_ALL: i32 = 0x100;
    pub(in super::super) const AI_CANONNAME: i32 = 2;
    pub(in super::super) const AI_NUMERICHOST: i32 = 4;
    pub(in super::super) const AI_NUMERICSERV: i32 = 8;
    pub(in super::super) const AI_PASSIVE: i32 = 1;
    pub(in super::super) const AI_V4MAPPED: i32 = 0x800;
    pub(in super::super) const IPPROTO_TCP: i32 = 6;
    pub(in super::super) const IPPROTO_UDP: i32 = 17;
    pub(in super::super) const NI_DGRAM: i32 = 0x10;
    pub(in super::super) const NI_NAMEREQD: i32 = 4;
    pub(in super::super) const NI_NOFQDN: i32 = 1;
    pub(in super::super) const NI_NUMERICHOST: i32 = 2;
    pub(in super::super) const NI_NUMERICSERV: i32 = 8;
}
