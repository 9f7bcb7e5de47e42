//! `aio:host/process`: programs of the host's machine as children of the guest.

mod code;
mod command;
mod redirect;
mod spawn;

use std::sync::Arc;

use aio_loop::process::{self, ExitStatus};
use wasmtime::Result;
use wasmtime::component::{Accessor, Resource};

use self::code::signal_code;
use super::Imports;
use super::convert::error_code;
use super::io::{Io, Refusal};
use super::streams::ByteStream;
use super::wit::process::{self as wit, CommandOptions, Exit, Host};
use super::wit::process::{HostChild, HostChildWithStore, HostCommand};
use super::wit::ring::Outcome;
use super::wit::types::ErrorCode;
use crate::children::{Prepared, Running};
use crate::handles::Object;
use crate::interrupt::Interrupt;
use crate::state::State;

type Code<T> = Result<T, ErrorCode>;

/// A command of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Command(u64);

/// A child of a guest, by handle.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Child {
    handle: u64,
    /// The number of its process, which is told after its end too.
    id: u32,
}

impl Io {
    fn prepared(&self, handle: u64) -> Code<Arc<Prepared>> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::Command(command)) => Ok(Arc::clone(command)),
            _ => Err(ErrorCode::BadHandle),
        }
    }

    pub(super) fn child(&self, handle: u64) -> Code<Arc<Running>> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::Child(running)) => Ok(Arc::clone(running)),
            _ => Err(ErrorCode::BadHandle),
        }
    }

    /// Sends a signal of a guest to a child of its own.
    pub(super) fn signal_child(&self, handle: u64, number: u32) -> Code<()> {
        let running = self.child(handle)?;
        if !(1..=64).contains(&number) {
            return Err(ErrorCode::OutOfRange);
        }
        let sent = running.child.signal(number);
        sent.map_err(|error| signal_code(&error))
    }

    /// Opens the guest's end of a pipe of a child; its place was taken before.
    pub(super) fn take_pipe(&mut self, running: &Running, number: u32) -> Code<u64> {
        let pipe = running.take_pipe(number);
        let pipe = pipe.ok_or(ErrorCode::InvalidArgument)?;
        drop(pipe.place);
        self.open(Object::Stream(Arc::new(pipe.stream)))
    }
}

impl State {
    /// Begins something of a guest; a refusal is told to the embedder.
    fn begin<T>(&self, begin: impl FnOnce(&mut Io) -> Result<T, Refusal>) -> Code<T> {
        let begun = begin(&mut self.io());
        begun.map_err(|refusal| self.refuse(refusal))
    }

    fn push_command(&mut self, handle: u64) -> Code<Resource<Command>> {
        let pushed = self.table.push(Command(handle));
        pushed.map_err(|_full| self.close_unnamed(handle))
    }

    fn child_of(&self, child: &Resource<Child>) -> Result<Code<Arc<Running>>> {
        let handle = self.table.get(child)?.handle;
        Ok(self.io().child(handle))
    }

    fn signal_number(&self, child: &Resource<Child>, number: u32) -> Result<Code<()>> {
        let handle = self.table.get(child)?.handle;
        Ok(self.io().signal_child(handle, number))
    }
}

impl Host for State {}

impl HostCommand for State {
    fn create(
        &mut self,
        program: String,
        arguments: Vec<String>,
        options: CommandOptions,
    ) -> Result<Code<Resource<Command>>> {
        let made = self.begin(|io| io.create_command(&program, &arguments, options));
        Ok(made.and_then(|handle| self.push_command(handle)))
    }

    fn shell(
        &mut self,
        script: String,
        options: CommandOptions,
    ) -> Result<Code<Resource<Command>>> {
        self.create("/bin/sh".into(), vec!["-c".into(), script], options)
    }

    fn as_handle(&mut self, command: Resource<Command>) -> Result<u64> {
        Ok(self.table.get(&command)?.0)
    }

