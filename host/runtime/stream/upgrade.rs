//! TLS on top of a connection, put there while it is open. What was accepted to be written goes
//! out whatever the guest does: a task sees to it for as long as the connection lives.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aio_loop::tls::{Engine, Negotiated, Session, Transport as _};
use aio_loop::{Handle, Readiness, Registration, Task};
use rustix::io::Errno;

use super::{InvalidState, Stream, Transport};

/// How much of what a peer sends to nobody is read.
const DISCARDED_MAX: usize = 1 << 20;

/// A session, and how far it has come.
#[derive(Debug)]
pub(super) struct Upgrade {
    session: Session,
    stage: AtomicU8,
    /// How long what is left to be sent may take when the connection is closed.
    shutdown: Duration,
    handle: Handle,
    stream: Weak<Stream>,
    /// Sends what waits for room. It ends with the stream, of which it is a part.
    flusher: Mutex<Option<Task<()>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    Handshake,
    Open,
    /// The handshake failed or was given up: there is nothing left to do but close.
    Failed,
    /// Closed for the guest; what was accepted is still on its way.
    Closed,
}

impl Upgrade {
    fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Handshake,
            1 => Stage::Open,
            2 => Stage::Failed,
            _ => Stage::Closed,
        }
    }

    fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
    }

    /// The session, for bytes of the guest.
    pub(super) fn session(&self) -> io::Result<&Session> {
        match self.stage() {
            Stage::Open => Ok(&self.session),
            Stage::Handshake | Stage::Failed => Err(InvalidState.into()),
            Stage::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Takes back bytes of the guest that were read.
    pub(super) fn unread(&self, bytes: &[u8]) {
        self.session.unread(bytes);
    }

    pub(super) fn has_unread(&self) -> bool {
        self.session.has_unread()
    }

    /// What is known of the stream, where that of the socket below is not all there is to know.
    pub(super) fn readiness(&self, transport: &Transport) -> Readiness {
        let blocked = self.stage() == Stage::Open && self.is_blocked(transport);
        let below = transport.registration().readiness();
        match self.stage() {
            Stage::Open => Readiness {
                readable: below.readable || self.session.is_readable(),
                writable: below.writable && !blocked,
                ..below
            },
            Stage::Handshake => Readiness {
                readable: false,
                writable: false,
                ..below
            },
            // An attempt tells why.
            Stage::Failed => Readiness {
                readable: true,
                writable: true,
                ..below
            },
            Stage::Closed => Readiness {
                closed: true,
                ..below
            },
        }
    }

    /// Whether bytes that were accepted hold others back; what has found room by now is sent.
    fn is_blocked(&self, transport: &Transport) -> bool {
        // An error comes up in the next attempt to write.
        self.session.wants_write() && self.session.try_flush(transport).is_err_and(would_block)
    }

    /// Has what waits for room sent when there is some, though nobody should write again.
    pub(super) fn tend(&self) {
        if !self.session.wants_write() {
            return;
        }
        let mut flusher = self.flusher.lock().unwrap_or_else(PoisonError::into_inner);
        if flusher.as_ref().is_none_or(Task::is_finished) {
            let stream = Weak::clone(&self.stream);
            let flush = std::future::poll_fn(move |cx| poll_flush(&stream, cx));
            *flusher = Some(self.handle.spawn(flush));
        }
    }
}

/// Ready when nothing waits any more. Keeps no stream alive.
fn poll_flush(stream: &Weak<Stream>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(stream) = stream.upgrade() else {
        return Poll::Ready(());
    };
    let Some(upgrade) = stream.upgrade.get() else {
        return Poll::Ready(());
    };
    // An error comes up in the next attempt to write.
    while upgrade
        .session
        .try_flush(&stream.transport)
        .is_err_and(would_block)
    {
        ready!(stream.transport.registration().poll_writable(cx));
    }
    // Who watches for room may write now.
    stream.transport.registration().wake();
    Poll::Ready(())
}

fn would_block(error: io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Upgrading, and how an upgraded connection ends.
impl Stream {
    /// Puts `engine` on top of the connection; nothing is read or written before
    /// [`Stream::handshake`].
    ///
    /// # Errors
    ///
    /// [`InvalidState`] if there is TLS already, on a pipe, and if a child has it.
    pub(crate) fn start_tls(
        self: &Arc<Self>,
        engine: Engine,
        handle: &Handle,
        shutdown: Duration,
    ) -> Result<(), InvalidState> {
        self.check()?;
        if !self.transport.is_duplex() {
            return Err(InvalidState);
        }
        let upgrade = Upgrade {
            session: Session::new(engine),
            stage: AtomicU8::new(Stage::Handshake as u8),
            shutdown,
            handle: handle.clone(),
            stream: Arc::downgrade(self),
            flusher: Mutex::default(),
        };
        self.upgrade
            .set(Box::new(upgrade))
            .map_err(|_| InvalidState)
    }

    /// Waits for the end of the handshake, for so long at most. Dropped before, it leaves a
    /// connection that can only be closed.
    pub(crate) async fn handshake(&self, timeout: Duration) -> io::Result<()> {
        let upgrade = self.upgrade.get().ok_or(InvalidState)?;
        let opening = Opening {
            upgrade,
            registration: self.registration(),
        };
        let handshake = upgrade.session.handshake(&self.transport);
        match upgrade.handle.timeout(timeout, handshake).await {
            Ok(done) => done?,
            Err(_elapsed) => return Err(Errno::TIMEDOUT.into()),
        }
        opening.done()
    }

    /// What TLS has agreed on; none without TLS, or before that.
    pub(crate) fn negotiated(&self) -> Option<Negotiated> {
        let upgrade = self.upgrade.get()?;
        upgrade.session().ok()?.negotiated()
    }

    /// Ends all that waits on the stream. Whether [`Stream::finish`] is to be awaited, because
    /// something is left to be sent, or on its way to a peer that may still say something.
    pub(crate) fn close(&self) -> bool {
        let open = self.upgrade.get();
        if let Some(upgrade) = open.filter(|upgrade| upgrade.stage() == Stage::Open) {
            upgrade.session.close_notify();
            upgrade.enter(Stage::Closed);
            if upgrade.is_blocked(&self.transport) || !upgrade.session.has_ended() {
                self.registration().wake();
                return true;
            }
        }
        self.registration().close();
        false
    }

    /// Sends what is left of a closed stream, for as long as that may take, and waits up to
    /// `linger` for the peer to end too.
    pub(crate) async fn finish(&self, linger: Duration) -> io::Result<()> {
        let Some(upgrade) = self.upgrade.get() else {
            return Ok(());
        };
        let flush = upgrade.session.flush(&self.transport);
        let flushed = upgrade.handle.timeout(upgrade.shutdown, flush).await;
        let flushed = flushed.unwrap_or_else(|_elapsed| Err(Errno::TIMEDOUT.into()));
        if flushed.is_ok() {
            let end = self.linger();
            let linger = linger.min(upgrade.shutdown);
            // A peer that does not end in time has had its chance.
            upgrade.handle.timeout(linger, end).await.ok();
        }
        self.registration().close();
        flushed
    }

    /// Reads to the end what the peer sends to nobody. To close on it would reset the connection,
    /// and the system would throw away what it has not sent yet; the tickets that a server of TLS
    /// 1.3 sends after the handshake would do that to each client that only writes.
    async fn linger(&self) {
        // A peer that is gone needs no word of the end.
        self.transport.shutdown(Shutdown::Write).ok();
        let mut scratch = vec![0; 4096];
        let mut left = DISCARDED_MAX;
        while left > 0 {
            match self.transport.try_read(&mut scratch) {
                Ok(0) => break,
                Ok(read) => left = left.saturating_sub(read),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.registration().readable().await;
                }
                Err(_gone) => break,
            }
        }
    }
}

/// A handshake under way.
struct Opening<'a> {
    upgrade: &'a Upgrade,
    registration: &'a Registration,
}

impl Opening<'_> {
    fn done(self) -> io::Result<()> {
        self.upgrade.enter(Stage::Open);
        self.upgrade.tend();
        Ok(())
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if self.upgrade.stage() == Stage::Handshake {
            self.upgrade.enter(Stage::Failed);
        }
        // Who came meanwhile was told to wait.
        self.registration.wake();
    }
}
