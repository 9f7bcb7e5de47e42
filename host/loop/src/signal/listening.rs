//! Who in this process listens for a signal. The first has the OS call the handler, and with the
//! last the action from before is in force again.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signal_hook_registry::{SigId, unregister};

use super::arrivals::Arrivals;
use crate::sys::{SignalAction, keep_ends_of_children, on_signal};

/// Whether a listener takes a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is told of each.
    Taken,
    /// It is told of those that arrive while nobody takes them.
    Left,
}

/// A listener for one signal. Dropping it ends that.
#[derive(Debug)]
pub(super) struct Listening {
    number: i32,
    claim: Claim,
    id: SigId,
}

impl Listening {
    /// Adds signal `number` to `arrivals` from now on.
    pub(super) fn new(number: i32, arrivals: Arc<Arrivals>, claim: Claim) -> io::Result<Self> {
        let listen = || {
            on_signal(number, move |sender| {
                if claim == Claim::Taken || takers(number) == 0 {
                    arrivals.add(number, sender);
                }
            })
        };
        let id = signals().entry(number).or_default().begin(number, listen)?;
        // Not before the handler knows the taker: of what arrives in between, both are told.
        if claim == Claim::Taken {
            count_takers(number, |count| count.fetch_add(1, Ordering::SeqCst));
        }
        Ok(Self { number, claim, id })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Before the handler forgets the taker, for the same reason.
        if self.claim == Claim::Taken {
            count_takers(self.number, |count| count.fetch_sub(1, Ordering::SeqCst));
        }
        signals().entry(self.number).or_default().end(self.number);
        unregister(self.id);
    }
}

/// The actions of a signal that has or had listeners.
#[derive(Default)]
struct Signal {
    listeners: usize,
    /// In force before the first of them came.
    before: Option<SignalAction>,
    /// The one that calls them; none before the first ever.
    calling: Option<SignalAction>,
}

static SIGNALS: Mutex<BTreeMap<i32, Signal>> = Mutex::new(BTreeMap::new());

fn signals() -> MutexGuard<'static, BTreeMap<i32, Signal>> {
    SIGNALS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Signal {
    fn begin(
        &mut self,
        number: i32,
        listen: impl FnOnce() -> io::Result<SigId>,
    ) -> io::Result<SigId> {
        let first = self.listeners == 0;
        if first {
            // An action that is put back later must not keep children from being waited for.
            if number == libc::SIGCHLD {
                keep_ends_of_children()?;
            }
            self.before = Some(SignalAction::of(number)?);
        }
        let id = listen()?;
        if first && let Err(error) = self.install(number) {
            unregister(id);
            return Err(error);
        }
        self.listeners += 1;
        Ok(id)
    }

    /// The registry installs its handler when it is first asked, and never again.
    fn install(&mut self, number: i32) -> io::Result<()> {
        match &self.calling {
            Some(calling) => calling.install(number)?,
            None => self.calling = Some(SignalAction::of(number)?),
        }
        Ok(())
    }

    fn end(&mut self, number: i32) {
        self.listeners -= 1;
        if let (0, Some(before), Some(calling)) = (self.listeners, &self.before, &self.calling)
            && let Err(error) = restore(number, before, calling)
        {
            tracing::error!("restore the action of signal {number}: {error}");
        }
    }
}

/// What somebody else has installed meanwhile stays.
fn restore(number: i32, before: &SignalAction, calling: &SignalAction) -> io::Result<()> {
    match SignalAction::of(number)?.is_like(calling) {
        true => before.install(number),
        false => Ok(()),
    }
}

/// How many take a signal, by its number: read in handlers.
static TAKERS: [AtomicUsize; 128] = [const { AtomicUsize::new(0) }; 128];

fn takers(number: i32) -> usize {
    count_takers(number, |count| count.load(Ordering::SeqCst))
}

fn count_takers(number: i32, count: impl FnOnce(&AtomicUsize) -> usize) -> usize {
    let index = usize::try_from(number).ok();
    let takers = index.and_then(|index| TAKERS.get(index));
    takers.map_or(0, count)
}
