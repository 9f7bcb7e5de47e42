//! A connection as the two streams of `wasi:io` 0.2. Reads find what is there and wait for nothing;
//! of a write the OS takes what it can at once, and a task of the loop brings it the rest, during
//! which the guest is permitted no more.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use aio_loop::{Handle, Task};
use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::imports::io::{Io, READ_MAX};
use crate::state::lock;
use crate::wasi::sockets::tcp::Connection;

/// The most bytes a guest may write without asking anew.
const WRITE_MAX: usize = 65_536;

/// What the socket and its two streams share.
pub(super) struct Halves {
    connection: Arc<Connection>,
    handle: Handle,
    io: Arc<Mutex<Io>>,
    input_ended: AtomicBool,
    sending: Mutex<Sending>,
}

/// How far the guest's writes are.
struct Sending {
    stage: Stage,
    /// How much the guest may write.
    permitted: usize,
}

enum Stage {
    /// All is with the OS.
    Idle,
    /// A task brings the OS the rest, and then perhaps the end.
    Rest {
        task: Task<io::Result<()>>,
        last: bool,
    },
    /// To be told once.
    Failed(io::Error),
    Ended,
}

/// The stream from the peer.
pub(super) struct Input(pub(super) Arc<Halves>);

/// The stream to the peer.
pub(super) struct Output(pub(super) Arc<Halves>);

impl Halves {
    pub(super) fn new(connection: Arc<Connection>, handle: &Handle, io: &Arc<Mutex<Io>>) -> Self {
        Self {
            connection,
            handle: handle.clone(),
            io: Arc::clone(io),
            input_ended: AtomicBool::new(false),
            sending: Mutex::new(Sending {
                stage: Stage::Idle,
                permitted: 0,
            }),
        }
    }

    /// Ends one half or both; what was written before goes out first.
    pub(super) fn shutdown(&self, how: Shutdown) {
        if how != Shutdown::Write && !self.input_ended.swap(true, Ordering::Relaxed) {
            end(&self.connection, Shutdown::Read);
        }
        if how != Shutdown::Read {
            self.sending().end(&self.connection, &self.handle);
        }
    }

    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was accepted is still sent when the guest has closed both streams and the socket.
impl Drop for Halves {
    fn drop(&mut self) {
        let stage = std::mem::replace(&mut self.sending().stage, Stage::Ended);
        if let Stage::Rest { task, .. } = stage {
            lock(&self.io).closing.keep(task);
        }
    }
}

/// Ends a half. That the peer was faster is no news: reads and writes tell it.
fn end(connection: &Connection, how: Shutdown) {
    if let Err(error) = connection.stream.shutdown(how) {
        tracing::debug!("end a half of a connection: {error}");
    }
}

impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.0.input_ended.load(Ordering::Relaxed) {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let scratch = &mut lock(&self.0.io).scratch[..size.min(READ_MAX)];
        match self.0.connection.stream.try_read(scratch) {
            Ok(0) => self.ended(StreamError::Closed),
            Ok(count) => Ok(Bytes::copy_from_slice(&scratch[..count])),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Bytes::new()),
            Err(error) => self.ended(StreamError::LastOperationFailed(error.into())),
        }
    }
}

impl Input {
    fn ended(&self, error: StreamError) -> StreamResult<Bytes> {
        self.0.input_ended.store(true, Ordering::Relaxed);
        Err(error)
    }
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        if !self.0.input_ended.load(Ordering::Relaxed) {
            self.0.connection.stream.registration().readable().await;
        }
    }
}

impl Sending {
    /// Ready once nothing is on its way to the OS.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Stage::Rest { task, last } = &mut self.stage {
            let sent = ready!(Pin::new(task).poll(cx));
            self.stage = match sent {
                Ok(Ok(())) if !*last => Stage::Idle,
                // Aborted with the loop: nobody is left to be told.
                Ok(Ok(())) | Err(_) => Stage::Ended,
                Ok(Err(error)) => Stage::Failed(error),
            };
        }
        Poll::Ready(())
    }

    /// Tells once why nothing can be written any more.
    fn check(&mut self) -> StreamResult<()> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => Err(StreamError::Closed),
            Stage::Failed(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(StreamError::Closed)
            }
            Stage::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
            stage => {
                self.stage = stage;
                Ok(())
            }
        }
    }

    fn end(&mut self, connection: &Arc<Connection>, handle: &Handle) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Idle => end(connection, Shutdown::Write),
            Stage::Rest { task, last: false } => {
                let connection = Arc::clone(connection);
                let task = handle.spawn(async move {
                    let sent = task.await.unwrap_or(Ok(()));
                    end(&connection, Shutdown::Write);
                    sent
                });
                self.stage = Stage::Rest { task, last: true };
            }
            stage => self.stage = stage,
        }
    }
}

impl Output {
    fn rest(&self, rest: Bytes) -> Stage {
        // Of all that the guest has written and the OS not taken, no more is kept than it may.
        let Some(permit) = lock(&self.0.io).buffered.take(rest.len() as u64) else {
            return Stage::Failed(io::ErrorKind::OutOfMemory.into());
        };
        let connection = Arc::clone(&self.0.connection);
        let task = self.0.handle.spawn(async move {
            let sent = connection.stream.write_all(&rest).await;
            drop(permit);
            sent
        });
        Stage::Rest { task, last: false }
    }
}

impl OutputStream for Output {
    fn write(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        let mut sending = self.0.sending();
        sending.check()?;
        if bytes.len() > sending.permitted {
            return Err(StreamError::trap("more was written than was permitted"));
        }
        sending.permitted = 0;
        if bytes.is_empty() {
            return Ok(());
        }
        match self.0.connection.stream.try_write(&bytes) {
            Ok(count) if count == bytes.len() => return Ok(()),
            Ok(count) => sending.stage = self.rest(bytes.split_off(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                sending.stage = self.rest(bytes);
            }
            Err(error) => sending.stage = Stage::Failed(error),
        }
        sending.check()
    }

    /// What is written is on its way: there is nothing to do but to wait, which `check_write` and
    /// the pollable do.
    fn flush(&mut self) -> StreamResult<()> {
        self.0.sending().check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let mut sending = self.0.sending();
        let mut cx = Context::from_waker(Waker::noop());
        if sending.poll_idle(&mut cx).is_pending() {
            return Ok(0);
        }
        sending.check()?;
        let room = self.0.connection.stream.registration().readiness().writable;
        sending.permitted = if room { WRITE_MAX } else { 0 };
        Ok(sending.permitted)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        poll_fn(|cx| {
            let mut sending = self.0.sending();
            ready!(sending.poll_idle(cx));
            match sending.stage {
                Stage::Idle => self.0.connection.stream.registration().poll_writable(cx),
                _ => Poll::Ready(()),
            }
        })
        .await;
    }
}
