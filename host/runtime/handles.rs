//! A guest's handle table: the listeners and streams it owns, by number, for the ring and the plain
//! imports alike. A handle is an index and a generation, so that a stale or forged number is an
//! error code, never another object.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::net::TcpListeners;
#[cfg(unix)]
use aio_loop::net::unix::{UnixDatagram, UnixListener, UnixSocket};
#[cfg(unix)]
use aio_loop::signal::Signals;
use aio_loop::tls::{ClientConfig, ServerConfig};
use aio_loop::{Port, Readiness};

#[cfg(unix)]
use crate::children::{Prepared, Running};
use crate::datagrams::Datagrams;
use crate::quota::{Permit, Quota};
use crate::socket::Socket;
use crate::stream::Stream;

/// An open object and what the ring has in flight on it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) object: Object,
    /// Reads or accepts that wait, first come first served.
    pub(crate) reads: VecDeque<Read>,
    /// Writes that wait, first come first served.
    pub(crate) writes: VecDeque<Write>,
    pub(crate) watch: Option<Watch>,
    /// Whether the ring has the handle among the watches to report.
    pub(crate) listed: bool,
    /// Whether the ring has the handle among those to look at.
    pub(crate) queued: bool,
    /// Whether the object's readiness is posted to the ring's port.
    pub(crate) attached: bool,
    /// The object's place among the open handles.
    pub(crate) place: Permit,
    /// The object's place among the open sockets.
    pub(crate) sockets: Option<Permit>,
}

/// What a handle can stand for. Shared with the futures that wait on it.
#[derive(Debug)]
pub(crate) enum Object {
    Socket(Socket),
    Listener(Arc<TcpListeners>),
    Stream(Arc<Stream>),
    Datagrams(Arc<Datagrams>),
    #[cfg(unix)]
    UnixSocket(UnixSocket),
    #[cfg(unix)]
    UnixListener(Arc<UnixListener>),
    #[cfg(unix)]
    UnixDatagrams(Arc<UnixDatagram>),
    TlsClient(ClientConfig),
    TlsServer(ServerConfig),
    #[cfg(unix)]
    Signals(Arc<Signals>),
    #[cfg(unix)]
    Command(Arc<Prepared>),
    #[cfg(unix)]
    Child(Arc<Running>),
}

/// The place of an object that is not in the table, and counts as if it were.
#[derive(Debug)]
#[must_use = "a dropped `Place` has been given back"]
pub(crate) struct Place {
    _handle: Permit,
    _sockets: Permit,
}

impl Place {
    pub(crate) fn new(handle: Permit, sockets: Permit) -> Self {
        Self {
            _handle: handle,
            _sockets: sockets,
        }
    }
}

/// A read or an accept that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) token: u64,
    pub(crate) quiet: bool,
    pub(crate) max: u32,
    pub(crate) many: Many,
}

/// Whether a read goes on after the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    No,
    /// It does, and brought something last in the turn of this number.
    Since(u64),
}

/// A write that waits, with the bytes that are not written yet.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) token: u64,
    pub(crate) quiet: bool,
    pub(crate) data: Vec<u8>,
    /// Of a datagram: where to, if not to the peer of a connected socket.
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) offset: usize,
    /// What was written before the rest was kept here.
    pub(crate) written: u32,
    /// The room that `data` takes.
    pub(crate) _permit: Permit,
}

/// A level-triggered watch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub(crate) token: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The table. Handles keep the two highest bits clear, which are the ring's for its own keys.
#[derive(Debug)]
pub(crate) struct HandleTable {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Counts what is open, here and beside the table.
    open: Quota,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    entry: Option<Box<Entry>>,
}

/// A slot that reached this is not used again: its generations are used up.
const GENERATION_MAX: u32 = (1 << 30) - 1;

