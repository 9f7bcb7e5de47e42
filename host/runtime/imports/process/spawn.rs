//! Starts children for a guest.

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use aio_loop::process::{Command, Run};

use super::super::io::{Io, Refusal};
use super::super::wit::types::ErrorCode;
use super::code::spawn_code;
use crate::children::{Prepared, Running};
use crate::confine::confinement;
use crate::handles::Object;

impl Io {
    /// Starts a child of a guest's command.
    pub(in super::super) fn spawn(&mut self, command: u64) -> Result<(u64, Arc<Running>), Refusal> {
        let prepared = self.prepared(command)?;
        let place = self.place(0)?;
        let running = Arc::new(self.start(&prepared)?);
        drop(place);
        let handle = self.open(Object::Child(Arc::clone(&running)))?;
        Ok((handle, running))
    }

    fn start(&self, prepared: &Prepared) -> Result<Running, Refusal> {
        let permit = self.children.quota.take(1);
        let permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
        let directory = self.open_directory(prepared.directory.as_deref())?;
        let ends = self.open_ends(&prepared.redirects)?;
        let run = Run {
            directory: Some(directory.as_fd()),
            descriptors: &ends.descriptors(),
        };
        let child = self.confined(prepared);
        let child = child.and_then(|command| command.spawn(&self.handle, &run));
        let child = child.map_err(|error| spawn_code(&error))?;
        Ok(Running::new(child, ends.keep(), permit))
    }

    /// The command as its child is to be kept to what the guest was granted, if it is. What does
    /// that has a descriptor, so no command keeps it.
    fn confined<'a>(&self, prepared: &'a Prepared) -> io::Result<Cow<'a, Command>> {
        let confine = confinement(&self.grants, &self.preopens, &prepared.program)?;
        Ok(match confine {
            Some(confine) => Cow::Owned(prepared.command.clone().confine(confine)),
            None => Cow::Borrowed(&prepared.command),
        })
    }
}
