//! The part that owns `mio::Poll`: sources by token, and events on their way to them.
//! It decides nothing: whom an event wakes is the registration's matter, when to poll the turn's.

use std::io;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::lock;
use super::registration::Pollable;
use super::source::{self, Source};
use super::token::Token;

/// What polling needs. One thread at a time has it.
#[derive(Debug)]
pub(super) struct Driver {
    poll: mio::Poll,
    events: mio::Events,
    wakes: Vec<Waker>,
}

#[derive(Debug)]
pub(super) struct Reactor {
    registry: mio::Registry,
    waker: mio::Waker,
    sources: Mutex<Sources>,
}

#[derive(Debug, Default)]
struct Sources {
    slots: Slab<(Token, Arc<Source>)>,
    generation: usize,
}

impl Sources {
    fn insert(&mut self, source: Arc<Source>) -> Option<Token> {
        self.generation = self.generation.wrapping_add(1);
        let slot = self.slots.vacant_entry();
        let token = Token::new(slot.key(), self.generation)?;
        slot.insert((token, source));
        Some(token)
    }

    fn find(&self, token: Token) -> Option<&Source> {
        let (current, source) = self.slots.get(token.index())?;
        (*current == token).then_some(&**source)
    }

    fn remove(&mut self, token: Token) -> Option<Arc<Source>> {
        self.find(token)?;
        Some(self.slots.remove(token.index()).1)
    }
}

impl Reactor {
    /// Takes up to `events_max` events from the OS in one poll.
    pub(super) fn new(events_max: usize) -> io::Result<(Self, Driver)> {
        let poll = mio::Poll::new()?;
        let reactor = Self {
            registry: poll.registry().try_clone()?,
            waker: mio::Waker::new(poll.registry(), Token::WAKER)?,
            sources: Mutex::default(),
        };
        let driver = Driver {
            poll,
            events: mio::Events::with_capacity(events_max.max(1)),
            wakes: Vec::new(),
        };
        Ok((reactor, driver))
    }

    pub(super) fn register(
        &self,
        io: &mut impl Pollable,
        source: Arc<Source>,
        interest: mio::Interest,
    ) -> io::Result<Token> {
        let token = lock(&self.sources)
            .insert(source)
            .ok_or_else(|| io::Error::other("register a source: too many sources"))?;
        match self.registry.register(io, token.into(), interest) {
            Ok(()) => Ok(token),
            Err(error) => {
                self.remove(token);
                Err(error)
            }
        }
    }

    /// Forgets a source: events of it that are on their way hit nothing.
    pub(super) fn remove(&self, token: Token) {
        // Named, so that what the source owns is dropped after the lock.
        let _source = lock(&self.sources).remove(token);
    }

    #[cfg(unix)]
    pub(super) fn reregister(
        &self,
        fd: std::os::fd::RawFd,
        token: Token,
        interest: mio::Interest,
    ) -> io::Result<()> {
        let mut source = mio::unix::SourceFd(&fd);
        self.registry
            .reregister(&mut source, token.into(), interest)
    }

    #[cfg(unix)]
    pub(super) fn deregister(&self, fd: std::os::fd::RawFd) {
        if let Err(error) = self.registry.deregister(&mut mio::unix::SourceFd(&fd)) {
            // The source is forgotten by then and its descriptor about to close: nothing depends on
            // this.
            tracing::debug!("deregister descriptor {fd}: {error}");
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.sources).slots.is_empty()
    }

    /// Ends the poll of the loop's thread.
    pub(super) fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!("wake the loop: {error}");
        }
    }

    fn dispatch(&self, events: &mio::Events, wakes: &mut Vec<Waker>) {
        if events.is_empty() {
            return;
        }
        let sources = lock(&self.sources);
        for event in events {
            if event.token() == Token::WAKER {
                continue;
            }
            if let Some(source) = sources.find(event.token().into()) {
                source.apply(source::event_bits(event), wakes);
            }
        }
    }
}

impl Driver {
    /// Polls the OS. `true` when it had events, a wake of the loop among them.
    pub(super) fn poll(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        self.poll.poll(&mut self.events, timeout)?;
        Ok(!self.events.is_empty())
    }

    /// Hands the events of the last poll to their sources and wakes who waits for them.
    pub(super) fn dispatch(&mut self, reactor: &Reactor) {
        reactor.dispatch(&self.events, &mut self.wakes);
        self.events.clear();
        self.wakes.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_event_of_a_removed_source_hits_nothing() {
        let mut sources = Sources::default();
        let old = sources.insert(Arc::new(Source::new(0))).unwrap();
        sources.remove(old);
        let new = sources.insert(Arc::new(Source::new(0))).unwrap();
        assert_eq!(old.index(), new.index());
        assert!(sources.find(old).is_none());
        assert!(sources.find(new).is_some());
        assert!(sources.remove(old).is_none());
        assert!(sources.find(new).is_some());
    }
}
