//! A program at work: one store, one instance, and the ways to call it and to end it.

mod worker;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use aio_loop::Handle;
use wasmtime::component::{
    ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower, ResourceTable,
};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::error::{Error, Result, chain};
use crate::host::FLUSH_MAX;
use crate::interrupt::Interrupt;
use crate::options::GuestOptions;
use crate::program::{AIO_RUN, MAINS, Program};
use crate::solo::Solo;
use crate::state::{Common, State};
#[cfg(unix)]
use crate::subscriptions::Subscriptions;
use crate::ticker::Pulse;
use crate::workers::Workers;

/// A running component. Dropping it closes all it has open, at once; [`Guest::close`] first lets
/// peers take what was written.
pub struct Guest {
    program: Program,
    store: Store<State>,
    instance: Instance,
    limits: CallLimits,
    /// Whether a call was cut off or trapped, after which the instance must not be entered.
    ended: bool,
}

/// Ends a guest from outside, or sends it signals, also from another thread.
#[derive(Clone, Debug)]
pub struct Controller {
    interrupt: Interrupt,
    /// Whether the guest has a way to hear that it should stop.
    hears: bool,
    #[cfg(unix)]
    subscriptions: Subscriptions,
}

impl Controller {
    /// Asks the guest to stop: each of its waits ends once with the code `cancelled`, the ring's
    /// with `stop`. What it waits for afterwards, to clean up, waits as ever. WASI has no word for
    /// this: a guest that imports nothing of `aio:host` is killed.
    pub fn cancel(&self) {
        if self.hears {
            self.interrupt.request();
        } else {
            self.interrupt.kill();
        }
    }

    /// Ends the guest's call with [`Error::Killed`], wherever it is, and the guest with it.
    pub fn kill(&self) {
        self.interrupt.kill();
    }

    /// Has signal `number` arrive at this guest alone, as if a process had sent it; it comes
    /// without a sender. Returns whether the guest listens for it: to one that does not, nothing
    /// happens. A guest listens for what its policy lets it, from its subscription on.
    #[cfg(unix)]
    #[must_use = "a guest that does not listen has not heard"]
    pub fn signal(&self, number: u32) -> bool {
        self.subscriptions.inject(number)
    }
}

/// What bounds a guest's calls.
struct CallLimits {
    handle: Handle,
    interrupt: Interrupt,
    solo: Solo,
    pulse: Pulse,
    /// The end of the guest's time, and how long that was.
    deadline: Option<(Instant, Duration)>,
    fuel: Option<u64>,
}

/// Why a call did not come to its own end.
enum Cut {
    Killed,
    TimedOut(Duration),
}

impl CallLimits {
    /// Runs `work` until it is done, killed, or out of time. Supervision is around the guest's
    /// future, never inside: what is inside is not polled while the guest blocks its store.
    async fn supervise<T>(&self, work: impl Future<Output = T>) -> Result<T, Cut> {
        let mut work = pin!(work);
        let mut timeout = pin!(self.timeout());
        poll_fn(|cx| {
            if self.interrupt.poll_killed(cx).is_ready() {
                return Poll::Ready(Err(Cut::Killed));
            }
            if let Poll::Ready(after) = timeout.as_mut().poll(cx) {
                return Poll::Ready(Err(Cut::TimedOut(after)));
            }
            let own = self.solo.begin_poll(&self.handle, cx);
            let _running = Running::new(&self.pulse);
            work.as_mut().poll(&mut Context::from_waker(&own)).map(Ok)
        })
        .await
    }

    async fn timeout(&self) -> Duration {
        match self.deadline {
            Some((deadline, after)) => {
                self.handle.sleep_until(deadline).await;
                after
            }
            None => std::future::pending().await,
        }
    }

    /// Says in the library's words why a guest's code ended.
    fn error(&self, name: &str, error: wasmtime::Error) -> Error {
        let name = name.to_owned();
        match error.downcast_ref::<Trap>() {
            _ if self.interrupt.is_killed() => Error::Killed { name },
            Some(Trap::OutOfFuel) => Error::OutOfFuel {
                name,
                fuel: self.fuel.unwrap_or(u64::MAX),
            },
            _ => Error::Trap {
                name,
                source: error,
            },
        }
    }
}

impl Cut {
    fn error(self, name: &str) -> Error {
        let name = name.to_owned();
        match self {
            Self::Killed => Error::Killed { name },
            Self::TimedOut(after) => Error::TimedOut { name, after },
        }
    }
}

/// Has epochs counted while the guest runs.
struct Running<'a>(&'a Pulse);

impl<'a> Running<'a> {
    fn new(pulse: &'a Pulse) -> Self {
        pulse.begin();
        Self(pulse)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What all instances of a program are made from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) linker: Arc<Linker<State>>,
    pub(crate) program: Program,
    pub(crate) pulse: Pulse,
}

