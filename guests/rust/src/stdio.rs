//! The guest's standard streams as connections, in one order with what `print!` writes. They wait
//! on the loop, where WASI's would hold up the whole guest.

use crate::bindings::aio::host::stdio::open;
use crate::bindings::aio::host::streams::ByteStream;
use crate::bindings::aio::host::types::ErrorCode;

pub use crate::bindings::aio::host::stdio::{
    StandardStream, TerminalSize, is_terminal, set_raw_mode, size,
};

/// Opens standard input. Errors: `not-supported` (the host has none), `quota-exceeded`.
pub fn stdin() -> Result<ByteStream, ErrorCode> {
    open(StandardStream::Stdin)
}

/// Opens standard output. Errors: as [`stdin`].
pub fn stdout() -> Result<ByteStream, ErrorCode> {
    open(StandardStream::Stdout)
}

/// Opens standard error. Errors: as [`stdin`].
pub fn stderr() -> Result<ByteStream, ErrorCode> {
    open(StandardStream::Stderr)
}
