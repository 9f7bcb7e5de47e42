//! The command line, as clap reads it and as `--help` tells it. Turns text into rules and limits,
//! and decides nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use aio_host::capability::{
    ChildEnvRule, DirGrant, EnvRule, IdentityGrant, ListenRule, NetRule, RunRule, SignalRule,
    UnixRule,
};
use aio_host::policy::child::parse_child_limits;
use aio_host::policy::units::{parse_duration, parse_size};
use aio_host::quota::ChildLimits;
use clap::builder::styling::Styles;
use clap::{Parser, Subcommand};

use crate::python::args::{PYTHON_NOTES, PythonArgs};

/// Runs WebAssembly components that wait: asyncio for WebAssembly.
///
/// A guest is a component (.wasm), its text form (.wat), or a WASI 0.1 program, which is adapted on
/// the fly. It may touch nothing but what flags or a policy file grant.
#[derive(Debug, Parser)]
#[command(name = "aio-host", version, after_long_help = EXAMPLES, styles = Styles::plain())]
#[command(disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a guest to its end.
    #[command(after_long_help = RUN_NOTES, override_usage = "aio-host run [FLAGS] GUEST [ARGS]...")]
    Run(Box<RunArgs>),
    /// Runs a Python program, with asyncio, as a guest.
    #[command(after_long_help = PYTHON_NOTES)]
    #[command(override_usage = "aio-host python [FLAGS] [-c CODE | -m MOD | FILE | -] [ARGS]...")]
    Python(Box<PythonArgs>),
    /// Compiles a guest to native code, which starts at once.
    ///
    /// The result fits this version of aio-host and this kind of machine alone. It is native code:
    /// `aio-host run` takes it only with --allow-precompiled.
    #[command(after_long_help = COMPILE_NOTES)]
    Compile(CompileArgs),
    /// Tells what a guest imports and exports, what it would need, and what is missing.
    ///
    /// Nothing of the guest is run.
    #[command(after_long_help = CHECK_NOTES)]
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The guest, and its arguments: all that follows GUEST goes to the guest, flags too.
    #[arg(value_name = "GUEST", required = true, trailing_var_arg = true, num_args = 1..)]
    pub(crate) guest_and_args: Vec<OsString>,

    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) running: RunningArgs,

    /// Runs a .cwasm that `aio-host compile` has made. You vouch for it: it is native code, which
    /// no policy confines. Not implied by --allow-all.
    #[arg(long, help_heading = "Running")]
    pub(crate) allow_precompiled: bool,

    /// Gives the thread back to the loop in every turn of the ring; for the benchmark.
    #[arg(long, hide = true)]
    pub(crate) no_park_in_place: bool,
}

/// How the guest is compiled and ended.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct RunningArgs {
    /// After the first SIGINT or SIGTERM, lets the guest clean up this long before it is killed.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "5s")]
    pub(crate) grace: Duration,

    /// Compiles anew, and neither reads nor writes the compile cache.
    ///
    /// The cache is a folder of the user: $XDG_CACHE_HOME/aio-host, or ~/.cache/aio-host.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// What the guest may touch.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Permissions")]
pub(crate) struct GrantArgs {
    /// Grants connecting to HOST, and looking it up; to any address without a value.
    ///
    /// Several are separated by commas, here and below, and flags may be repeated. HOST is a name,
    /// *.NAME for all names below it, an address ([V6] in brackets), a network such as 10.0.0.0/8
    /// or [fd00::/8], or * for any. Without PORT, all ports.
    #[arg(long, value_name = "HOST[:PORT]", num_args = 0.., require_equals = true)]
    #[arg(value_delimiter = ',', default_missing_value = "*")]
    pub(crate) allow_net: Vec<NetRule>,

