//! `aio-host python`: a Python program in the runtime, which is a guest as any other. Decides what
//! the program sees of the host beyond what flags grant: its own files, to read.

pub(crate) mod args;
mod build;
mod places;
mod runtime;
mod words;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use aio_host::capability::{EnvRule, SignalRule};
use aio_host::{Policy, Stdio};

use crate::report::Failure;
use crate::run::{self, Work};
use args::PythonArgs;
use places::Places;

/// Variables that say how Python runs, and nothing of the machine.
const VARIABLES: [&str; 17] = [
    "PYTHONASYNCIODEBUG",
    "PYTHONBREAKPOINT",
    "PYTHONDEVMODE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONINSPECT",
    "PYTHONINTMAXSTRDIGITS",
    "PYTHONIOENCODING",
    "PYTHONNOUSERSITE",
    "PYTHONOPTIMIZE",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "PYTHONTRACEMALLOC",
    "PYTHONUNBUFFERED",
    "PYTHONVERBOSE",
    "PYTHONWARNINGS",
    "PYTHON_COLORS",
    "NO_COLOR",
];

/// In bytes: enough for the interpreter to count its own depth, and end in an error of Python.
const STACK_MAX: Option<usize> = Some(64 << 20);

/// Runs the program; the number is its own exit code.
pub(crate) fn run(mut args: PythonArgs) -> Result<u8, Failure> {
    let places = Places::find()?;
    if let Some(program) = args.build.take() {
        return build::build(args, &program, &places);
    }
    let granted = std::mem::take(&mut args.grants.dir);
    args.grants.dir = places.named_as_on_the_host(granted);
    let inherited = run::inherited(&args.grants)?;
    let mut policy = run::policy(args.grants, &args.limits)?;
    let prompts = args.program.is_prompt() || args.interpreter.letters.prompts_after();
    if prompts && io::stdin().is_terminal() {
        // There it takes back what was typed, and does not end the program.
        let interrupt = "INT".parse::<SignalRule>().into_iter();
        policy = interrupt.fold(policy, Policy::allow_signal);
    }
    let guest = runtime::find(args.runtime)?;
    let mut words = words::words(args.program, args.interpreter, &places)?;
    let policy = places.with_reading(policy, std::mem::take(&mut words.read))?;
    words.tell_of(policy.dirs());
    let work = Work {
        guest,
        args: words.words,
        stdio: Stdio::Inherit,
        policy: with_variables(policy),
        inherited,
        allow_precompiled: false,
        park_in_place: true,
        stack_max: args.limits.max_stack.or(STACK_MAX),
    };
    work.run(&args.running)
}

fn with_variables(policy: Policy) -> Policy {
    let rules = VARIABLES
        .iter()
        .filter_map(|name| name.parse::<EnvRule>().ok());
    rules.fold(policy, Policy::allow_env)
}

/// The command line of the runtime, and what it has to be able to read.
struct Words {
    words: Vec<String>,
    read: Vec<PathBuf>,
}
