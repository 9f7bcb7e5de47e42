//! A running child: its pipes, its end, and talking to it without a deadlock.

use super::{Exit, ExitStatus, Prepared};
use crate::bindings::aio::host::process as host;
use crate::bindings::aio::host::streams::ByteStream;
use crate::bindings::aio::host::types::{ErrorCode, Handle};
use crate::{join, read_to_end, write_all};

/// A running child, or one that has ended. Dropping it ends a child that runs: SIGTERM, and after a
/// grace SIGKILL.
#[derive(Debug)]
pub struct Child(host::Child);

/// What a child has written, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to a pipe at its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to a pipe at its standard error.
    pub stderr: Vec<u8>,
}

impl Child {
    pub(super) fn of(prepared: &Prepared) -> Result<Self, ErrorCode> {
        prepared.spawn().map(Self)
    }

    /// Makes a child of a handle, such as the ring's. Errors: `bad-handle`, `quota-exceeded`.
    pub fn by_handle(handle: Handle) -> Result<Self, ErrorCode> {
        host::Child::by_handle(handle).map(Self)
    }

    /// Tells the number by which the ring knows it.
    pub fn as_handle(&self) -> Handle {
        self.0.as_handle()
    }

    /// Tells the number of its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Takes the pipe that it reads. Errors: `invalid-argument` (there is none, or it was taken),
    /// `quota-exceeded`.
    pub fn take_stdin(&self) -> Result<ByteStream, ErrorCode> {
        self.take_pipe(0)
    }

    /// Takes the pipe that it writes to. Errors: as [`Child::take_stdin`].
    pub fn take_stdout(&self) -> Result<ByteStream, ErrorCode> {
        self.take_pipe(1)
    }

    /// Takes the pipe that it complains to. Errors: as [`Child::take_stdin`].
    pub fn take_stderr(&self) -> Result<ByteStream, ErrorCode> {
        self.take_pipe(2)
    }

    /// Takes the guest's end of the pipe at a descriptor of the child. Errors: as
    /// [`Child::take_stdin`].
    pub fn take_pipe(&self, number: u32) -> Result<ByteStream, ErrorCode> {
        self.0.take_pipe(number)
    }

    /// Waits for its end, any number of times. Errors: `cancelled`, `closed`.
    pub async fn wait(&self) -> Result<Exit, ErrorCode> {
        self.0.wait().await
    }

    /// Tells how it ended; none while it runs.
    pub fn try_wait(&self) -> Option<Exit> {
        self.0.try_wait()
    }

    /// Sends it a signal, 1 to 64. Errors: `no-such-process` (it has ended), `out-of-range`.
    pub fn send_signal(&self, number: u32) -> Result<(), ErrorCode> {
        self.0.signal(number)
    }

    /// Asks it to end: SIGTERM. Errors: `no-such-process`.
    pub fn terminate(&self) -> Result<(), ErrorCode> {
        self.0.terminate()
    }

    /// Ends it: SIGKILL. Errors: `no-such-process`.
    pub fn kill(&self) -> Result<(), ErrorCode> {
        self.0.kill()
    }

    /// Writes `input` and closes the pipe, reads all that it writes meanwhile, and waits for its
    /// end. Pipes that were taken before are left alone; that it does not read all is no error.
    /// Errors: `invalid-argument` (input without a pipe), and those of reading and writing.
    pub async fn communicate(&self, input: &[u8]) -> Result<Output, ErrorCode> {
        let [stdin, stdout, stderr] = [self.pipe(0)?, self.pipe(1)?, self.pipe(2)?];
        if stdin.is_none() && !input.is_empty() {
            return Err(ErrorCode::InvalidArgument);
        }
        let reading = join(drain(stdout), drain(stderr));
        let (fed, (stdout, stderr)) = join(feed(stdin, input), reading).await;
        fed?;
        Ok(Output {
            stdout: stdout?,
            stderr: stderr?,
            status: self.wait().await?.status,
        })
    }

    fn pipe(&self, number: u32) -> Result<Option<ByteStream>, ErrorCode> {
        match self.take_pipe(number) {
            Ok(pipe) => Ok(Some(pipe)),
            Err(ErrorCode::InvalidArgument) => Ok(None),
            Err(code) => Err(code),
        }
    }
}

/// Owns the pipe: the child sees the end when all is written.
async fn feed(stdin: Option<ByteStream>, input: &[u8]) -> Result<(), ErrorCode> {
    let Some(stdin) = stdin else { return Ok(()) };
    match write_all(&stdin, input).await {
        Err(ErrorCode::BrokenPipe | ErrorCode::ConnectionReset) => Ok(()),
        result => result,
    }
}

async fn drain(pipe: Option<ByteStream>) -> Result<Vec<u8>, ErrorCode> {
    match pipe {
        Some(pipe) => read_to_end(&pipe).await,
        None => Ok(Vec::new()),
    }
}
