//! What the descriptors of a child lead to, opened for one run.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aio_loop::pipe;
use aio_loop::process::null;
use cap_primitives::fs::OpenOptions;

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::wit::types::ErrorCode;
use super::code::file_code;
use crate::children::{Descriptor, FileMode, Pipe, Redirect};
use crate::preopens::Unplaced;
use crate::stream::{Lent, Stream};

type Code<T> = Result<T, ErrorCode>;

/// The descriptors of one child, and the guest's ends of its pipes.
#[derive(Debug, Default)]
pub(super) struct Ends {
    given: Vec<(u32, End)>,
    pub(super) pipes: Vec<Pipe>,
}

#[derive(Debug)]
enum End {
    Null(BorrowedFd<'static>),
    Own(OwnedFd),
    Lent(Lent),
}

impl AsFd for End {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Null(null) => *null,
            Self::Own(fd) => fd.as_fd(),
            Self::Lent(lent) => lent.fd.as_fd(),
        }
    }
}

impl Ends {
    pub(super) fn descriptors(&self) -> Vec<(u32, BorrowedFd<'_>)> {
        let given = self.given.iter();
        given.map(|(number, end)| (*number, end.as_fd())).collect()
    }

    /// The child has them all.
    pub(super) fn keep(self) -> Vec<Pipe> {
        for (_, end) in self.given {
            if let End::Lent(lent) = end {
                lent.keep();
            }
        }
        self.pipes
    }

    /// A copy of what standard output is.
    fn stdout(&self) -> io::Result<End> {
        let stdout = self.given.iter().find(|(number, _)| *number == 1);
        match stdout {
            Some((_, end)) => end.as_fd().try_clone_to_owned().map(End::Own),
            None => null().map(End::Null),
        }
    }
}

impl Io {
    /// Opens what each descriptor is to be. Nothing stays open if one fails.
    pub(super) fn open_ends(&self, descriptors: &[Descriptor]) -> Result<Ends, Refusal> {
        let mut ends = Ends::default();
        for descriptor in descriptors {
            let end = self.open_end(descriptor, &mut ends)?;
            ends.given.push((descriptor.number, end));
        }
        Ok(ends)
    }

    fn open_end(&self, descriptor: &Descriptor, ends: &mut Ends) -> Result<End, Refusal> {
        let failed = |error| error_code("redirect a descriptor", &error);
        let number = descriptor.number;
        Ok(match &descriptor.redirect {
            Redirect::Null => End::Null(null().map_err(failed)?),
            Redirect::Stdout => ends.stdout().map_err(failed)?,
            Redirect::Standard(own) => match self.children.own(*own).map_err(failed)? {
                Some(own) => End::Own(own),
                None => End::Null(null().map_err(failed)?),
            },
            Redirect::Pipe => End::Own(self.open_pipe(number, descriptor.reads, ends)?),
            Redirect::File(path, mode) => End::Own(self.open_file(path, *mode)?.into()),
            Redirect::Handle(handle) => End::Lent(self.stream(*handle)?.lend().map_err(failed)?),
        })
    }

    /// Makes a pipe: the child's end is returned.
    fn open_pipe(&self, number: u32, reads: bool, ends: &mut Ends) -> Code<OwnedFd> {
        let place = self.place(1)?;
        let (stream, fd) = match reads {
            true => pipe::to_child(&self.handle).map(|(own, fd)| (Stream::from(own), fd)),
            false => pipe::from_child(&self.handle).map(|(own, fd)| (Stream::from(own), fd)),
        }
        .map_err(|error| error_code("open a pipe", &error))?;
        ends.pipes.push(Pipe {
            number,
            stream,
            place,
        });
        Ok(fd)
    }

    fn open_file(&self, path: &str, mode: FileMode) -> Result<File, Refusal> {
        let mut options = OpenOptions::new();
        let (verb, writes) = match mode {
            FileMode::Read => ("read", false),
            FileMode::Write => ("write", true),
            FileMode::Append => ("append to", true),
        };
        match mode {
            FileMode::Read => options.read(true),
            FileMode::Write => options.write(true).create(true).truncate(true),
            FileMode::Append => options.append(true).create(true),
        };
        let opened = self.preopens.file_for(verb, path, &mut options, writes);
        opened.map_err(|unplaced| match unplaced {
            Unplaced::Failed(error) => file_code(&error).into(),
            unplaced => Refusal::of_path(verb, unplaced),
        })
    }

    /// The working directory of a child.
    pub(super) fn open_directory(&self, path: Option<&str>) -> Result<File, Refusal> {
        const VERB: &str = "work in";
        let Some(path) = path else {
            let root = self.preopens.root().unwrap_or_else(|| File::open("/"));
            return root.map_err(|error| error_code("open the root", &error).into());
        };
        let opened = self.preopens.directory(VERB, path);
        opened.map_err(|unplaced| Refusal::of_path(VERB, unplaced))
    }
}