    /// Grants listening at ADDR:PORT.
    ///
    /// ADDR is that very address ([V6] in brackets): 0.0.0.0 and [::] are no wildcards, * is. PORT
    /// 0 means only a port that the system chooses, * any port.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        require_equals = true,
        value_delimiter = ','
    )]
    pub(crate) allow_listen: Vec<ListenRule>,

    /// Grants the abstract Unix socket NAME: listening, connecting and sending. NAME* stands for
    /// all that begin so. What has a path is granted by --dir.
    #[arg(
        long,
        value_name = "@NAME",
        require_equals = true,
        value_delimiter = ','
    )]
    pub(crate) allow_unix: Vec<UnixRule>,

    /// Passes these environment variables on, if they are set.
    #[arg(
        long,
        value_name = "NAME",
        require_equals = true,
        value_delimiter = ','
    )]
    pub(crate) allow_env: Vec<EnvRule>,

    /// Sets an environment variable of the guest.
    #[arg(long, value_name = "K=V", value_parser = parse_pair)]
    pub(crate) env: Vec<(EnvRule, String)>,

    /// Grants running PROGRAM, with any arguments that begin with ARG; every program without a
    /// value. A child is outside of the sandbox: see --confine-children.
    ///
    /// The value is split into words as a shell does, and not at commas. PROGRAM is a path, or a
    /// name that is looked up in the PATH at once. It must not lie where the guest may write. A
    /// script of the shell is granted as "/bin/sh -c".
    #[arg(long, value_name = "PROGRAM[ ARG...]", num_args = 0.., require_equals = true)]
    #[arg(default_missing_value = "*")]
    pub(crate) allow_run: Vec<RunRule>,

    /// Lets the guest set the variable NAME of its children. NAME* stands for all that begin so.
    ///
    /// Those that the guest itself has it may pass on. What begins with LD_, DYLD_ or PYTHON needs
    /// to be named, also by a NAME* that begins so.
    #[arg(
        long,
        value_name = "NAME",
        require_equals = true,
        value_delimiter = ','
    )]
    pub(crate) allow_child_env: Vec<ChildEnvRule>,

    /// Lets the guest listen for signals that reach the host: a name such as TERM, a number, or *.
    #[arg(
        long,
        value_name = "NAME",
        require_equals = true,
        value_delimiter = ','
    )]
    pub(crate) allow_signal: Vec<SignalRule>,

    /// Grants the terminal: its size and that it changes, raw mode, and escape sequences, which
    /// are left out of the guest's output otherwise.
    #[arg(long)]
    pub(crate) allow_terminal: bool,

    /// Grants a directory and all below it, which the guest sees as GUEST; with :ro to read only.
    /// Unix sockets in it are granted too, not with :ro.
    #[arg(long, value_name = "HOST::GUEST[:ro]")]
    pub(crate) dir: Vec<DirGrant>,

    /// Passes a listening socket that the parent of aio-host has opened as descriptor FD, such as
    /// systemd does; the guest takes it over by NAME.
    #[cfg(unix)]
    #[arg(long, value_name = "NAME=FD", value_parser = parse_listen_fd)]
    pub(crate) listen_fd: Vec<(String, i32)>,

    /// Lets the guest use a certificate and its private key, by NAME; it never sees the key.
    ///
    /// CERT.pem has the certificates, the own one first; one file may have both.
    #[arg(long, value_name = "NAME=CERT.pem,KEY.pem", require_equals = true)]
    pub(crate) tls_identity: Vec<IdentityGrant>,

    /// Grants all connections, lookups, listeners, abstract Unix names, environment variables,
    /// programs, signals and the terminal. Directories still need --dir, and private keys
    /// --tls-identity.
    #[arg(short = 'A', long)]
    pub(crate) allow_all: bool,

    /// Reads a policy file (TOML). It adds to the flags, its denies beat every flag, and flags beat
    /// its limits.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// How much the guest may hold.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Limits linear memory: bytes, or a number with KiB, MiB or GiB [default: 1GiB].
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_memory: Option<usize>,

    /// Limits the stack of each of the guest's calls, which is beyond --max-memory: 64KiB to 1GiB
    /// [default: 512KiB, of `aio-host python` 64MiB].
    #[arg(long, value_name = "SIZE", value_parser = parse_stack)]
    pub(crate) max_stack: Option<usize>,

    /// Limits the objects that are open at a time: listeners, connections and whatever else the
    /// guest has handles of [default: 10000].
    #[arg(long, value_name = "N")]
    pub(crate) max_handles: Option<u32>,

    /// Limits the sockets that are open at a time, or being connected; each address of a listener
    /// counts [default: 20000].
    #[arg(long, value_name = "N")]
    pub(crate) max_sockets: Option<u32>,

    /// Limits the bytes that the host keeps for the guest, such as writes that wait: bytes, or a
    /// number with KiB, MiB or GiB [default: 64MiB].
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_buffered: Option<usize>,

    /// Limits the name look-ups in flight [default: 64].
    #[arg(long, value_name = "N")]
    pub(crate) max_lookups: Option<u32>,

    /// Limits the operations that wait on the ring [default: 65536].
    #[arg(long, value_name = "N")]
    pub(crate) max_operations: Option<u32>,

    /// Limits the children at a time [default: 64].
    #[arg(long, value_name = "N")]
    pub(crate) max_children: Option<u32>,

    /// Limits what each child may use: time on a CPU, memory, descriptors. Any may be left out
    /// [default: as the host].
    #[arg(long, value_name = "cpu=10s,mem=512MiB,files=64", value_parser = parse_child_limits)]
    pub(crate) child_limit: Option<ChildLimits>,

    /// Gives children this long to end when they are asked to, before they are killed [default:
    /// 5s].
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) child_grace: Option<Duration>,

    /// Confines children to the granted directories and programs, without a network unless all of
    /// it is granted (Linux).
    #[arg(long)]
    pub(crate) confine_children: bool,

    /// Limits the jobs that run at a time on threads of their own; 0 for none [default: the number
    /// of CPUs].
    #[arg(long, value_name = "N")]
    pub(crate) max_workers: Option<u32>,

    /// Limits the jobs that wait for a thread [default: 1024].
    #[arg(long, value_name = "N")]
    pub(crate) max_jobs: Option<u32>,

    /// Ends the guest after a time: a number with ms, s, m or h [default: never].
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Ends the guest after about N instructions [default: never].
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompileArgs {
    /// The guest.
    #[arg(value_name = "GUEST")]
    pub(crate) guest: PathBuf,

    /// Where the native code goes; a file that is there is replaced, once all went well.
    #[arg(short, long, value_name = "OUT.cwasm")]
    pub(crate) output: PathBuf,

    /// Counts fuel in the code: `aio-host run --fuel` needs that, and takes no other code.
    #[arg(long)]
    pub(crate) fuel: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The guest.
    #[arg(value_name = "GUEST")]
    pub(crate) guest: PathBuf,

    /// Tells it as JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Neither reads nor writes the compile cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

fn parse_pair(text: &str) -> Result<(EnvRule, String), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("a variable is set as in NAME=VALUE".to_owned());
    };
    let name = name.parse().map_err(|error| format!("{error}"))?;
    Ok((name, value.to_owned()))
}

