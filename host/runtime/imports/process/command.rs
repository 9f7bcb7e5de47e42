//! What a guest wants to run, checked before anything is done.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use aio_loop::process::{Command, Group};

use super::super::convert::error_code;
use super::super::io::{Io, Refusal};
use super::super::wit::process::{
    CommandOptions, ExtraDescriptor, FileMode as Mode, ProcessGroup, Redirect as Wanted,
};
use super::super::wit::types::ErrorCode;
use crate::children::{Descriptor, FileMode, Prepared, Redirect};
use crate::handles::Object;

type Code<T> = Result<T, ErrorCode>;

const ARGUMENTS_MAX: usize = 4096;
const VARIABLES_MAX: usize = 1024;
const EXTRA_MAX: usize = 64;

/// The highest number of a child's descriptor.
const NUMBER_MAX: u32 = 255;

/// The longest path, of a program too: what systems take.
const PATH_MAX: usize = 4095;

/// The most bytes of the arguments and the environment.
const BYTES_MAX: usize = 1 << 20;

/// What is kept of a text beside its bytes, about.
const TEXT_COST: usize = 32;

impl Io {
    /// Checks a command of a guest and keeps it.
    pub(super) fn create_command(
        &mut self,
        program: &str,
        arguments: &[String],
        options: CommandOptions,
    ) -> Result<u64, Refusal> {
        self.not_in_worker()?;
        check_words(program, arguments)?;
        check_environment(options.environment.as_deref())?;
        let redirects = descriptors(options.stdin, options.stdout, options.stderr, options.extra)?;
        let path = self.grants.run(program, arguments)?;
        let environment = self.grants.child_env(options.environment)?;
        let length = length(program, arguments, &environment)?;
        let texts = 1 + arguments.len() + environment.len();
        let paths = length_of_paths(options.directory.as_deref(), &redirects)?;
        let kept = length + texts * TEXT_COST + paths;
        let permit = self.buffered.take(kept as u64);
        let permit = permit.ok_or(ErrorCode::QuotaExceeded)?;
        let command = Command::new(&path)
            .and_then(|command| with_words(command, program, arguments, &environment));
        let command = command.map_err(|error| error_code("prepare a command", &error))?;
        let command = self.children.bound(command.group(group(options.group)));
        let prepared = Prepared {
            program: path,
            command,
            directory: options.directory,
            redirects,
            _permit: permit,
        };
        Ok(self.open(Object::Command(Arc::new(prepared)))?)
    }
}

fn with_words(
    command: Command,
    program: &str,
    arguments: &[String],
    environment: &[(String, String)],
) -> io::Result<Command> {
    let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
    let pairs = environment.iter();
    let pairs = pairs.map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
    command.arguments(words)?.environment(pairs)
}

fn check_words(program: &str, arguments: &[String]) -> Code<()> {
    if arguments.len() > ARGUMENTS_MAX {
        return Err(ErrorCode::OutOfRange);
    }
    let mut words = arguments.iter().map(String::as_str).chain([program]);
    if program.is_empty() || words.any(|word| word.contains('\0')) {
        return Err(ErrorCode::InvalidArgument);
    }
    match program.len() {
        0..=PATH_MAX => Ok(()),
        _ => Err(ErrorCode::NameTooLong),
    }
}

fn check_environment(variables: Option<&[(String, String)]>) -> Code<()> {
    let variables = variables.unwrap_or_default();
    if variables.len() > VARIABLES_MAX {
        return Err(ErrorCode::OutOfRange);
    }
    let is_bad = |(name, value): &(String, String)| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    match variables.iter().any(is_bad) {
        true => Err(ErrorCode::InvalidArgument),
        false => Ok(()),
    }
}

/// How many bytes it all takes, as the system counts: each text has an end.
fn length(program: &str, arguments: &[String], environment: &[(String, String)]) -> Code<usize> {
    let words = arguments.iter().map(|word| word.len() + 1);
    let pairs = environment
        .iter()
        .map(|(name, value)| name.len() + value.len() + 2);
    let length = program.len() + 1 + words.chain(pairs).sum::<usize>();
    match length {
        0..=BYTES_MAX => Ok(length),
        _ => Err(ErrorCode::ArgumentsTooLong),
    }
}

/// How many bytes the paths take, each of which may be as long as that of a program.
fn length_of_paths(directory: Option<&str>, redirects: &[Descriptor]) -> Code<usize> {
    let files = redirects.iter().filter_map(|kept| match &kept.redirect {
        Redirect::File(path, _) => Some(path.as_str()),
        _ => None,
    });
    let mut lengths = files.chain(directory).map(str::len);
    lengths.try_fold(0, |all, length| match length {
        0..=PATH_MAX => Ok(all + length),
        _ => Err(ErrorCode::NameTooLong),
    })
}

/// What each descriptor is to be; the standard ones come first.
fn descriptors(
    stdin: Wanted,
    stdout: Wanted,
    stderr: Wanted,
    extra: Vec<ExtraDescriptor>,
) -> Code<Vec<Descriptor>> {
    if extra.len() > EXTRA_MAX {
        return Err(ErrorCode::OutOfRange);
    }
    let standard = [(0, stdin), (1, stdout), (2, stderr)].map(|(number, redirect)| Descriptor {
        number,
        reads: number == 0,
        redirect: kept(number, redirect),
    });
    let mut all = Vec::from(standard);
    for descriptor in extra {
        check_extra(&all, descriptor.number, &descriptor.redirect)?;
        all.push(Descriptor {
            number: descriptor.number,
            reads: descriptor.reads,
            redirect: kept(descriptor.number, descriptor.redirect),
        });
    }
    let unknown = |one: &Descriptor| matches!(one.redirect, Redirect::Standard(3..));
    if all.iter().any(unknown) {
        return Err(ErrorCode::OutOfRange);
    }
    let misused = |descriptor: &Descriptor| {
        descriptor.number != 2 && matches!(descriptor.redirect, Redirect::Stdout)
    };
    match all.iter().any(misused) {
        true => Err(ErrorCode::InvalidArgument),
        false => Ok(all),
    }
}

fn check_extra(others: &[Descriptor], number: u32, redirect: &Wanted) -> Code<()> {
    if !(3..=NUMBER_MAX).contains(&number) {
        return Err(ErrorCode::OutOfRange);
    }
    let twice = others.iter().any(|other| other.number == number);
    // The guest has three streams of its own.
    match twice || matches!(redirect, Wanted::Inherit) {
        true => Err(ErrorCode::InvalidArgument),
        false => Ok(()),
    }
}

fn group(group: ProcessGroup) -> Group {
    match group {
        ProcessGroup::Inherit => Group::Inherit,
        ProcessGroup::NewGroup => Group::New,
        ProcessGroup::NewSession => Group::NewSession,
    }
}

/// What is kept of what is wanted of the descriptor of this number.
fn kept(number: u32, wanted: Wanted) -> Redirect {
    match wanted {
        Wanted::Null => Redirect::Null,
        Wanted::Inherit => Redirect::Standard(number),
        Wanted::Standard(number) => Redirect::Standard(number),
        Wanted::Pipe => Redirect::Pipe,
        Wanted::File(file) => Redirect::File(file.path, file.mode.into()),
        Wanted::Handle(handle) => Redirect::Handle(handle),
        Wanted::Stdout => Redirect::Stdout,
    }
}

impl From<Mode> for FileMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Read => Self::Read,
            Mode::Write => Self::Write,
            Mode::Append => Self::Append,
        }
    }
}
