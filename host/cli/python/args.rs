//! The command line of `aio-host python`: python3's own, beside the grants and limits of a guest.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::args::{GrantArgs, LimitArgs, RunningArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct PythonArgs {
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
    #[command(flatten)]
    pub(crate) interpreter: InterpreterArgs,

    /// The runtime, a component [default: $AIO_HOST_PYTHON, or python.wasm beside aio-host].
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) running: RunningArgs,
}

/// What is run: one of these, or standard input. All that follows it goes to the program.
#[derive(Debug, clap::Args)]
pub(crate) struct ProgramArgs {
    /// A program, a folder or an archive with a `__main__.py`, or - for standard input. The folder
    /// that it lies in may be read.
    #[arg(value_name = "FILE", trailing_var_arg = true, num_args = 0..)]
    pub(crate) file: Vec<OsString>,

    /// Runs this text.
    #[arg(short = 'c', value_name = "CODE", num_args = 1.., allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["module", "file"])]
    pub(crate) code: Vec<OsString>,

    /// Runs a module as a program. If it lies in the working directory, that may be read.
    #[arg(short = 'm', value_name = "MOD", num_args = 1.., allow_hyphen_values = true)]
    #[arg(conflicts_with = "file")]
    pub(crate) module: Vec<OsString>,
}

/// How it is run.
#[derive(Debug, clap::Args)]
pub(crate) struct InterpreterArgs {
    /// Lets the program import, and read, the packages of a virtual environment. They have to be
    /// pure Python.
    #[arg(long, value_name = "DIR")]
    pub(crate) venv: Option<PathBuf>,

    /// Sets an option of the implementation: `dev` for development mode and asyncio's debug mode.
    #[arg(short = 'X', value_name = "OPT")]
    pub(crate) x: Vec<OsString>,

    /// Sets a filter of warnings, such as error.
    #[arg(short = 'W', value_name = "RULE")]
    pub(crate) warnings: Vec<OsString>,

    /// Writes output at once, also where no terminal is.
    #[arg(short = 'u')]
    pub(crate) unbuffered: bool,
}

pub(crate) const PYTHON_NOTES: &str = "\
The program is a guest: what it may touch, flags grant, and a refusal is a PermissionError. A folder
that is granted by a relative name (--dir=.) has the path that it has on the host, and a program
whose working directory is granted begins in it. PYTHONASYNCIODEBUG, PYTHONDEVMODE and
PYTHONUNBUFFERED are passed on.

The runtime is CPython 3.14 with its standard library in one component; `cargo xtask guests python`
builds it. It has no threads, and loads no native extensions.

Examples:
  aio-host python -c 'print(1)'
  aio-host python --allow-net=example.com:443 client.py --verbose
                                               --verbose goes to the program
  aio-host python --venv .venv --dir=. -m mypackage
  echo 'print(1)' | aio-host python -

Exit codes:
  N    the program's own: 1 for an exception, 120 for output that cannot be written
  2    the command line is wrong, or there is no such file
  125  the host failed
  127  the runtime is missing
  130  ended by SIGINT or KeyboardInterrupt
  134  the runtime trapped, or reached --timeout or --fuel
  143  ended by SIGTERM";
