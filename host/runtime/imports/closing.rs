//! Handles that come to their end: what waits on them is told, and what was accepted to be written
//! is still sent. TLS has a last word to say, and may hold bytes that the socket did not take.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aio_loop::{Handle, Task};

use super::io::Io;
use super::wit::types::ErrorCode;
#[cfg(unix)]
use crate::children::Running;
use crate::handles::{Entry, Object};
use crate::quota::Permit;
use crate::stream::Stream;

/// How long a peer of a closed connection has to end too.
const LINGER: Duration = Duration::from_secs(5);
/// The same at the end of a guest.
const LAST_LINGER: Duration = Duration::from_secs(1);

/// What is closed and has not come to its end. Dropping it gives up what is to be sent.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    /// Connections that have bytes to send.
    sending: Tasks<io::Result<()>>,
    /// Children that have been asked to end.
    #[cfg(unix)]
    ending: Tasks<()>,
}

/// Tasks that nobody waits for yet.
#[derive(Debug)]
struct Tasks<T: Send + 'static> {
    all: Vec<Task<T>>,
    /// How many there were when those that are done were last thrown out.
    swept: usize,
}

impl<T: Send + 'static> Default for Tasks<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            swept: 0,
        }
    }
}

impl<T: Send + 'static> Tasks<T> {
    fn keep(&mut self, task: Task<T>) {
        if self.all.len() > 2 * self.swept + 16 {
            self.all.retain(|task| !task.is_finished());
            self.swept = self.all.len();
        }
        self.all.push(task);
    }

    /// Takes those out that are not done.
    fn take(&mut self) -> impl Iterator<Item = Task<T>> + use<T> {
        let all = std::mem::take(self).all.into_iter();
        all.filter(|task| !task.is_finished())
    }
}

impl Closing {
    /// Sends what is left of `stream`, which keeps its place in the table until then.
    fn finish(&mut self, handle: &Handle, stream: Arc<Stream>, places: (Permit, Option<Permit>)) {
        self.keep(handle.spawn(async move {
            let finished = stream.finish(LINGER).await;
            drop(places);
            finished
        }));
    }

    /// Sees to it that `task` comes to its end.
    pub(crate) fn keep(&mut self, task: Task<io::Result<()>>) {
        self.sending.keep(task);
    }

    /// Counts a child until it has ended.
    #[cfg(unix)]
    fn end(&mut self, handle: &Handle, running: Arc<Running>) {
        let ended = running.child.end();
        self.ending.keep(handle.spawn(async move {
            ended.await;
            drop(running);
        }));
    }
}

/// What is still to be sent at the end of a guest.
#[derive(Debug)]
pub(crate) enum Remainder {
    /// A connection and bytes of the guest that wait for room.
    Open(Arc<Stream>, Vec<u8>),
    /// A connection that has a last word to say.
    Closed(Arc<Stream>),
    /// A connection that was closed before.
    Closing(Task<io::Result<()>>),
}

impl Remainder {
    /// Sends it.
    pub(crate) async fn send(self) -> io::Result<()> {
        match self {
            Self::Open(stream, bytes) => {
                stream.write_all(&bytes).await?;
                match stream.close() {
                    true => stream.finish(LAST_LINGER).await,
                    false => Ok(()),
                }
            }
            Self::Closed(stream) => stream.finish(LAST_LINGER).await,
            Self::Closing(task) => task.await.unwrap_or_else(|aborted| {
                tracing::error!("flush a connection: {aborted}");
                Ok(())
            }),
        }
    }
}

impl Io {
    /// Closes a handle: what waits on it, through either door, ends with `closed`.
    pub(crate) fn close(&mut self, handle: u64) -> Result<(), ErrorCode> {
        let entry = self.handles.remove(handle).ok_or(ErrorCode::BadHandle)?;
        let unsent = entry.object.close();
        self.ring.closed(&entry);
        let Entry {
            object,
            place,
            sockets,
            ..
        } = *entry;
        match object {
            Object::Stream(stream) if unsent => {
                let places = (place, sockets);
                self.closing.finish(&self.handle, stream, places);
            }
            #[cfg(unix)]
            Object::Child(running) if running.child.try_wait().is_none() => {
                self.closing.end(&self.handle, running);
            }
            _ => {}
        }
        Ok(())
    }

    /// Asks all children to end; what is returned waits until they have.
    #[cfg(unix)]
    pub(crate) fn end_children(&mut self) -> Vec<Task<()>> {
        let running = self.handles.objects().filter_map(|object| match object {
            Object::Child(running) => Some(running),
            _ => None,
        });
        for running in running {
            self.closing.end(&self.handle, Arc::clone(running));
        }
        self.closing.ending.take().collect()
    }

    /// Closes everything and returns what is still to be sent.
    pub(crate) fn shut_down(&mut self) -> Vec<Remainder> {
        self.stop_listening();
        self.ring.abandon();
        // What came of those that are done is not of this end.
        let closing = self.closing.sending.take();
        let open = self.handles.drain().filter_map(|entry| unsent(*entry));
        open.chain(closing.map(Remainder::Closing)).collect()
    }
}

fn unsent(entry: Entry) -> Option<Remainder> {
    let Object::Stream(stream) = entry.object else {
        return None;
    };
    let writes = entry.writes.iter();
    let bytes: Vec<u8> = writes.flat_map(|write| write.rest()).copied().collect();
    if bytes.is_empty() {
        return stream.close().then_some(Remainder::Closed(stream));
    }
    Some(Remainder::Open(stream, bytes))
}
