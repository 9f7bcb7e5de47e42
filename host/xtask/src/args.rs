//! The command line: what can be asked for and how it is described.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::bench::native::Kind;

/// Developer tasks of aio-host.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// One task.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Prepare what guests need: a Rust that compiles to wasm
    ///
    /// Takes the targets of the active toolchain when they are there, else asks rustup for them,
    /// else unpacks Debian's rustc-web into `.tools/rust-wasm` (nothing is installed) and builds
    /// its standard library for wasm. Does nothing the second time.
    Toolchain(Choice),
    /// Install the programs that tests talk to, where they are missing
    ///
    /// openssl, nginx, redis-server, postgresql and dnsmasq, by apt. As another user than root it
    /// only says what to type. Then, by pip, the Python packages of tests/packages/requirements.txt
    /// into `.tools/packages-venv`.
    Packages,
    /// Build every guest into target/guests
    ///
    /// Compiles the workspace `guests/Cargo.toml` for wasm32-wasip2: test programs and examples.
    /// The components are in `target/guests/wasm32-wasip2/release` and its `examples` folder. The
    /// Python runtime is `target/guests/python/python.wasm`; what builds it is fetched by pip into
    /// `.tools/python-venv`.
    Guests(Guests),
    /// Check style as if it were a test
    ///
    /// Prints one line `path:line: what` for each finding, and fails if there is one.
    Tidy,
    /// Format, lint, document and tidy, without changing a file
    Check(Choice),
    /// Prepare everything and run all tests
    ///
    /// From an empty clone: packages, the toolchain, the guests, then `cargo test --workspace`.
    Test(Test),
    /// Run CPython's own tests of asyncio, by CPython and by the Python runtime
    ///
    /// CPython 3.14 and its tests are fetched by apt into `.tools/cpython314` (nothing is
    /// installed). Tests that pass natively and not in the guest have to be in the list
    /// `tests/conformance/expected.txt`, each below its cause. The runtime that is tested has the
    /// asyncio of the suite's release; complaints are in `target/python-conformance`.
    PythonConformance(Conformance),
    /// Run what CI runs: check, then test
    Ci(Choice),
    /// Measure: networks, children, signals and workers beside native programs, memory, timers
    ///
    /// One run, one table, also written as JSON. Servers run on one core, the load on another. The
    /// native Python servers live in a venv that is made in `.tools/bench-venv`, wasmtime in
    /// `.tools/bench-wasmtime`, CPython 3.14 in `.tools/cpython314`. Needs Linux, where the CPU
    /// time of a server can be read, and half a gigabyte of memory.
    Bench(Bench),
    /// Run one of the native servers that the benchmark compares with
    #[command(hide = true)]
    BenchServer {
        /// Which server
        kind: Kind,
        /// Where the certificate of a server of TLS is, or for how many seconds to work
        argument: Option<PathBuf>,
    },
}

/// Which Rust compiles the guests.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Choice {
    /// Use the toolchain unpacked from Debian even if the active one can compile to wasm
    #[arg(long)]
    pub(crate) fallback: bool,
}

/// Which guests to build.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Guests {
    #[command(flatten)]
    pub(crate) toolchain: Choice,
    /// Build only these
    pub(crate) which: Option<GuestSet>,
}

/// Guests that are built in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GuestSet {
    /// Those in Rust
    Rust,
    /// The Python runtime
    Python,
}

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) toolchain: Choice,
    /// Arguments for `cargo test`, such as the name of a test
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
}

/// Which of CPython's tests to run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Conformance {
    /// Use aio-host as it is built already
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Run only these files, as in test_tasks
    pub(crate) files: Vec<String>,
}

/// What to measure, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// Seconds of each measurement of a server, after half a second of warm-up
    #[arg(long, default_value = "3", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// How often each server is measured, in turn with the others; the median is reported
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Numbers of connections of the parts echo, timer and wasi
    #[arg(long, value_delimiter = ',', default_value = "1,50,1000",
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: Vec<u16>,
    /// Measure only these parts
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
    /// Measure only these servers
    #[arg(long, value_delimiter = ',', value_name = "SERVER")]
    pub(crate) servers: Vec<Server>,
    /// Where the results are written as JSON
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    pub(crate) json: PathBuf,
    /// Measure what is built already, without building the host and the guests first
    #[arg(long)]
    pub(crate) no_build: bool,
}

