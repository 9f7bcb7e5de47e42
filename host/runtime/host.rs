//! The host: the engine, the linker and the loop that all its guests share.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aio_loop::{Handle, Loop};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Precompiled};

use crate::assets::Assets;
use crate::cache::{Cache, Key};
use crate::check::Report;
use crate::error::{Error, Result, chain};
use crate::guest::{Guest, Origin};
use crate::options::GuestOptions;
use crate::program::Program;
use crate::state::State;
use crate::ticker::Ticker;
use crate::{adapt, engine, imports, wasi};

/// An engine, a linker and a loop. One thread drives it, by [`Host::block_on`]. The children of its
/// guests end with it, and on Linux with that thread.
pub struct Host {
    event_loop: Loop,
    engine: Engine,
    linker: Arc<Linker<State>>,
    cache: Option<Cache>,
    ticker: Ticker,
    on_compile: Option<OnCompile>,
}

/// How a host is made.
#[derive(Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct HostBuilder {
    cache: CacheChoice,
    fuel: bool,
    stack_max: Option<usize>,
    on_compile: Option<OnCompile>,
}

/// Is called with the name of a guest that is about to be compiled.
type OnCompile = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
enum CacheChoice {
    #[default]
    User,
    Folder(PathBuf),
    Off,
}

impl HostBuilder {
    /// Keeps compiled guests in `folder`, or nowhere. Without this call they are kept in the user's
    /// cache folder (`$XDG_CACHE_HOME/aio-host` or `$HOME/.cache/aio-host`).
    pub fn cache(mut self, folder: Option<PathBuf>) -> Self {
        self.cache = folder.map_or(CacheChoice::Off, CacheChoice::Folder);
        self
    }

    /// Counts fuel in all guests, so that [`Limits::fuel`](crate::Limits::fuel) can bound them.
    /// Code that counts is slower, and cached apart from code that does not.
    pub fn fuel(mut self, fuel: bool) -> Self {
        self.fuel = fuel;
        self
    }

    /// Lets the calls of each guest take so many bytes of the machine's stack, beyond the memory
    /// that [`Limits`](crate::Limits) allow. One that takes more is ended by a trap. The default is
    /// 512 KiB.
    pub fn stack_max(mut self, bytes: usize) -> Self {
        self.stack_max = Some(bytes);
        self
    }

    /// Calls `f` with a guest's name before it is compiled, which may take seconds. A guest that is
    /// found in the cache is not compiled.
    pub fn on_compile(mut self, f: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_compile = Some(Arc::new(f));
        self
    }

    /// Makes the host.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] when the operating system refuses the loop's descriptors or a thread.
    pub fn build(self) -> Result<Host> {
        let engine = engine::engine(self.fuel, self.stack_max)?;
        let folder = match self.cache {
            CacheChoice::User => Cache::default_folder(),
            CacheChoice::Folder(folder) => Some(folder),
            CacheChoice::Off => None,
        };
        Ok(Host {
            event_loop: Loop::with_limits(loop_limits())
                .map_err(|error| Error::host("make the event loop", error))?,
            linker: Arc::new(linker(&engine)?),
            ticker: Ticker::start(&engine)
                .map_err(|error| Error::host("start the epoch thread", error))?,
            cache: folder.map(Cache::new),
            on_compile: self.on_compile,
            engine,
        })
    }
}

/// A turn looks at few events at a time, so that a timer that is due has not to wait until guests
/// have dealt with a thousand.
const EVENTS_MAX: usize = 32;

fn loop_limits() -> aio_loop::Limits {
    let mut limits = aio_loop::Limits::default();
    limits.events_max = EVENTS_MAX;
    limits
}

fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    imports::add_to_linker(&mut linker)
        .and_then(|()| wasi::add_to_linker(&mut linker))
        .map_err(|error| Error::host("link the host's interfaces", error))?;
    Ok(linker)
}

