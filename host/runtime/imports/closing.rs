//! Handles that come to their end: what waits on them is told, and what was accepted to be written
//! is still sent. TLS has a last word to say, and may hold bytes that the socket did not take.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aio_loop::{Handle, Task};

use super::io::Io;
use super::wit::types::ErrorCode;
use crate::handles::{Entry, Object};
use crate::quota::Permit;
use crate::stream::Stream;

/// How long a peer of a closed connection has to end too.
const LINGER: Duration = Duration::from_secs(5);
/// The same at the end of a guest.
const LAST_LINGER: Duration = Duration::from_secs(1);

/// Connections that are closed and have bytes to send. Dropping it gives those up.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    tasks: Vec<Task<io::Result<()>>>,
    /// How many there were when those that are done were last thrown out.
    swept: usize,
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
        if self.tasks.len() > 2 * self.swept + 16 {
            self.tasks.retain(|task| !task.is_finished());
            self.swept = self.tasks.len();
        }
        self.tasks.push(task);
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
        if let (true, Object::Stream(stream)) = (unsent, object) {
            let places = (place, sockets);
            self.closing.finish(&self.handle, stream, places);
        }
        Ok(())
    }

    /// Closes everything and returns what is still to be sent.
    pub(crate) fn shut_down(&mut self) -> Vec<Remainder> {
        self.stop_listening();
        self.ring.abandon();
        let closing = std::mem::take(&mut self.closing).tasks.into_iter();
        // What came of those that are done is not of this end.
        let closing = closing.filter(|task| !task.is_finished());
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
