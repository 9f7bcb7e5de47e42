//! A guest's run as its user sees it: the first signal asks the guest to stop, the second, or the
//! end of the grace period, ends it. What the guest listens for itself is not for here.

use std::cell::OnceCell;
use std::future::{self, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use aio_host::aio_loop::Handle;
use aio_host::aio_loop::signal::{self, Signals};
use aio_host::{Controller, Error, GuestOptions, Host, Program, Result};
use rustix::process::Signal;

use crate::report::{self, Failure};

/// How long a killed guest's output may take to be written.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Runs `program` to its end, or to the end of its user's patience.
pub(crate) fn run(
    host: &mut Host,
    program: &Program,
    options: GuestOptions,
    grace: Duration,
) -> Result<u8, Failure> {
    let handle = host.handle().clone();
    let ended_by = [Signal::INT, Signal::TERM].map(Signal::as_raw);
    // Not before the guest is compiled: until then a signal ends this process as it does any.
    let signals = signal::unclaimed(&handle, &ended_by)
        .map_err(|error| Failure::System(format!("listen for signals: {error}")))?;
    let instantiation = host.instantiate(program, options);
    let controller = OnceCell::new();
    let work = async {
        let mut guest = instantiation.await?;
        controller.get_or_init(|| guest.controller());
        let ended = guest.run().await;
        // What it printed is written also when it failed; its failure is the one to tell.
        let closed = guest.close().await;
        let code = ended?;
        closed.map(|()| code)
    };
    let mut supervisor = Supervisor {
        handle,
        signals,
        grace,
        controller: &controller,
    };
    host.block_on(supervisor.supervise(pin!(work)))
}

struct Supervisor<'a> {
    handle: Handle,
    signals: Signals,
    grace: Duration,
    /// Empty until the guest exists.
    controller: &'a OnceCell<Controller>,
}

impl Supervisor<'_> {
    async fn supervise(
        &mut self,
        mut work: Pin<&mut impl Future<Output = Result<u8>>>,
    ) -> Result<u8, Failure> {
        let asked_by = match first(work.as_mut(), self.next_signal()).await {
            First::Left(ended) => return Ok(ended?),
            First::Right(signal) => signal,
        };
        let Some(controller) = self.controller.get() else {
            // There is no guest yet that could clean up.
            return Err(Failure::Signal(asked_by));
        };
        report::line("stopping, again to kill");
        controller.cancel();
        let patience = self.patience(asked_by);
        let killed_by = match first(work.as_mut(), patience).await {
            // It has no way to hear that it should stop.
            First::Left(Err(Error::Killed { .. })) => return Err(Failure::Signal(asked_by)),
            First::Left(ended) => return Ok(ended?),
            First::Right(signal) => signal,
        };
        controller.kill();
        // It was killed, and that is what is told; what it printed before may still come out.
        drop(self.handle.timeout(FLUSH_MAX, work).await);
        Err(Failure::Signal(killed_by))
    }

    /// Waits for a signal that the guest does not listen for.
    async fn next_signal(&self) -> i32 {
        match self.signals.next().await {
            Ok(arrival) => arrival.number,
            Err(error) => {
                // Nobody closes it.
                tracing::error!("wait for signals: {error}");
                future::pending().await
            }
        }
    }

    /// Waits for the second signal, or for the end of the grace period; tells which signal it is
    /// that ends the guest.
    async fn patience(&mut self, asked_by: i32) -> i32 {
        let grace = self.handle.sleep(self.grace);
        match first(pin!(grace), self.next_signal()).await {
            First::Left(()) => asked_by,
            First::Right(signal) => signal,
        }
    }
}

/// Which of two futures was done first.
enum First<L, R> {
    Left(L),
    Right(R),
}

/// Waits for one of two futures. The right one is asked first: the left one may be a guest that
/// turns the loop in place, and comes back only for what something has asked to be woken for.
async fn first<L, R>(
    mut left: Pin<&mut impl Future<Output = L>>,
    right: impl Future<Output = R>,
) -> First<L, R> {
    let mut right = pin!(right);
    poll_fn(|cx| {
        if let Poll::Ready(value) = right.as_mut().poll(cx) {
            return Poll::Ready(First::Right(value));
        }
        left.as_mut().poll(cx).map(First::Left)
    })
    .await
}