impl Bench {
    /// Whether `part` is to be measured.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Whether `server` is to be measured.
    pub(crate) fn wants_server(&self, server: Server) -> bool {
        self.servers.is_empty() || self.servers.contains(&server)
    }
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// TCP echo of 1 KiB, beside mio, asyncio and uvloop
    Echo,
    /// TCP bulk in writes of 64 KiB, sent and received, beside mio
    Bulk,
    /// UDP ping-pong of 1 KiB, beside mio
    Udp,
    /// TCP echo of 1 KiB over TLS, beside mio and rustls
    Tls,
    /// TCP echo of 1 KiB by a program of WASI 0.3, beside `wasmtime run`
    Wasi,
    /// Memory of an idle connection
    Idle,
    /// How late a timer is under full echo load
    Timer,
    /// What one call from a guest costs
    Calls,
    /// Start of hello from the cache
    Start,
    /// The benchmarks of `aio-loop`
    Loop,
    /// Spawn and wait of `/bin/true`, beside asyncio
    Spawn,
    /// Bytes through `cat` and back, beside mio
    Cat,
    /// A thousand children at once, all reaped, beside asyncio
    Children,
    /// From a signal to the guest and back, beside asyncio
    Signal,
    /// A list of jobs that compute, inline and in workers
    Workers,
    /// Echo by asyncio in Python, beside CPython 3.14 and uvloop
    PythonEcho,
    /// `call_soon`, timers and task switches in Python, beside them
    PythonTurns,
    /// Hello by aiohttp, beside them
    PythonHttp,
    /// Start of Python until the first line of `asyncio.run`
    PythonStart,
}

/// A server under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// Native server that reads until it would block, as the documentation of its library asks
    Mio,
    /// The same, but a short read ends the loop: the tightest native server
    MioShortRead,
    /// Our guest, operations batched through the ring
    GuestRing,
    /// The same, giving the thread back to the loop in every turn
    GuestRingUnparked,
    /// Our guest, one async import per operation
    GuestAsync,
    /// The host of wasmtime itself, running a program of WASI 0.3
    Wasmtime,
    /// Our host, running that program
    GuestWasi,
    /// Our guest, computing by itself
    GuestInline,
    /// Our guest, computing in workers
    GuestWorkers,
    /// Python in our host
    GuestPython,
    /// Native Python with its own loop
    Asyncio,
    /// Native Python with uvloop
    Uvloop,
}

impl Server {
    /// The name in the table and in the JSON, the same as on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mio => "mio",
            Self::MioShortRead => "mio-short-read",
            Self::GuestRing => "guest-ring",
            Self::GuestRingUnparked => "guest-ring-unparked",
            Self::GuestAsync => "guest-async",
            Self::Wasmtime => "wasmtime",
            Self::GuestWasi => "guest-wasi",
            Self::GuestInline => "guest-inline",
            Self::GuestWorkers => "guest-workers",
            Self::GuestPython => "guest-python",
            Self::Asyncio => "asyncio",
            Self::Uvloop => "uvloop",
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err("not between 0.1 and 3600 seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_server_has_the_name_it_is_asked_for_by() {
        for server in Server::value_variants() {
            let value = server.to_possible_value().unwrap();
            assert_eq!(value.get_name(), server.name());
        }
    }

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(seconds("0.1"), Ok(Duration::from_millis(100)));
        assert_eq!(seconds("3600"), Ok(Duration::from_secs(3600)));
        for wrong in ["0.09", "3601", "NaN", "-1", "x"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn arguments_after_two_dashes_go_to_cargo() {
        let args = Args::parse_from(["xtask", "test", "--", "timers", "--", "--nocapture"]);
        let Task::Test(test) = args.task else {
            panic!("not a test task");
        };
        assert_eq!(test.args, ["timers", "--", "--nocapture"]);
    }
}
