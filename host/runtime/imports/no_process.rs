//! `aio:host/process` where the host cannot run programs: every call says so.

use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use super::Imports;
use super::streams::ByteStream;
use super::wit::process::{CommandOptions, Exit, Host, HostChild, HostChildWithStore, HostCommand};
use super::wit::types::ErrorCode;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

/// A command of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Command(pub(super) u64);

/// A child of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Child(pub(super) u64);

impl Host for State {}

impl HostCommand for State {
    fn create(
        &mut self,
        _program: String,
        _arguments: Vec<String>,
        _options: CommandOptions,
    ) -> Result<Code<Resource<Command>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn shell(
        &mut self,
        _script: String,
        _options: CommandOptions,
    ) -> Result<Code<Resource<Command>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn as_handle(&mut self, command: Resource<Command>) -> Result<u64> {
        Ok(self.table.get(&command)?.0)
    }

    fn spawn(&mut self, _command: Resource<Command>) -> Result<Code<Resource<Child>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn drop(&mut self, command: Resource<Command>) -> Result<()> {
        let Command(handle) = self.table.delete(command)?;
        self.close_dropped(handle);
        Ok(())
    }
}

impl<T> HostChildWithStore<T> for Imports {
    async fn wait(_store: &Accessor<T, Self>, _child: Resource<Child>) -> Result<Code<Exit>> {
        Ok(Err(ErrorCode::NotSupported))
    }
}

impl HostChild for State {
    fn by_handle(&mut self, _handle: u64) -> Result<Code<Resource<Child>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn as_handle(&mut self, child: Resource<Child>) -> Result<u64> {
        Ok(self.table.get(&child)?.0)
    }

    fn id(&mut self, _child: Resource<Child>) -> Result<u32> {
        Ok(0)
    }

    fn take_pipe(
        &mut self,
        _child: Resource<Child>,
        _number: u32,
    ) -> Result<Code<Resource<ByteStream>>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn try_wait(&mut self, _child: Resource<Child>) -> Result<Option<Exit>> {
        Ok(None)
    }

    fn signal(&mut self, _child: Resource<Child>, _number: u32) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn terminate(&mut self, _child: Resource<Child>) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn kill(&mut self, _child: Resource<Child>) -> Result<Code<()>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn drop(&mut self, child: Resource<Child>) -> Result<()> {
        let Child(handle) = self.table.delete(child)?;
        self.close_dropped(handle);
        Ok(())
    }
}