impl Guest {
    pub(crate) async fn instantiate(
        origin: Origin,
        handle: &Handle,
        options: GuestOptions,
    ) -> Result<Self> {
        let common = Common::open(handle, origin.program.assets(), &options)?;
        let crew = worker::Crew::new(&origin, &options, &common);
        let workers = Workers::new(Arc::new(crew), &options.policy.limits);
        Self::start(&origin, handle, options, common, workers).await
    }

    async fn start(
        origin: &Origin,
        handle: &Handle,
        options: GuestOptions,
        common: Common,
        workers: Workers,
    ) -> Result<Self> {
        let Origin {
            linker,
            program,
            pulse,
        } = origin;
        let linked = link(linker, program)?;
        let policy = &options.policy.limits;
        let timeout = policy.timeout;
        let fuel = policy.fuel;
        let state = State::new(handle, pulse.clone(), options, common, workers)?;
        let limits = CallLimits {
            handle: handle.clone(),
            interrupt: state.interrupt.clone(),
            solo: state.solo.clone(),
            pulse: pulse.clone(),
            deadline: timeout.and_then(|after| Some((handle.now().checked_add(after)?, after))),
            fuel,
        };
        let mut store = new_store(linker, state, fuel)?;
        let instantiated = limits.supervise(linked.instantiate_async(&mut store)).await;
        let instance = instantiated
            .map_err(|cut| cut.error(program.name()))?
            .map_err(|error| limits.error(program.name(), error))?;
        Ok(Self {
            program: program.clone(),
            store,
            instance,
            limits,
            ended: false,
        })
    }

    /// Runs the guest's main call to its end and returns the exit code: `run` of `aio:host/run`,
    /// else of `wasi:cli/run` 0.3 or 0.2. What the guest has printed is flushed. Its subscriptions
    /// to signals end with the call.
    ///
    /// # Errors
    ///
    /// [`Error::NoExport`] without any of these, [`Error::Failed`] with the message that
    /// `aio:host/run` returned, and those of [`Guest::call`].
    pub async fn run(&mut self) -> Result<u8> {
        let main = self
            .main()
            .ok_or_else(|| self.no_export("aio:host/run or wasi:cli/run"))?;
        let ran = if main.starts_with(AIO_RUN) {
            let ran = self.call::<(), (Result<(), String>,)>(&main, ()).await;
            ran.map(|(result,)| result.map_err(Some))
        } else {
            let ran = self.call::<(), (Result<(), ()>,)>(&main, ()).await;
            ran.map(|(result,)| result.map_err(|()| None))
        };
        // Nobody is left to take a signal: it is the host's again while the output is written.
        self.store.data().io().stop_listening();
        self.flush(matches!(
            ran,
            Err(Error::Killed { .. } | Error::TimedOut { .. })
        ))
        .await;
        match ran {
            Ok(Ok(())) => Ok(0),
            Ok(Err(None)) => Ok(1),
            Ok(Err(Some(message))) => Err(Error::Failed {
                name: self.program.name().into(),
                message,
            }),
            Err(error) => exit_code(error),
        }
    }