impl HandleTable {
    /// A table of at most `max` open handles.
    pub(crate) fn new(max: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            open: Quota::new(max.into()),
        }
    }

    /// Whether one more fits.
    pub(crate) fn has_room(&self) -> bool {
        self.open.used() < self.open.max()
    }

    /// Counts an object that is kept elsewhere among the open handles; none when there is no room.
    pub(crate) fn permit(&self) -> Option<Permit> {
        self.open.take(1)
    }

    /// Takes an object in; none when the table is full, and then the object is closed.
    pub(crate) fn insert(&mut self, object: Object) -> Option<u64> {
        let permit = self.permit()?;
        let index = self.free.pop().map_or_else(|| self.grow(), Some)?;
        let slot = self.slots.get_mut(usize::try_from(index).ok()?)?;
        slot.entry = Some(Box::new(Entry::new(object, permit)));
        Some(u64::from(slot.generation) << 32 | u64::from(index))
    }

    pub(crate) fn get(&self, handle: u64) -> Option<&Entry> {
        let (index, generation) = split(handle)?;
        let slot = self.slots.get(index)?;
        slot.entry
            .as_deref()
            .filter(|_| slot.generation == generation)
    }

    pub(crate) fn get_mut(&mut self, handle: u64) -> Option<&mut Entry> {
        let (index, generation) = split(handle)?;
        let slot = self.slots.get_mut(index)?;
        slot.entry
            .as_deref_mut()
            .filter(|_| slot.generation == generation)
    }

    /// Takes an object out; its handle is stale from then on.
    pub(crate) fn remove(&mut self, handle: u64) -> Option<Box<Entry>> {
        let (index, generation) = split(handle)?;
        let slot = self
            .slots
            .get_mut(index)
            .filter(|slot| slot.generation == generation)?;
        let entry = slot.entry.take()?;
        if slot.generation < GENERATION_MAX {
            slot.generation += 1;
            self.free.push(u32::try_from(index).ok()?);
        }
        Some(entry)
    }

    /// Everything that is open.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        let entries = self.slots.iter().filter_map(|slot| slot.entry.as_ref());
        entries.map(|entry| &entry.object)
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Box<Entry>> {
        self.free.clear();
        std::mem::take(&mut self.slots)
            .into_iter()
            .filter_map(|slot| slot.entry)
    }

    fn grow(&mut self) -> Option<u32> {
        let index = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(Slot {
            generation: 1, // so that no handle is 0
            entry: None,
        });
        Some(index)
    }
}

fn split(handle: u64) -> Option<(usize, u32)> {
    let index = usize::try_from(handle & u64::from(u32::MAX)).ok()?;
    Some((index, u32::try_from(handle >> 32).ok()?))
}

impl Entry {
    fn new(object: Object, permit: Permit) -> Self {
        Self {
            object,
            place: permit,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            watch: None,
            listed: false,
            queued: false,
            attached: false,
            sockets: None,
        }
    }
}

impl Object {
    /// How many sockets it is made of.
    pub(crate) fn sockets(&self) -> u64 {
        match self {
            Self::Listener(listener) => listener.listeners().len().try_into().unwrap_or(u64::MAX),
            Self::TlsClient(_) | Self::TlsServer(_) => 0,
            // The descriptor is the host's, and open in any case.
            Self::Stream(stream) if stream.is_standard() => 0,
            #[cfg(unix)]
            Self::Signals(_) => 0,
            #[cfg(unix)]
            Self::Command(_) | Self::Child(_) => 0,
            _ => 1,
        }
    }

    /// What is known of it now.
    pub(crate) fn readiness(&self) -> Readiness {
        match self {
            Self::Socket(socket) => socket.readiness(),
            Self::Listener(listener) => listener.readiness(),
            Self::Stream(stream) => stream.readiness(),
            Self::Datagrams(datagrams) => datagrams.socket().registration().readiness(),
            #[cfg(unix)]
            Self::UnixSocket(_) => Readiness::default(),
            #[cfg(unix)]
            Self::UnixListener(listener) => listener.registration().readiness(),
            #[cfg(unix)]
            Self::UnixDatagrams(socket) => socket.registration().readiness(),
            Self::TlsClient(_) | Self::TlsServer(_) => Readiness::default(),
            #[cfg(unix)]
            Self::Signals(signals) => signals.readiness(),
            #[cfg(unix)]
            Self::Command(_) => Readiness::default(),
            #[cfg(unix)]
            Self::Child(running) => Readiness {
                writable: false,
                ..running.child.registration().readiness()
            },
        }
    }

