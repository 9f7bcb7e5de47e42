//! How a child ended, asked in the ways of `std` and of asyncio.

use std::fmt::{self, Display, Formatter};

use super::{ExitStatus, Stdio};
use crate::bindings::aio::host::streams::ByteStream;

impl ExitStatus {
    /// Tells whether it ended by itself with code 0.
    pub fn success(self) -> bool {
        matches!(self, Self::Code(0))
    }

    /// Its code; none if a signal has ended it.
    pub fn code(self) -> Option<u8> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) => None,
        }
    }

    /// The signal that has ended it; none if it ended by itself.
    pub fn signal(self) -> Option<u32> {
        match self {
            Self::Code(_) => None,
            Self::Signal(number) => Some(number),
        }
    }

    /// asyncio's number: the code, or the signal as a negative one.
    pub fn returncode(self) -> i32 {
        match self {
            Self::Code(code) => code.into(),
            Self::Signal(number) => number.cast_signed().saturating_neg(),
        }
    }
}

impl Display for ExitStatus {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "code {code}"),
            Self::Signal(number) => write!(formatter, "signal {number}"),
        }
    }
}

impl From<&ByteStream> for Stdio {
    /// The child has the connection too: drop it here, or its other end never sees the end. A
    /// socket can only be dropped from then on.
    fn from(stream: &ByteStream) -> Self {
        Self::Handle(stream.as_handle())
    }
}