    /// Calls an exported function: `name` of the component itself, or `interface#name`.
    ///
    /// The guest may wait on imports if the export is typed `async func`.
    ///
    /// # Errors
    ///
    /// [`Error::NoExport`] also for another type, [`Error::Trap`], [`Error::OutOfFuel`],
    /// [`Error::TimedOut`] and [`Error::Killed`], after which the guest has [ended](Error::Ended).
    /// Dropping the future ends the guest too.
    pub async fn call<P, R>(&mut self, export: &str, params: P) -> Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        if self.ended {
            return Err(Error::Ended {
                name: self.program.name().into(),
            });
        }
        let function = self
            .function(export)
            .ok_or_else(|| self.no_export(export))?;
        let function = function.typed::<P, R>(&self.store).map_err(|error| {
            self.no_export(&format!("{export} of this type ({})", chain(&error)))
        })?;
        // Until the call has come to its end: a caller that drops it leaves the guest half-way.
        self.ended = true;
        let call = self
            .store
            .run_concurrent(async move |store| function.call_concurrent(store, params).await);
        let called = self.limits.supervise(call).await;
        let name = self.program.name();
        let result = called.map_err(|cut| cut.error(name)).and_then(|result| {
            let result = result.and_then(|result| result);
            result.map_err(|error| self.limits.error(name, error))
        });
        match result {
            Ok(_) => self.ended = false,
            // It will never ask what came of its jobs.
            Err(_) => self.store.data().io().workers.close(),
        }
        result
    }

    /// What ends this guest from outside.
    #[must_use]
    pub fn controller(&self) -> Controller {
        Controller {
            interrupt: self.limits.interrupt.clone(),
            hears: self.program.imports_host(),
            #[cfg(unix)]
            subscriptions: self.store.data().io().subscriptions.clone(),
        }
    }

    /// Flushes what the guest has written, for at most five seconds, and closes all it has open.
    /// Its children have ended then: they are asked to, and killed after the grace.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] when bytes could not be written.
    pub async fn close(mut self) -> Result<()> {
        self.store.data().io().workers.close();
        // Resources first: sockets of WASI hand over what is on its way.
        self.store.data_mut().table = ResourceTable::new();
        #[cfg(unix)]
        let children = self.end_children();
        let rest = self.store.data().io().shut_down();
        let handle = self.limits.handle.clone();
        let writes: Vec<_> = rest
            .into_iter()
            .map(|remainder| handle.spawn(remainder.send()))
            .collect();
        let all = async {
            let mut result = Ok(());
            for write in writes {
                match write.await {
                    Ok(written) => result = result.and(written),
                    Err(aborted) => tracing::error!("flush a connection: {aborted}"),
                }
            }
            result
        };
        let flushed = handle.timeout(FLUSH_MAX, all).await;
        self.flush(true).await;
        #[cfg(unix)]
        children.await;
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::host("flush connections", error)),
            Err(elapsed) => Err(Error::host("flush connections", elapsed)),
        }
    }

    /// Asks all children to end; each is killed after its grace. Waits until they are gone, or
    /// should be.
    #[cfg(unix)]
    fn end_children(&self) -> impl Future<Output = ()> + use<> {
        let mut io = self.store.data().io();
        let (max, children) = (io.children.end_max(), io.end_children());
        let handle = self.limits.handle.clone();
        async move {
            let all = async {
                for child in children {
                    child.await.ok();
                }
            };
            if handle.timeout(max, all).await.is_err() {
                tracing::error!("end the children of a guest: some do not end");
            }
        }
    }

    /// Waits until what was printed is taken; after a guest was cut off, only for a moment.
    async fn flush(&mut self, cut: bool) {
        let flush = self.store.data().stdio.flush();
        let flushed = if cut {
            let flushed = self.limits.handle.timeout(CUT_FLUSH_MAX, flush).await;
            flushed.unwrap_or_else(|elapsed| Err(elapsed.into()))
        } else {
            let flushed = self.limits.supervise(flush).await;
            flushed.unwrap_or_else(|_cut| Err(std::io::ErrorKind::TimedOut.into()))
        };
        if let Err(error) = flushed {
            tracing::warn!("flush standard output: {error}");
        }
    }

    /// The export to run, in the order of preference.
    fn main(&self) -> Option<String> {
        let component = self.program.component();
        let exports = component.component_type();
        let names: Vec<&str> = exports
            .exports(component.engine())
            .map(|(name, _)| name)
            .collect();
        let find = |interface: &str| names.iter().find(|name| name.starts_with(interface));
        let interface = MAINS.into_iter().find_map(find)?;
        Some(format!("{interface}#run"))
    }

    fn function(&mut self, export: &str) -> Option<wasmtime::component::Func> {
        let (interface, name) = match export.split_once('#') {
            Some((interface, name)) => {
                let (_, index) = self.instance.get_export(&mut self.store, None, interface)?;
                (Some(index), name)
            }
            None => (None, export),
        };
        let (_, index) = self
            .instance
            .get_export(&mut self.store, interface.as_ref(), name)?;
        self.instance.get_func(&mut self.store, index)
    }

    fn no_export(&self, export: &str) -> Error {
        Error::NoExport {
            name: self.program.name().into(),
            export: export.into(),
        }
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// How long the reader of a guest that was cut off may take for what the guest has printed.
const CUT_FLUSH_MAX: Duration = Duration::from_secs(1);

fn link(linker: &Linker<State>, program: &Program) -> Result<InstancePre<State>> {
    if let Some(linked) = program.linked().get() {
        return Ok(linked.clone());
    }
    let linked = linker
        .instantiate_pre(program.component())
        .map_err(|error| Error::Link {
            name: program.name().into(),
            reason: chain(&error),
        })?;
    Ok(program.linked().get_or_init(|| linked).clone())
}

fn new_store(linker: &Linker<State>, state: State, fuel: Option<u64>) -> Result<Store<State>> {
    let mut store = Store::new(linker.engine(), state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        if store.data().interrupt.is_killed() {
            return Ok(UpdateDeadline::Interrupt);
        }
        Ok(UpdateDeadline::Yield(1))
    });
    match (fuel, store.set_fuel(fuel.unwrap_or(u64::MAX))) {
        (Some(_), Err(_)) => Err(Error::Config(
            "a fuel limit needs a host that counts fuel".into(),
        )),
        _ => Ok(store),
    }
}

/// What a guest may pass to the host in one call.
const HOSTCALL_BYTES_MAX: usize = 32 << 20;

/// A guest that exits by `wasi:cli/exit` unwinds by an error that carries the code.
fn exit_code(error: Error) -> Result<u8> {
    match &error {
        Error::Trap { source, .. } => match source.downcast_ref::<wasmtime_wasi::I32Exit>() {
            // POSIX keeps the low byte.
            Some(exit) => Ok(exit.0.to_le_bytes()[0]),
            None => Err(error),
        },
        _ => Err(error),
    }
}
