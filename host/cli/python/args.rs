//! The command line of `aio-host python`: python3's own, beside the grants and limits of a guest.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgAction;

use crate::args::{GrantArgs, LimitArgs, RunningArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct PythonArgs {
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
    #[command(flatten)]
    pub(crate) interpreter: InterpreterArgs,

    /// Builds FILE, or a folder with a `__main__.py`, into a component of its own, with what
    /// lies in its folder and the packages of --venv: `aio-host run` runs it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "code", "module"])]
    pub(crate) build: Option<PathBuf>,

    /// Where the component goes [default: FILE with the ending .wasm].
    #[arg(short, long, value_name = "OUT.wasm", requires = "build")]
    #[arg(conflicts_with_all = ["file", "code", "module"])]
    pub(crate) output: Option<PathBuf>,

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

impl ProgramArgs {
    /// Whether lines that are typed are run: there is nothing else, or asyncio's own prompt.
    pub(super) fn is_prompt(&self) -> bool {
        let nothing = self.code.is_empty() && self.module.is_empty();
        let stdin = self.file.first().is_none_or(|file| file == "-");
        nothing && stdin || self.module == ["asyncio"]
    }
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

    #[command(flatten)]
    pub(crate) letters: LetterArgs,
}

/// Options without a value, each of which may be given more than once.
#[derive(Debug, clap::Args)]
pub(crate) struct LetterArgs {
    /// Writes no compiled files, which the runtime never does.
    #[arg(short = 'B', action = ArgAction::Count)]
    bytecode: u8,

    /// Ignores variables whose names begin with PYTHON.
    #[arg(short = 'E', action = ArgAction::Count)]
    environment: u8,

    /// Isolates the program: -E, -P and -s.
    #[arg(short = 'I', action = ArgAction::Count)]
    isolated: u8,

    /// Leaves assertions out of what it compiles; -OO docstrings too.
    #[arg(short = 'O', action = ArgAction::Count)]
    optimize: u8,

    /// Does not look for modules beside the program.
    #[arg(short = 'P', action = ArgAction::Count)]
    safe_path: u8,

    /// Leaves out the packages of --venv.
    #[arg(short = 'S', action = ArgAction::Count)]
    no_site: u8,

    /// Prints the version of Python; -VV more of it.
    #[arg(short = 'V', long = "version", action = ArgAction::Count)]
    version: u8,

    /// Prompts for more when the program has ended.
    #[arg(short = 'i', action = ArgAction::Count)]
    inspect: u8,

    /// Prints no version before a prompt.
    #[arg(short = 'q', action = ArgAction::Count)]
    quiet: u8,

    /// Leaves out the user's own packages, which the runtime never has.
    #[arg(short = 's', action = ArgAction::Count)]
    no_user_site: u8,

    /// Writes output at once, also where no terminal is.
    #[arg(short = 'u', action = ArgAction::Count)]
    unbuffered: u8,

    /// Tells of each module that is imported; -vv of each file that is looked for.
    #[arg(short = 'v', action = ArgAction::Count)]
    verbose: u8,

    /// Leaves out the first line of FILE.
    #[arg(short = 'x', action = ArgAction::Count)]
    skip_first_line: u8,
}

impl LetterArgs {
    /// As they are on python3's own command line.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let counts = [
            ("-B", self.bytecode),
            ("-E", self.environment),
            ("-I", self.isolated),
            ("-O", self.optimize),
            ("-P", self.safe_path),
            ("-S", self.no_site),
            ("-V", self.version),
            ("-i", self.inspect),
            ("-q", self.quiet),
            ("-s", self.no_user_site),
            ("-u", self.unbuffered),
            ("-v", self.verbose),
            ("-x", self.skip_first_line),
        ];
        let repeated = |(word, count): (&str, u8)| vec![word.to_owned(); count.into()];
        counts.into_iter().flat_map(repeated)
    }

    /// Whether a prompt follows the program.
    pub(super) fn prompts_after(&self) -> bool {
        self.inspect > 0
    }

    /// Whether variables say how Python runs.
    pub(super) fn minds_variables(&self) -> bool {
        self.environment == 0 && self.isolated == 0
    }
}

pub(crate) const PYTHON_NOTES: &str = "\
The program is a guest: what it may touch, flags grant, and a refusal is a PermissionError. A folder
that is granted by a relative name (--dir=.) has the path that it has on the host, and a program
whose working directory is granted begins in it. The folders of PYTHONPATH may be read. Variables
that say how Python runs, such as PYTHONASYNCIODEBUG, are passed on.

At a prompt, an interrupt takes back what was typed, or ends what is awaited.

The runtime is CPython 3.14 with its standard library in one component; `cargo xtask guests python`
builds it. It has no threads, and loads no native extensions.

Examples:
  aio-host python -c 'print(1)'
  aio-host python --allow-net=example.com:443 client.py --verbose
                                               --verbose goes to the program
  aio-host python --venv .venv --dir=. -m mypackage
  echo 'print(1)' | aio-host python -
  aio-host python --venv .venv --build app.py -o app.wasm
  aio-host run --allow-net app.wasm            run what was built

Exit codes:
  N    the program's own: 1 for an exception, 120 for output that cannot be written
  2    the command line is wrong, or there is no such file
  125  the host failed
  127  the runtime is missing
  130  ended by SIGINT or KeyboardInterrupt
  134  the runtime trapped, or reached --timeout or --fuel
  143  ended by SIGTERM";