impl Host {
    /// Makes a host with the user's compile cache and no fuel counting.
    ///
    /// # Errors
    ///
    /// As for [`HostBuilder::build`].
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts to describe a host.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// The loop's door: timers, tasks and wakes, also from other threads.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.event_loop.handle()
    }

    /// Runs the loop, and with it every guest, until `future` is done.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        self.event_loop.block_on(future)
    }

    /// Loads a guest from a file: a component, binary or as text, or a core module of WASI 0.1,
    /// which is adapted. Compiles it, unless the cache has it.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::NotComponent`], and [`Error::Precompiled`] for native code.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Program> {
        let (path, name) = (path.as_ref(), path.as_ref().to_string_lossy());
        let seen = self.cache.as_ref();
        let Some(seen) = seen.and_then(|cache| cache.seen(&self.engine, path)) else {
            return self.load_bytes(&name, &read(path)?);
        };
        if let Some(component) = seen.entry().and_then(|entry| self.map(&entry)) {
            let assets = Assets::of_file(path).map_err(|error| unread(path, error))?;
            return Ok(Program::new(&name, component, assets));
        }
        let bytes = read(path)?;
        let program = self.load_bytes(&name, &bytes)?;
        seen.remember(Key::new(&self.engine, Assets::split(&bytes).1));
        Ok(program)
    }

    /// Loads a guest from memory; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// As for [`Host::load`].
    pub fn load_bytes(&self, name: &str, bytes: &[u8]) -> Result<Program> {
        if Engine::detect_precompiled(bytes).is_some() {
            return Err(Error::Precompiled { name: name.into() });
        }
        let (assets, code) = Assets::split(bytes);
        let component = self.component(name, code)?;
        Ok(Program::new(name, component, assets))
    }

    /// Takes a component out of the cache, or compiles it.
    fn component(&self, name: &str, bytes: &[u8]) -> Result<Component> {
        let Some(cache) = &self.cache else {
            return self.translate(name, bytes);
        };
        let key = Key::new(&self.engine, bytes);
        if let Some(component) = cache.read(key).and_then(|code| self.deserialize(&code)) {
            return Ok(component);
        }
        let component = self.translate(name, bytes)?;
        let stored = component.serialize().map(|code| cache.write(key, &code));
        if let Err(error) = stored
            .map_err(|error| error.to_string())
            .and_then(|r| r.map_err(|e| e.to_string()))
        {
            tracing::warn!("write the compile cache: {error}");
        }
        Ok(component)
    }

    /// Loads what [`Host::compile`] made.
    ///
    /// # Safety
    ///
    /// The file is native code that runs with all rights of this process. The caller vouches that
    /// it was made by `compile` and not changed since.
    ///
    /// # Errors
    ///
    /// [`Error::File`], and [`Error::NotComponent`] for what another version or configuration made.
    #[allow(unsafe_code, reason = "the embedder vouches for native code")]
    pub unsafe fn load_precompiled(&self, path: impl AsRef<Path>) -> Result<Program> {
        let (path, name) = (path.as_ref(), path.as_ref().to_string_lossy());
        let bytes = read(path)?;
        // SAFETY: the caller vouches for the file.
        let component = unsafe { Component::deserialize(&self.engine, &bytes) };
        let component = component.map_err(|error| not_component(&name, &error))?;
        Ok(Program::new(&name, component, Assets::default()))
    }

    /// Compiles a guest to native code for this machine and this version of aio-host, for
    /// [`Host::load_precompiled`].
    ///
    /// # Errors
    ///
    /// As for [`Host::load`].
    pub fn compile(&self, path: impl AsRef<Path>) -> Result<Vec<u8>> {
        let program = self.load(path)?;
        let code = program.component().serialize();
        code.map_err(|error| Error::host("serialize compiled code", error))
    }

    /// Tells what a guest imports and exports, what is missing, and which flags it would need.
    #[must_use]
    pub fn check(&self, program: &Program) -> Report {
        Report::new(&self.engine, &self.linker, program)
    }

    /// Makes a guest of a program. The future does not borrow the host, so that it can be awaited
    /// in [`Host::block_on`].
    ///
    /// # Errors
    ///
    /// [`Error::Link`] when an import is missing, [`Error::Config`] for a folder of the policy that
    /// cannot be opened, [`Error::Trap`] when the guest's start function traps, and the limits'.
    pub fn instantiate(
        &self,
        program: &Program,
        options: GuestOptions,
    ) -> impl Future<Output = Result<Guest>> + Send + 'static {
        let origin = Origin {
            linker: Arc::clone(&self.linker),
            program: program.clone(),
            pulse: self.ticker.pulse(),
        };
        let handle = self.handle().clone();
        async move { Guest::instantiate(origin, &handle, options).await }
    }

    fn translate(&self, name: &str, bytes: &[u8]) -> Result<Component> {
        let binary = wat::parse_bytes(bytes).map_err(|error| not_wasm(name, bytes, error))?;
        if let Some(on_compile) = &self.on_compile {
            on_compile(name);
        }
        let adapted = if is_core_module(&binary) {
            let adapted = adapt::component_from_core(&binary);
            adapted
                .map_err(|reason| Error::NotComponent {
                    name: name.into(),
                    reason,
                })?
                .into()
        } else {
            binary
        };
        Component::from_binary(&self.engine, &adapted).map_err(|error| not_component(name, &error))
    }

    /// Maps an entry that the cache has vouched for, of which only what is used comes into memory;
    /// none if it is of another engine after all.
    #[allow(unsafe_code, reason = "the cache has checked that it wrote the code")]
    fn map(&self, entry: &Path) -> Option<Component> {
        // SAFETY: the cache has compared the digest of what it wrote, and the file has not been
        // written since. It is the user's own, and is replaced, never changed.
        let component = unsafe { Component::deserialize_file(&self.engine, entry) };
        component
            .inspect_err(|error| tracing::warn!("map from the compile cache: {error}"))
            .ok()
    }

    /// Loads code that the cache has vouched for; none if it is of another engine after all.
    #[allow(
        unsafe_code,
        reason = "the cache has checked that it wrote the code itself"
    )]
    fn deserialize(&self, code: &[u8]) -> Option<Component> {
        if Engine::detect_precompiled(code) != Some(Precompiled::Component) {
            return None;
        }
        // SAFETY: the cache has compared the digest of what it wrote.
        let component = unsafe { Component::deserialize(&self.engine, code) };
        component
            .inspect_err(|error| tracing::warn!("load from the compile cache: {error}"))
            .ok()
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostBuilder")
            .field("fuel", &self.fuel)
            .finish_non_exhaustive()
    }
}

/// How long [`Guest::close`] waits for peers to take what the guest has written.
pub(crate) const FLUSH_MAX: Duration = Duration::from_secs(5);

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| unread(path, source))
}

fn unread(path: &Path, source: io::Error) -> Error {
    Error::File {
        operation: "read",
        path: path.into(),
        source,
    }
}

fn not_component(name: &str, error: &wasmtime::Error) -> Error {
    Error::NotComponent {
        name: name.into(),
        reason: chain(error),
    }
}

const MAGIC: &[u8] = b"\0asm";

/// A core module's version is 1 in layer 0; a component is layer 1.
fn is_core_module(binary: &[u8]) -> bool {
    binary.starts_with(MAGIC) && binary.get(6..8) == Some(&[0, 0])
}

/// Only what looks like text deserves an explanation with lines.
fn not_wasm(name: &str, bytes: &[u8], mut error: wat::Error) -> Error {
    error.set_path(name);
    let is_text = std::str::from_utf8(bytes).is_ok_and(|text| text.contains('('));
    let reason = if is_text {
        error.to_string()
    } else {
        "neither a WebAssembly binary nor its text format".into()
    };
    Error::NotComponent {
        name: name.into(),
        reason,
    }
}
