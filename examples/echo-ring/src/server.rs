//! What the server does about each completion. Does not wait: that is its caller's.

use std::time::Duration;

use aio_guest::ring::{Batch, Outcome, Ring};
use aio_guest::{ErrorCode, Handle};

use crate::connections::{Connections, Direction, Key};

/// The most bytes that are read at once.
const READ_MAX: u32 = 16_384;

/// How many bytes may be on their way to a peer before it is asked whether they went. Until it is
/// known, nothing more is read from a peer that does not read.
const UNREPORTED_BYTES_MAX: u32 = 65_536;

const ACCEPT: u64 = 4;
const REST: u64 = 8;

/// How long the listener rests when there was no room for another connection.
const PAUSE: Duration = Duration::from_millis(50);

/// A listener, its connections, and what is to be submitted next.
pub(crate) struct Server {
    listener: Handle,
    /// The configuration of a server of TLS, if connections begin with that.
    tls: Option<Handle>,
    ring: Ring,
    connections: Connections,
    stopped: bool,
}

impl Server {
    pub(crate) fn new(listener: Handle, tls: Option<Handle>) -> Self {
        let mut ring = Ring::new();
        ring.accept(ACCEPT, listener);
        Self {
            listener,
            tls,
            ring,
            connections: Connections::default(),
            stopped: false,
        }
    }

    pub(crate) fn ring(&mut self) -> &mut Ring {
        &mut self.ring
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    pub(crate) fn react(&mut self, batch: &Batch) {
        self.stopped = batch.stop();
        for completion in batch {
            match completion.token {
                ACCEPT => self.accepted(&completion.outcome),
                REST => self.accept(),
                token => self.progress(token, &completion.outcome),
            }
        }
    }

    fn accept(&mut self) {
        self.ring.accept(ACCEPT, self.listener);
    }

    fn accepted(&mut self, outcome: &Outcome<'_>) {
        match *outcome {
            Outcome::Accepted(handle, _peer) => {
                let key = self.connections.insert(handle);
                match self.tls {
                    Some(config) => {
                        let token = key.token(Direction::Write(0));
                        self.ring.start_tls(token, handle, config, "");
                    }
                    None => self.read(key, handle),
                }
                self.accept();
            }
            Outcome::Failed(ErrorCode::Cancelled) => self.stopped = true,
            // Too many connections are no reason to end: some will close.
            _ => {
                self.ring.sleep(REST, PAUSE);
            }
        }
    }

    fn progress(&mut self, token: u64, outcome: &Outcome<'_>) {
        let (key, direction) = Key::from_token(token);
        match (direction, outcome) {
            (Direction::Read, Outcome::Data(data)) => self.echo(key, data),
            (Direction::Write(_), Outcome::Written(_)) => self.written(key),
            (Direction::Write(_), Outcome::Done) => self.secured(key),
            // It rests until the writes are done.
            (Direction::Read, Outcome::Failed(ErrorCode::Cancelled)) => (),
            _ => self.close(key),
        }
    }

    fn echo(&mut self, key: Key, data: &[u8]) {
        let Some(connection) = self.connections.find(key) else {
            return;
        };
        let handle = connection.handle;
        let number = connection.unreported;
        connection.ended = data.is_empty();
        connection.unreported += 1;
        connection.unreported_bytes += data.len() as u32;
        // At the end a write of nothing asks for news: it completes after all before it.
        let ask = connection.ended
            || connection.unreported == Key::WRITES_MAX
            || connection.unreported_bytes > UNREPORTED_BYTES_MAX;
        let token = key.token(Direction::Write(number));
        let ended = connection.ended;
        let write = self.ring.write(token, handle, data);
        if !ask {
            write.quiet();
        } else if !ended {
            self.ring.cancel(0, key.token(Direction::Read)).quiet();
        }
    }

    /// The handshake is done.
    fn secured(&mut self, key: Key) {
        if let Some(handle) = self.connections.find(key).map(|own| own.handle) {
            self.read(key, handle);
        }
    }

    /// All writes so far are done.
    fn written(&mut self, key: Key) {
        let Some(connection) = self.connections.find(key) else {
            return;
        };
        if connection.ended {
            return self.close(key);
        }
        connection.unreported = 0;
        connection.unreported_bytes = 0;
        let handle = connection.handle;
        self.read(key, handle);
    }

    fn read(&mut self, key: Key, handle: Handle) {
        let token = key.token(Direction::Read);
        self.ring.read_many(token, handle, READ_MAX);
    }

    fn close(&mut self, key: Key) {
        if let Some(connection) = self.connections.remove(key) {
            self.ring.close(0, connection.handle).quiet();
        }
    }
}
