//! `aio:host/stdio`: the guest's standard streams as connections.

use wasmtime::Result;
use wasmtime::component::Resource;

use super::streams::ByteStream;
use super::wit::stdio::{Host, StandardStream, TerminalSize};
use super::wit::types::ErrorCode;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

impl Host for State {
    fn open(&mut self, _stream: StandardStream) -> Result<Code<Resource<ByteStream>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn is_terminal(&mut self, _stream: StandardStream) -> Result<bool> {
        Ok(false)
    }

    fn size(&mut self, _stream: StandardStream) -> Result<Code<TerminalSize>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_raw_mode(&mut self, _raw: bool) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }
}
