//! Confinement on machines whose system calls have no filter here.

use std::convert::Infallible;
use std::io;

use rustix::io::Errno;

use super::{Confine, Reach};

/// What the system keeps a child from; here nobody has one.
#[derive(Debug)]
pub struct Confinement(Infallible);

impl Confinement {
    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always [`io::ErrorKind::Unsupported`].
    pub fn new(_reach: &Reach<'_>) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Confine for Confinement {
    fn apply(&self) -> Result<(), Errno> {
        match self.0 {}
    }
}
