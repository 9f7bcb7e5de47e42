//! The host's request to stop, as a guest sees it: each of its waits ends once with `cancelled`,
//! as a cancelled asyncio task gets one `CancelledError`; what it waits for afterwards, to clean
//! up, waits as ever. Killing is not asked for: the guest's future is dropped.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use aio_loop::Port;
use slab::Slab;

/// Where one guest's requests to stop arrive. `Clone` means the same guest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    requests: AtomicU64,
    killed: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: Slab<Waker>,
    /// Counts the slabs: a key of an earlier one means nothing in this one.
    slab: u64,
    /// The guest's ring, and the key that stands for a request.
    port: Option<(Port, u64)>,
    killed: Option<Waker>,
    /// Whether the guest has yet to hear of the last request: it came while the guest did not wait,
    /// or when what it waited for was there already. The next wait tells it.
    untold: bool,
}

/// The guest was asked to stop while it waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

impl Interrupt {
    /// Ends every wait of the guest with `cancelled`.
    pub(crate) fn request(&self) {
        let (wakers, port, call) = {
            let mut waiting = self.waiting();
            self.0.requests.fetch_add(1, Ordering::SeqCst);
            waiting.slab += 1;
            waiting.untold = true;
            (
                std::mem::take(&mut waiting.wakers),
                waiting.port.clone(),
                waiting.killed.clone(),
            )
        };
        if let Some((port, key)) = port {
            port.post(key);
        }
        wakers.into_iter().for_each(|(_, waker)| waker.wake());
        // A guest that turns the loop in place has no waker with its ring: another thread's word
        // would not end the poll.
        if let Some(call) = call {
            call.wake();
        }
    }

    /// Ends the guest: at its next step to the loop, or at the next epoch.
    pub(crate) fn kill(&self) {
        self.0.killed.store(true, Ordering::SeqCst);
        let waker = self.waiting().killed.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.0.killed.load(Ordering::SeqCst)
    }

    /// How often the guest was asked so far.
    pub(crate) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::SeqCst)
    }

    /// Notes that the guest's ring has told it of the last request.
    pub(crate) fn told(&self) {
        self.waiting().untold = false;
    }

    /// Posts `key` to the guest's ring with each request.
    pub(crate) fn attach(&self, port: &Port, key: u64) {
        self.waiting().port = Some((port.clone(), key));
    }

    /// Waits for `operation`, or until the guest is asked to stop; then the operation is dropped.
    pub(crate) async fn or_stop<T>(
        &self,
        operation: impl Future<Output = T>,
    ) -> Result<T, Stopped> {
        let mut operation = pin!(operation);
        let mut entry = Entry::new(self);
        poll_fn(|cx| match operation.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => entry.poll(cx).map(Err),
        })
        .await
    }

    /// Ready once the guest is killed. One waiter at a time: the future that runs the guest.
    pub(crate) fn poll_killed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let previous = self.waiting().killed.replace(cx.waker().clone());
        drop(previous);
        if self.is_killed() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One wait's place among the wakers; it leaves with the wait.
struct Entry<'a> {
    interrupt: &'a Interrupt,
    seen: u64,
    /// The key and the slab it is of.
    key: Option<(usize, u64)>,
}

impl<'a> Entry<'a> {
    fn new(interrupt: &'a Interrupt) -> Self {
        Self {
            interrupt,
            seen: interrupt.requests(),
            key: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Stopped> {
        let mut waiting = self.interrupt.waiting();
        if self.asked() || waiting.untold {
            waiting.untold = false;
            return Poll::Ready(Stopped);
        }
        let mine = self.key.filter(|key| key.1 == waiting.slab);
        let replaced = match mine.and_then(|key| waiting.wakers.get_mut(key.0)) {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            Some(waker) => Some(std::mem::replace(waker, cx.waker().clone())),
            None => {
                let key = waiting.wakers.insert(cx.waker().clone());
                self.key = Some((key, waiting.slab));
                None
            }
        };
        drop(waiting);
        drop(replaced);
        Poll::Pending
    }

    fn asked(&self) -> bool {
        self.interrupt.requests() != self.seen
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let Some((key, slab)) = self.key else { return };
        let mut waiting = self.interrupt.waiting();
        let waker = (waiting.slab == slab).then(|| waiting.wakers.try_remove(key));
        drop(waiting);
        drop(waker);
    }
}
