//! A child on the loop. A task of the loop sees to it that its end is taken from the system, once,
//! whoever waits for it or nobody; with the task, at the end of the loop, the child ends too.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;

use super::{Exit, Watch, attendant};
use crate::core::Interest;
use crate::fd::Borrowed;
use crate::{Handle, Registration, sys};

/// A child that runs, or has ended. Dropping it closes it: see [`Child::close`].
#[derive(Debug)]
pub struct Child(Arc<Process>);

/// A child, as all see it who have to do with it.
#[derive(Debug)]
pub(super) struct Process {
    // Before the descriptor: it deregisters while that is open.
    registration: Registration,
    watch: Watch,
    /// Whether it leads a group of its own.
    leads: bool,
    /// Nobody wants it any more: it is to end.
    unwanted: AtomicBool,
    /// Its end, once that was taken from the system. Until then its number is no other's, which is
    /// why signals are sent under this lock.
    end: Mutex<Option<Exit>>,
}

impl Child {
    pub(super) fn new(
        handle: &Handle,
        watch: Watch,
        leads: bool,
        grace: Duration,
    ) -> io::Result<Self> {
        let mut source = Borrowed(watch.as_raw_fd());
        let registered = Registration::new(handle, &mut source, Interest::Readable);
        // Nobody could see the end of a child that is not registered.
        let registration = registered.inspect_err(|_| kill_now(&watch))?;
        let process = Arc::new(Process {
            registration,
            watch,
            leads,
            unwanted: AtomicBool::new(false),
            end: Mutex::new(None),
        });
        attendant::attend(handle, Arc::clone(&process), grace);
        Ok(Self(process))
    }

    /// The number of its process. After its end another one may have it.
    pub fn id(&self) -> u32 {
        self.0.watch.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for its end, any number of times and from anywhere.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotConnected`] after [`Child::close`].
    pub async fn wait(&self) -> io::Result<Exit> {
        poll_fn(|cx| self.poll_wait(cx)).await
    }

    /// Ready with its end; errors are those of [`Child::wait`].
    pub fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<io::Result<Exit>> {
        let polled = self.0.poll_end(cx);
        match self.0.is_unwanted() {
            true => Poll::Ready(Err(io::Error::new(io::ErrorKind::NotConnected, "closed"))),
            false => polled.map(Ok),
        }
    }

    /// Tells how it ended; none while it runs.
    pub fn try_wait(&self) -> Option<Exit> {
        self.0.try_end()
    }

    /// Sends it a signal of this number, 1 to 64; or to all of its group, if it leads one.
    ///
    /// # Errors
    ///
    /// `ESRCH` once it has ended, `EINVAL` for another number, and what the OS answers.
    pub fn signal(&self, number: u32) -> io::Result<()> {
        let number = i32::try_from(number).ok();
        let number = number.filter(|number| (1..=64).contains(number));
        self.0.signal(number.ok_or(Errno::INVAL)?)
    }

    /// Asks it to end: `SIGTERM`.
    ///
    /// # Errors
    ///
    /// Those of [`Child::signal`].
    pub fn terminate(&self) -> io::Result<()> {
        self.0.signal(libc::SIGTERM)
    }

    /// Ends it: `SIGKILL`.
    ///
    /// # Errors
    ///
    /// Those of [`Child::signal`].
    pub fn kill(&self) -> io::Result<()> {
        self.0.signal(libc::SIGKILL)
    }

    /// Asks it to end, if it runs, and has it killed after the grace. Who waits for it is told that
    /// it is closed.
    pub fn close(&self) {
        self.0.unwanted.store(true, Ordering::SeqCst);
        self.0.registration.wake();
    }

    /// Closes it and waits for its end.
    pub fn end(&self) -> impl Future<Output = Exit> + Send + use<> {
        self.close();
        let process = Arc::clone(&self.0);
        async move { poll_fn(|cx| process.poll_end(cx)).await }
    }

    /// The source of the child, which is readable once it has ended.
    pub fn registration(&self) -> &Registration {
        &self.0.registration
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.close();
    }
}

impl Process {
    pub(super) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Exit>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its end, taken from the system if it is there.
    pub(super) fn try_end(&self) -> Option<Exit> {
        let mut end = self.lock();
        if end.is_none() {
            *end = self.reap(false);
        }
        *end
    }

    /// Ready with its end. No event is missed: the source is known to be readable from then on.
    pub(super) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Exit> {
        let attempt = || {
            self.try_end()
                .ok_or_else(|| io::ErrorKind::WouldBlock.into())
        };
        let polled = self
            .registration
            .poll_input(cx, || self.registration.try_input(attempt));
        polled.map(|ended| ended.unwrap_or(Exit::UNKNOWN))
    }

    /// Takes its end from the system, which may be waited for.
    fn reap(&self, waits: bool) -> Option<Exit> {
        if !self.watch.has_ended(waits) {
            return None;
        }
        if self.leads && self.is_unwanted() {
            // What it leaves behind in its group ends too; nobody else has the number yet.
            self.send(libc::SIGKILL).ok();
        }
        match sys::reap(self.watch.pid(), waits) {
            Ok(reaped) => reaped.map(Exit::from),
            Err(error) => {
                tracing::error!("reap child {}: {error}", self.watch.pid().as_raw_nonzero());
                Some(Exit::UNKNOWN)
            }
        }
    }

    pub(super) fn signal(&self, number: i32) -> io::Result<()> {
        let mut end = self.lock();
        if end.is_none() {
            // It may have ended unseen.
            *end = self.reap(false);
        }
        match *end {
            Some(_) => Err(Errno::SRCH.into()),
            None => self.send(number),
        }
    }

    /// To be called before its end is taken.
    fn send(&self, number: i32) -> io::Result<()> {
        let to_group = self
            .leads
            .then(|| sys::signal_group(self.watch.pid(), number));
        match to_group {
            // Asked first, a leader could still go before it is killed.
            Some(sent) if self.is_in_own_group() && number != libc::SIGKILL => sent,
            _ => self.watch.signal(number),
        }
    }

    /// A leader may have gone to another group of its session.
    fn is_in_own_group(&self) -> bool {
        let pid = self.watch.pid();
        rustix::process::getpgid(Some(pid)) == Ok(pid)
    }

    /// Ends it now, and waits until that is so.
    pub(super) fn kill_now(&self) {
        let mut end = self.lock();
        if end.is_none() {
            self.unwanted.store(true, Ordering::SeqCst);
            let sent = self.send(libc::SIGKILL);
            if let Err(error) = &sent {
                tracing::error!("kill child {}: {error}", self.watch.pid().as_raw_nonzero());
            }
            // Of one that has become another user's nobody knows when it ends.
            *end = self.reap(sent.is_ok());
        }
    }
}

/// The same for one of which nobody has heard.
fn kill_now(watch: &Watch) {
    let killed = watch.signal(libc::SIGKILL);
    if let Err(error) = killed.and_then(|()| sys::reap(watch.pid(), true)) {
        tracing::error!("kill child {}: {error}", watch.pid().as_raw_nonzero());
    }
}
