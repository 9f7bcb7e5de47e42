//! What to run, put together word by word. Nothing is asked of the host before it is prepared.

use super::{Child, ExtraDescriptor, Output, Prepared, ProcessGroup, Stdio};
use crate::bindings::aio::host::process::CommandOptions;
use crate::bindings::aio::host::types::ErrorCode;

/// A program or a script, and what its child is to have. May be spawned many times.
///
/// Standard streams are the guest's own unless they are set, or [`Command::output`] asks for them.
///
/// ```ignore
/// let output = Command::new("uname").arg("-s").output().await?;
/// let sorter = Command::new("sort").stdin(Stdio::Pipe).stdout(Stdio::Pipe).spawn()?;
/// let sorted = sorter.communicate(b"b\na\n").await?.stdout;
/// ```
#[derive(Clone, Debug)]
pub struct Command {
    program: Program,
    arguments: Vec<String>,
    environment: Option<Vec<(String, String)>>,
    directory: Option<String>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    extra: Vec<ExtraDescriptor>,
    group: ProcessGroup,
}

#[derive(Clone, Debug)]
enum Program {
    Path(String),
    Script(String),
}

impl Command {
    /// Runs `program`: a path of the host, or a name that is looked up in the host's PATH.
    pub fn new(program: impl Into<String>) -> Self {
        Self::of(Program::Path(program.into()))
    }

    /// Runs `script` as `/bin/sh -c SCRIPT`. Arguments are not added to it.
    pub fn shell(script: impl Into<String>) -> Self {
        Self::of(Program::Script(script.into()))
    }

    fn of(program: Program) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            environment: None,
            directory: None,
            stdin: None,
            stdout: None,
            stderr: None,
            extra: Vec::new(),
            group: ProcessGroup::Inherit,
        }
    }

    /// Adds an argument; up to 4,096.
    pub fn arg(&mut self, argument: impl Into<String>) -> &mut Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, arguments: impl IntoIterator<Item: Into<String>>) -> &mut Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable beside those of the guest, or of those that are set since
    /// [`Command::env_clear`]. Another value than the guest's own has to be granted
    /// (`--allow-child-env`).
    pub fn env(&mut self, name: &str, value: &str) -> &mut Self {
        let environment = self
            .environment
            .get_or_insert_with(|| std::env::vars().collect());
        environment.retain(|(other, _)| other != name);
        environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Begins with no variable at all instead of the guest's.
    pub fn env_clear(&mut self) -> &mut Self {
        self.environment = Some(Vec::new());
        self
    }

    /// Sets the working directory, a granted one as the guest sees it.
    pub fn current_dir(&mut self, directory: impl Into<String>) -> &mut Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets what the child reads.
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.stdin = Some(stdin.into());
        self
    }

    /// Sets where the child writes.
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// Sets where the child complains: [`Stdio::Stdout`] is where it writes.
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// Adds a descriptor beside the three standard ones; up to 64.
    pub fn descriptor(&mut self, descriptor: ExtraDescriptor) -> &mut Self {
        self.extra.push(descriptor);
        self
    }

    /// Sets who gets its signals.
    pub fn group(&mut self, group: ProcessGroup) -> &mut Self {
        self.group = group;
        self
    }

    /// Has the host check it, and keep it under a handle: what the ring spawns. Errors:
    /// `access-denied` (granted by `--allow-run`, `--allow-child-env`), and those of
    /// `process.command.create`.
    pub fn prepare(&self) -> Result<Prepared, ErrorCode> {
        self.prepare_with([Stdio::Inherit, Stdio::Inherit, Stdio::Inherit])
    }

    /// Starts a child. Errors: those of [`Command::prepare`], and those of
    /// `process.command.spawn`: `not-found`, `not-permitted`, `not-executable` and more.
    pub fn spawn(&self) -> Result<Child, ErrorCode> {
        Child::of(&self.prepare()?)
    }

    /// Starts a child without input, and waits until it has written all and ended. Standard
    /// streams that are set stay as they are.
    pub async fn output(&self) -> Result<Output, ErrorCode> {
        let prepared = self.prepare_with([Stdio::Null, Stdio::Pipe, Stdio::Pipe])?;
        Child::of(&prepared)?.communicate(b"").await
    }

    fn prepare_with(&self, [stdin, stdout, stderr]: [Stdio; 3]) -> Result<Prepared, ErrorCode> {
        let options = CommandOptions {
            environment: self.environment.clone(),
            directory: self.directory.clone(),
            stdin: self.stdin.clone().unwrap_or(stdin),
            stdout: self.stdout.clone().unwrap_or(stdout),
            stderr: self.stderr.clone().unwrap_or(stderr),
            extra: self.extra.clone(),
            group: self.group,
        };
        match &self.program {
            Program::Path(program) => Prepared::create(program, &self.arguments, &options),
            Program::Script(script) => Prepared::shell(script, &options),
        }
    }
}