    /// Posts `key` to `port` whenever an event brings news.
    pub(crate) fn attach(&self, port: &Port, key: u64) {
        match self {
            Self::Socket(socket) => socket.attach(port, key),
            Self::Listener(listener) => listener.attach(port, key),
            Self::Stream(stream) => stream.attach(port, key),
            Self::Datagrams(datagrams) => datagrams.socket().registration().attach(port, key),
            #[cfg(unix)]
            Self::UnixListener(listener) => listener.registration().attach(port, key),
            #[cfg(unix)]
            Self::UnixDatagrams(socket) => socket.registration().attach(port, key),
            #[cfg(unix)]
            Self::Signals(signals) => signals.registration().attach(port, key),
            #[cfg(unix)]
            Self::UnixSocket(_) | Self::Command(_) => (),
            #[cfg(unix)]
            Self::Child(running) => running.child.registration().attach(port, key),
            Self::TlsClient(_) | Self::TlsServer(_) => (),
        }
    }

    /// Ends all that waits on it. Whether something is left to be sent, by [`Stream::finish`].
    pub(crate) fn close(&self) -> bool {
        match self {
            Self::Listener(listener) => listener.close(),
            Self::Stream(stream) => return stream.close(),
            Self::Datagrams(datagrams) => datagrams.socket().registration().close(),
            #[cfg(unix)]
            Self::UnixListener(listener) => listener.registration().close(),
            #[cfg(unix)]
            Self::UnixDatagrams(socket) => socket.registration().close(),
            #[cfg(unix)]
            Self::Signals(signals) => signals.close(),
            #[cfg(unix)]
            Self::UnixSocket(_) | Self::Command(_) => (),
            #[cfg(unix)]
            Self::Child(running) => running.close(),
            Self::Socket(_) | Self::TlsClient(_) | Self::TlsServer(_) => (),
        }
        false
    }

    /// Asks the OS to tell when it is writable, if it ever is.
    pub(crate) fn want_writable(&self) -> io::Result<()> {
        match self {
            Self::Socket(_) | Self::Listener(_) => Ok(()),
            Self::TlsClient(_) | Self::TlsServer(_) => Ok(()),
            Self::Stream(stream) => stream.want_writable(),
            Self::Datagrams(datagrams) => datagrams.socket().registration().want_writable(),
            #[cfg(unix)]
            Self::UnixSocket(_) | Self::UnixListener(_) | Self::Signals(_) => Ok(()),
            #[cfg(unix)]
            Self::Command(_) | Self::Child(_) => Ok(()),
            #[cfg(unix)]
            Self::UnixDatagrams(socket) => socket.registration().want_writable(),
        }
    }

    /// Has the next attempt to take something from it ask the system, which may know more than the
    /// events that were seen to.
    pub(crate) fn suppose_readable(&self) {
        if self.readiness().readable {
            return;
        }
        match self {
            Self::Listener(listener) => listener.suppose_readable(),
            Self::Stream(stream) => stream.suppose_readable(),
            Self::Datagrams(datagrams) => datagrams.socket().registration().set_readable(),
            #[cfg(unix)]
            Self::UnixListener(listener) => listener.registration().set_readable(),
            #[cfg(unix)]
            Self::UnixDatagrams(socket) => socket.registration().set_readable(),
            _ => (),
        }
    }

    /// Whether connections are accepted on it.
    pub(crate) fn is_listener(&self) -> bool {
        match self {
            Self::Listener(_) => true,
            #[cfg(unix)]
            Self::UnixListener(_) => true,
            _ => false,
        }
    }

    /// Whether its end can be waited for.
    pub(crate) fn is_child(&self) -> bool {
        #[cfg(unix)]
        return matches!(self, Self::Child(_));
        #[cfg(not(unix))]
        false
    }

    /// Whether signals arrive at it.
    pub(crate) fn is_signals(&self) -> bool {
        #[cfg(unix)]
        return matches!(self, Self::Signals(_));
        #[cfg(not(unix))]
        false
    }
}
