//! What a guest runs on the host's machine: how much of it, what is kept of a command, and what a
//! running child holds for the guest.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aio_loop::process::{Child, Command, Limits};

use crate::handles::Place;
use crate::quota::{self, Permit, Quota};
use crate::stdio::{Input, Output, Stdio};
use crate::stream::Stream;

/// The children of one guest, as far as they are alike.
#[derive(Debug)]
pub(crate) struct Children {
    /// Those whose handle is open, and those that have yet to end.
    pub(crate) quota: Quota,
    limits: quota::Limits,
    /// The guest's own standard streams.
    stdio: Stdio,
}

/// How long a killed child may take to be gone.
const KILL_MAX: Duration = Duration::from_secs(5);

impl Children {
    pub(crate) fn new(limits: &quota::Limits) -> Self {
        Self {
            quota: Quota::new(limits.children_max.into()),
            limits: limits.clone(),
            stdio: Stdio::Null,
        }
    }

    pub(crate) fn with_stdio(mut self, stdio: &Stdio) -> Self {
        self.stdio = stdio.clone();
        self
    }

    /// Bounds a command by what the guest's policy says of children.
    pub(crate) fn bound(&self, command: Command) -> Command {
        let child = &self.limits.child;
        let limits = Limits {
            cpu: child.cpu,
            memory: child.memory,
            files: child.files,
        };
        command.limits(limits).grace(self.limits.child_grace)
    }

    /// How long the end of a guest waits for the ends of its children at most. One that the system
    /// does not let the host kill, or that it cannot end yet, is left to the loop.
    pub(crate) fn end_max(&self) -> Duration {
        self.limits.child_grace.saturating_add(KILL_MAX)
    }

    /// A copy of the guest's own standard stream; none if it leads nowhere.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] for one that is kept in memory, and what the OS answers.
    pub(crate) fn own(&self, number: u32) -> io::Result<Option<OwnedFd>> {
        let Stdio::Streams {
            stdin,
            stdout,
            stderr,
        } = &self.stdio
        else {
            let inherits = matches!(self.stdio, Stdio::Inherit);
            return inherits.then(|| hosts(number)).transpose();
        };
        match (number, stdout, stderr) {
            (0, ..) => own_input(stdin),
            (1, output, _) | (_, _, output) => own_output(number, output),
        }
    }
}

fn own_input(input: &Input) -> io::Result<Option<OwnedFd>> {
    match input {
        Input::Empty => Ok(None),
        Input::Inherit => hosts(0).map(Some),
        Input::Descriptor(fd) => fd.try_clone().map(Some),
        Input::Bytes(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn own_output(number: u32, output: &Output) -> io::Result<Option<OwnedFd>> {
    match output {
        Output::Null => Ok(None),
        Output::Inherit => hosts(number).map(Some),
        Output::Descriptor(fd) => fd.try_clone().map(Some),
        Output::Captured(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn hosts(number: u32) -> io::Result<OwnedFd> {
    match number {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        _ => io::stderr().as_fd().try_clone_to_owned(),
    }
}

/// A command that was checked.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Where it lies.
    pub(crate) program: PathBuf,
    pub(crate) command: Command,
    /// The working directory, as the guest sees it.
    pub(crate) directory: Option<String>,
    /// What its descriptors are to be, beginning with the standard ones.
    pub(crate) redirects: Vec<Descriptor>,
    /// The room that it takes.
    pub(crate) _permit: Permit,
}

/// What a descriptor is to be.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) number: u32,
    /// Of a pipe: whether the child reads it.
    pub(crate) reads: bool,
    pub(crate) redirect: Redirect,
}

/// Where a descriptor leads.
#[derive(Debug)]
pub(crate) enum Redirect {
    Null,
    /// Where the guest's own stream of this number does.
    Standard(u32),
    Pipe,
    /// To a file, as the guest sees it.
    File(String, FileMode),
    /// To a connection of the guest.
    Handle(u64),
    /// Where standard output does.
    Stdout,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FileMode {
    Read,
    Write,
    Append,
}

/// A child, and the ends of its pipes that the guest has not taken.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    pipes: Mutex<Vec<Pipe>>,
    _permit: Permit,
}

/// The guest's end of a pipe.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// The child's descriptor at the other end.
    pub(crate) number: u32,
    pub(crate) stream: Stream,
    pub(crate) place: Place,
}

impl Running {
    pub(crate) fn new(child: Child, pipes: Vec<Pipe>, permit: Permit) -> Self {
        Self {
            child,
            pipes: Mutex::new(pipes),
            _permit: permit,
        }
    }

    /// Takes the pipe at a descriptor of the child.
    pub(crate) fn take_pipe(&self, number: u32) -> Option<Pipe> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let index = pipes.iter().position(|pipe| pipe.number == number)?;
        Some(pipes.swap_remove(index))
    }

    /// Ends all that waits on it, asks it to end, and closes what the guest has not taken.
    pub(crate) fn close(&self) {
        self.child.close();
        let pipes = self
            .pipes
            .lock()
            .map(|mut pipes| std::mem::take(&mut *pipes));
        drop(pipes);
    }
}