#[cfg(unix)]
fn parse_stack(text: &str) -> Result<usize, String> {
    let size = parse_size(text).map_err(|error| error.to_string())?;
    let possible = (64 << 10..=1 << 30).contains(&size);
    possible
        .then_some(size)
        .ok_or_else(|| "a stack has 64KiB to 1GiB".to_owned())
}

fn parse_listen_fd(text: &str) -> Result<(String, i32), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let number = |(name, fd): (&str, &str)| {
        let fd = fd.parse().ok().filter(|fd| *fd >= 3)?;
        Some((name.to_owned(), fd))
    };
    let parsed = parts.and_then(number);
    parsed.ok_or_else(|| "a listener is passed as in NAME=FD, with FD from 3 on".to_owned())
}

/// What `main.rs` decides, told under both `aio-host --help` and `aio-host run --help`.
macro_rules! exit_codes {
    () => {
        "
Exit codes:
  N    the guest's own: 0 for success, 1 for an error it returned
  2    the command line or the policy file is wrong
  125  the host failed
  126  the guest is not a component, or cannot be linked
  127  the guest cannot be read
  130  ended by SIGINT
  134  the guest trapped, or reached --timeout or --fuel
  143  ended by SIGTERM"
    };
}

const EXAMPLES: &str = concat!(
    "\
Examples:
  aio-host run hello.wasm                      run a guest that may touch nothing
  aio-host run --allow-listen=127.0.0.1:8080 server.wasm --verbose
                                               --verbose goes to the guest
  aio-host run --help                          all permissions and limits
  aio-host python --allow-net app.py           run a Python program
  aio-host check server.wasm                   what does it need?
  aio-host compile server.wasm -o server.cwasm
",
    exit_codes!()
);