    fn spawn(&mut self, command: Resource<Command>) -> Result<Code<Resource<Child>>> {
        let handle = self.table.get(&command)?.0;
        let spawned = self.begin(|io| io.spawn(handle));
        Ok(spawned.and_then(|(handle, running)| {
            let id = running.child.id();
            let pushed = self.table.push(Child { handle, id });
            pushed.map_err(|_full| self.close_unnamed(handle))
        }))
    }

    fn drop(&mut self, command: Resource<Command>) -> Result<()> {
        let Command(handle) = self.table.delete(command)?;
        self.close_dropped(handle);
        Ok(())
    }
}

impl<T> HostChildWithStore<T> for Imports {
    async fn wait(store: &Accessor<T, Self>, child: Resource<Child>) -> Result<Code<Exit>> {
        let waiting = waiting(store, &child)?;
        let Ok((running, interrupt)) = waiting else {
            // Its handle was closed by the ring.
            return Ok(Err(ErrorCode::Closed));
        };
        Ok(match interrupt.or_stop(running.child.wait()).await {
            Ok(Ok(exit)) => Ok(exit.into()),
            Ok(Err(error)) => Err(error_code("wait", &error)),
            Err(stopped) => Err(stopped.into()),
        })
    }
}

/// What a wait for a child needs.
fn waiting<T>(
    store: &Accessor<T, Imports>,
    child: &Resource<Child>,
) -> Result<Code<(Arc<Running>, Interrupt)>> {
    store.with(|mut access| {
        let state = access.get();
        let running = state.child_of(child)?;
        Ok(running.map(|running| (running, state.interrupt.clone())))
    })
}

impl HostChild for State {
    fn by_handle(&mut self, handle: u64) -> Result<Code<Resource<Child>>> {
        let known = self.io().child(handle);
        Ok(known.and_then(|running| {
            let id = running.child.id();
            let pushed = self.table.push(Child { handle, id });
            pushed.map_err(|_full| ErrorCode::QuotaExceeded)
        }))
    }

    fn as_handle(&mut self, child: Resource<Child>) -> Result<u64> {
        Ok(self.table.get(&child)?.handle)
    }

    fn id(&mut self, child: Resource<Child>) -> Result<u32> {
        Ok(self.table.get(&child)?.id)
    }

    fn take_pipe(
        &mut self,
        child: Resource<Child>,
        number: u32,
    ) -> Result<Code<Resource<ByteStream>>> {
        let taken = match self.child_of(&child)? {
            Ok(running) => self.io().take_pipe(&running, number),
            Err(_closed) => Err(ErrorCode::InvalidArgument),
        };
        Ok(taken.and_then(|handle| self.push_byte_stream(handle)))
    }

    fn try_wait(&mut self, child: Resource<Child>) -> Result<Option<Exit>> {
        let exit = self.child_of(&child)?.ok();
        Ok(exit.and_then(|running| running.child.try_wait().map(Exit::from)))
    }

    fn signal(&mut self, child: Resource<Child>, number: u32) -> Result<Code<()>> {
        self.signal_number(&child, number)
    }

    fn terminate(&mut self, child: Resource<Child>) -> Result<Code<()>> {
        self.signal_number(&child, 15)
    }

    fn kill(&mut self, child: Resource<Child>) -> Result<Code<()>> {
        self.signal_number(&child, 9)
    }

    fn drop(&mut self, child: Resource<Child>) -> Result<()> {
        let Child { handle, .. } = self.table.delete(child)?;
        self.close_dropped(handle);
        Ok(())
    }
}

impl From<process::Exit> for Exit {
    fn from(exit: process::Exit) -> Self {
        let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            status: match exit.status {
                ExitStatus::Code(code) => wit::ExitStatus::Code(code),
                ExitStatus::Signal(number) => wit::ExitStatus::Signal(number),
            },
            user_time: nanos(exit.user_time),
            system_time: nanos(exit.system_time),
            max_resident: exit.max_resident,
        }
    }
}

impl From<process::Exit> for Outcome {
    fn from(exit: process::Exit) -> Self {
        Self::Exited(exit.into())
    }
}
