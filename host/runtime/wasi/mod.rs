//! WASI 0.2 and 0.3, interface by interface: clocks, polling and standard streams on our loop;
//! environment, files and random numbers by wasmtime-wasi. Nothing here may reach
//! `wasmtime_wasi::runtime`, where a tokio runtime would start.

/// Links each module named with the same selector and view.
macro_rules! link_all {
    ($linker:ident, $selector:ty, $view:expr, $($interface:path),+ $(,)?) => {
        $({
            use $interface as interface;
            interface::add_to_linker::<State, $selector>($linker, $view)?;
        })+
    };
}

mod clocks;
mod files;
mod sockets;
mod stdin;
mod stdout;

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2, p3};
use wasmtime_wasi_io::bindings::wasi::io as wasi_io;

use crate::capability::{DirGrant, Policy};
use crate::error::{Error, Result};
use crate::state::State;
use crate::stdio::Streams;

/// What WASI keeps of one guest.
pub(crate) struct Wasi {
    ctx: WasiCtx,
}

impl Wasi {
    /// Opens what the policy grants. `args` begin with the name of the program.
    pub(crate) fn new(policy: &Policy, args: &[String], streams: &Streams) -> Result<Self> {
        let mut builder = WasiCtx::builder();
        // Before the directories are opened: each takes the setting along.
        builder.allow_blocking_current_thread(true);
        builder.args(args).envs(&policy.env(host_environment()));
        for grant in policy.dirs() {
            open_dir(&mut builder, grant)?;
        }
        builder
            .stdin(streams.stdin.clone())
            .stdout(streams.stdout.clone())
            .stderr(streams.stderr.clone());
        Ok(Self {
            ctx: builder.build(),
        })
    }
}

/// WASI's strings are Unicode: other variables cannot be passed on.
pub(crate) fn host_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn open_dir(builder: &mut WasiCtxBuilder, grant: &DirGrant) -> Result<()> {
    let permissions = if grant.read_only {
        FsPerms::ReadOnly
    } else {
        FsPerms::ReadWrite
    };
    builder
        .preopened_dir(&grant.host, &grant.guest, permissions)
        .map_err(|error| {
            Error::Config(format!("open directory {}: {error}", grant.host.display()))
        })?;
    Ok(())
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi.ctx,
            table: &mut self.table,
        }
    }
}

/// Links all of it.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_io(linker)?;
    add_cli(linker)?;
    add_random(linker)?;
    clocks::add_to_linker(linker)?;
    p2::bindings::clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    p3::bindings::clocks::types::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    p3::bindings::clocks::system_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    files::add_to_linker(linker)?;
    sockets::add_to_linker(linker)
}

/// Selects the table, in which pollables and streams are kept.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

fn add_io(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasi_io::error::add_to_linker::<State, Io>(linker, |state| &mut state.table)?;
    wasi_io::poll::add_to_linker::<State, Io>(linker, |state| &mut state.table)?;
    wasi_io::streams::add_to_linker::<State, Io>(linker, |state| &mut state.table)
}

fn add_cli(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    link_all!(
        linker,
        WasiCli,
        State::cli,
        p2::bindings::cli::environment,
        p2::bindings::cli::exit,
        p2::bindings::cli::stdin,
        p2::bindings::cli::stdout,
        p2::bindings::cli::stderr,
        p2::bindings::cli::terminal_input,
        p2::bindings::cli::terminal_output,
        p2::bindings::cli::terminal_stdin,
        p2::bindings::cli::terminal_stdout,
        p2::bindings::cli::terminal_stderr,
        p3::bindings::cli::environment,
        p3::bindings::cli::exit,
        p3::bindings::cli::stdin,
        p3::bindings::cli::stdout,
        p3::bindings::cli::stderr,
        p3::bindings::cli::terminal_input,
        p3::bindings::cli::terminal_output,
        p3::bindings::cli::terminal_stdin,
        p3::bindings::cli::terminal_stdout,
        p3::bindings::cli::terminal_stderr,
    );
    Ok(())
}

fn add_random(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    link_all!(
        linker,
        WasiRandom,
        State::random,
        p2::bindings::random::random,
        p2::bindings::random::insecure,
        p2::bindings::random::insecure_seed,
        p3::bindings::random::random,
        p3::bindings::random::insecure,
        p3::bindings::random::insecure_seed,
    );
    Ok(())
}
