//! Bytes that were taken off a stream and given back: the next read returns them first.
//! Only a transfer that ends half-way gives back, so a stream has none but rarely.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::core::Registration;

/// What a stream was given back.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// Says without the lock whether there is something.
    some: AtomicBool,
    bytes: Mutex<VecDeque<u8>>,
}

impl Unread {
    pub(crate) fn is_empty(&self) -> bool {
        !self.some.load(Ordering::Acquire)
    }

    /// Puts `bytes` before what is there.
    pub(crate) fn give_back(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut all = self.lock();
        all.reserve(bytes.len());
        for &byte in bytes.iter().rev() {
            all.push_front(byte);
        }
        self.some.store(true, Ordering::Release);
    }

    /// Takes up to the length of `buf`; none when there is nothing.
    pub(crate) fn take(&self, buf: &mut [u8]) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let mut all = self.lock();
        let count = io::Read::read(&mut *all, buf).unwrap_or(0);
        if all.is_empty() {
            *all = VecDeque::new();
            self.some.store(false, Ordering::Release);
        }
        Some(count)
    }

    /// Reads with `read` into `buf`, or what was given back, if there is something.
    pub(crate) fn or_read(
        &self,
        registration: &Registration,
        buf: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.is_empty() {
            return registration.try_read(buf.len(), || read(buf));
        }
        self.read_again(registration, buf)
    }

    #[cold]
    fn read_again(&self, registration: &Registration, buf: &mut [u8]) -> io::Result<usize> {
        registration.attempt()?;
        let taken = self.take(buf);
        taken.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_last_comes_first() {
        let unread = Unread::default();
        unread.give_back(b"cd");
        unread.give_back(b"");
        unread.give_back(b"ab");
        let mut buf = [0; 3];
        assert_eq!(unread.take(&mut buf), Some(3));
        assert_eq!(&buf, b"abc");
        assert_eq!(unread.take(&mut buf), Some(1));
        assert_eq!(unread.take(&mut buf), None);
        assert!(unread.is_empty());
    }
}
