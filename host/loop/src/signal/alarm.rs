//! A descriptor that becomes readable from within a signal handler.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// It is on while its descriptor is readable. Each ring is an event of its own.
#[derive(Debug)]
pub(super) struct Alarm {
    near: OwnedFd,
    /// Where what is written can be read at `near`; `None` for `near` itself.
    far: Option<OwnedFd>,
}

impl Alarm {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        let near = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { near, far: None })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn new() -> io::Result<Self> {
        let (near, far) = std::os::unix::net::UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        Ok(Self {
            near: near.into(),
            far: Some(far.into()),
        })
    }

    /// Turns it on. Fit for a signal handler: one system call.
    pub(super) fn ring(&self) {
        let fd = self.far.as_ref().unwrap_or(&self.near);
        let write = || rustix::io::write(fd, &1_u64.to_ne_bytes());
        match rustix::io::retry_on_intr(write) {
            // A full buffer means that it is on; there is no other error.
            Ok(_) | Err(_) => (),
        }
    }

    /// Turns it off; whether it was on.
    pub(super) fn silence(&self) -> bool {
        let mut buf = [0; 8];
        let mut read = || rustix::io::retry_on_intr(|| rustix::io::read(&self.near, &mut buf));
        let was_on = read().is_ok();
        while was_on && read().is_ok() {}
        was_on
    }
}

impl AsRawFd for Alarm {
    fn as_raw_fd(&self) -> RawFd {
        self.near.as_raw_fd()
    }
}