const RUN_NOTES: &str = concat!(
    "\
What is not granted is refused: the guest gets an error code, and stderr says once what was refused
and which flag would allow it.

The first SIGINT or SIGTERM asks the guest to stop: what it waits for ends as cancelled. The second,
or the end of --grace, kills it. A signal that the guest listens for itself (--allow-signal) does
neither while it does.

Examples:
  aio-host run --allow-net=example.com:443,10.0.0.0/8 client.wasm
  aio-host run --allow-net client.wasm         connect to any address
  aio-host run --allow-listen=127.0.0.1:0 server.wasm
  aio-host run --dir ./data::/data:ro --allow-env=LANG --env MODE=fast tool.wasm in.txt
  aio-host run --allow-run=\"git log\" --allow-run=make build.wasm
  aio-host run --policy app.toml --timeout 30s --max-memory 64MiB app.wasm

A policy file, each key of which may be left out:
  [allow]
  net = [\"example.com:443\"]
  listen = [\"127.0.0.1:8080\"]
  unix = [\"@app\"]
  env = [\"LANG\"]
  run = [\"ls -l\", \"/bin/sh -c\"]
  child-env = [\"GIT_*\"]
  signal = [\"TERM\", \"HUP\"]
  terminal = true
  dir = [\"data::/data:ro\"]                   # from the folder of this file
  tls-identity = [\"web=cert.pem,key.pem\"]    # that too
  [deny]                                     # beats every allow, --allow-all too
  net = [\"127.0.0.0/8\", \"[::1]\"]
  listen = [\"*:22\"]
  env = [\"AWS_SECRET_ACCESS_KEY\"]
  run = [\"/bin/sh -c reboot\"]
  [env]
  MODE = \"fast\"
  [limits]
  max-memory = \"64MiB\"
  max-handles = 1000
  max-sockets = 500
  max-buffered = \"1MiB\"
  max-lookups = 8
  max-operations = 1000
  max-children = 8
  child-limit = \"cpu=10s,mem=512MiB,files=64\"
  child-grace = \"1s\"
  confine-children = false
  max-workers = 2
  max-jobs = 100
  timeout = \"30s\"
  fuel = 1000000000
",
    exit_codes!()
);

const COMPILE_NOTES: &str = "\
Examples:
  aio-host compile app.wasm -o app.cwasm
  aio-host run --allow-precompiled app.cwasm

Exit codes:
  0    the code is written
  2    the command line is wrong
  125  the code cannot be written
  126  the guest is not a component
  127  the guest cannot be read";

const CHECK_NOTES: &str = "\
Examples:
  aio-host check app.wasm
  aio-host check --json app.wasm

Exit codes:
  0    the guest can be linked
  2    the command line is wrong
  126  something is missing, or the guest is not a component
  127  the guest cannot be read";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn run(args: &[&str]) -> RunArgs {
        let args = [&["aio-host", "run"], args].concat();
        match Args::try_parse_from(args).unwrap().command {
            Command::Run(run) => *run,
            other => panic!("{other:?}"),
        }
    }

    fn refused(args: &[&str]) -> String {
        let args = [&["aio-host", "run"], args].concat();
        Args::try_parse_from(args).unwrap_err().to_string()
    }

    fn net(rules: &[&str]) -> Vec<NetRule> {
        rules.iter().map(|rule| rule.parse().unwrap()).collect()
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn all_after_the_guest_is_the_guests() {
        let run = run(&[
            "--allow-net=a",
            "g.wasm",
            "--allow-net=b",
            "--help",
            "-A",
            "--",
            "-x",
            "y",
        ]);
        assert_eq!(run.grants.allow_net, net(&["a"]));
        assert!(!run.grants.allow_all);
        let args = ["g.wasm", "--allow-net=b", "--help", "-A", "--", "-x", "y"];
        assert_eq!(run.guest_and_args, args);
    }

    #[test]
    fn two_dashes_may_stand_before_the_guest() {
        assert_eq!(
            run(&["-A", "--", "-g.wasm", "x"]).guest_and_args,
            ["-g.wasm", "x"]
        );
    }

    #[test]
    fn rules_come_in_lists_and_flags_repeat() {
        let run = run(&[
            "--allow-net=a:1,[::1]:2",
            "--allow-net=10.0.0.0/8",
            "g.wasm",
        ]);
        assert_eq!(run.grants.allow_net, net(&["a:1", "[::1]:2", "10.0.0.0/8"]));
    }

    #[test]
    fn net_without_a_value_is_any_address_and_takes_no_guest() {
        let run = run(&["--allow-net", "g.wasm"]);
        assert_eq!(run.grants.allow_net, net(&["*"]));
        assert_eq!(run.guest_and_args, ["g.wasm"]);
    }

    #[test]
    fn listen_without_a_value_is_refused() {
        assert!(refused(&["--allow-listen", "g.wasm"]).contains("--allow-listen"));
    }

    #[test]
    fn an_empty_value_is_no_grant_of_everything() {
        assert!(refused(&["--allow-net=", "g.wasm"]).contains("--allow-net"));
        assert!(refused(&["--allow-net=a,", "g.wasm"]).contains("host is empty"));
        assert!(refused(&["--allow-env=", "g.wasm"]).contains("--allow-env"));
    }

    #[test]
    fn a_variable_may_have_an_empty_value_and_equals_signs() {
        let pair = |text| parse_pair(text).map(|(name, value)| (name.as_str().to_owned(), value));
        assert_eq!(pair("A=").unwrap(), ("A".to_owned(), String::new()));
        assert_eq!(pair("A=b=c").unwrap(), ("A".to_owned(), "b=c".to_owned()));
        assert!(pair("A").is_err() && pair("=b").is_err());
    }

    #[test]
    fn a_bad_value_is_told_with_its_flag_and_reason() {
        let said = refused(&["--allow-net=10.0.0.1/8", "g.wasm"]);
        assert!(
            said.contains("10.0.0.1/8")
                && said.contains("--allow-net")
                && said.contains("10.0.0.0/8 is that network"),
            "{said}"
        );
        let said = refused(&["--timeout=5", "g.wasm"]);
        assert!(said.contains("--timeout") && said.contains("5s"), "{said}");
    }

    #[test]
    fn no_guest_is_refused() {
        assert!(refused(&["-A"]).contains("GUEST"));
    }
}
