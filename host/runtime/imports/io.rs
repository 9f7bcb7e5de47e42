//! A guest's I/O: its handle table and its ring, behind one lock of their own, so that an import
//! can work on them while it holds a view of the guest's memory.

use std::sync::Arc;

use aio_loop::Handle;
use aio_loop::dns::Resolver;
use aio_loop::net::{Inbox, TcpListeners};

use super::closing::Closing;
use super::convert::error_code;
use super::ring::Ring;
use super::wit::types::ErrorCode;
use crate::capability::{Denial, Grants, Policy};
#[cfg(unix)]
use crate::children::Children;
pub(crate) use crate::handles::Place;
use crate::handles::{Entry, HandleTable, Object};
use crate::inherited::Inherited;
use crate::interrupt::Interrupt;
use crate::preopens::{Preopens, Unplaced};
use crate::quota::Quota;
use crate::stream::Stream;
#[cfg(unix)]
use crate::subscriptions::Subscriptions;
use crate::wasi::host_environment;
use crate::workers::Workers;

/// The most bytes one read returns.
pub(crate) const READ_MAX: usize = 65_536;

/// The most bytes of a datagram: what the length field of UDP can say.
pub(crate) const DATAGRAM_MAX: usize = 65_535;

/// Where datagrams go first. Those of 16 KiB and less come 64 at a time.
const INBOX_SIZE: usize = 1 << 20;

/// How many helper threads a guest's look-ups occupy at a time, of the loop's 64.
const LOOKUP_THREADS_MAX: usize = 8;

/// How much a read of a guest's `max` asks of the system.
pub(crate) fn read_max(max: u32) -> usize {
    usize::try_from(max).unwrap_or(READ_MAX).min(READ_MAX)
}

/// Everything a guest has open or in flight.
#[derive(Debug)]
pub(crate) struct Io {
    pub(crate) handle: Handle,
    pub(crate) handles: HandleTable,
    /// Sockets that are open or in the making.
    pub(crate) sockets: Quota,
    pub(crate) ring: Ring,
    /// Connections that are closed and have bytes to send.
    pub(crate) closing: Closing,
    /// Where reads go first, so that no read allocates or clears memory.
    pub(crate) scratch: Box<[u8]>,
    /// Where datagrams go first, from the first one on.
    pub(crate) inbox: Option<Inbox>,
    /// Bytes that writes which wait keep here.
    pub(crate) buffered: Quota,
    /// Look-ups in flight.
    pub(crate) lookups: Quota,
    pub(crate) resolver: Resolver,
    pub(crate) grants: Grants,
    /// Where paths lead.
    pub(crate) preopens: Preopens,
    /// What the embedder passed in.
    pub(crate) inherited: Inherited,
    /// Where signals go that the embedder makes.
    #[cfg(unix)]
    pub(crate) subscriptions: Subscriptions,
    /// Where jobs are done.
    pub(crate) workers: Workers,
    /// Whether it is a worker's itself.
    pub(crate) is_worker: bool,
    /// What is common to the programs that it runs.
    #[cfg(unix)]
    pub(crate) children: Children,
}

/// Why an operation was not begun.
#[derive(Debug)]
pub(crate) enum Refusal {
    Code(ErrorCode),
    /// The policy does not grant it, which the embedder is to be told.
    Denied(Denial),
}

impl Refusal {
    /// Why a path of a guest leads nowhere; `verb` says what was to be done there.
    pub(crate) fn of_path(verb: &str, unplaced: Unplaced) -> Self {
        match unplaced {
            Unplaced::Malformed => ErrorCode::InvalidArgument.into(),
            Unplaced::TooLong => ErrorCode::NameTooLong.into(),
            Unplaced::Escapes => ErrorCode::PathEscapes.into(),
            Unplaced::Denied(denial) => Self::Denied(denial),
            Unplaced::Failed(error) => error_code(verb, &error).into(),
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl Io {
    pub(crate) fn new(
        handle: &Handle,
        policy: Policy,
        inherited: Inherited,
        interrupt: &Interrupt,
    ) -> Self {
        let env = policy.env(host_environment());
        let limits = &policy.limits;
        let buffered = u64::try_from(limits.buffered_max).unwrap_or(u64::MAX);
        #[cfg(unix)]
        let children = Children::new(limits);
        Self {
            handle: handle.clone(),
            handles: HandleTable::new(limits.handles_max),
            sockets: Quota::new(limits.sockets_max.into()),
            ring: Ring::new(limits.operations_max, interrupt),
            closing: Closing::default(),
            scratch: vec![0; READ_MAX].into_boxed_slice(),
            inbox: None,
            buffered: Quota::new(buffered),
            lookups: Quota::new(limits.lookups_max.into()),
            resolver: Resolver::new(handle, LOOKUP_THREADS_MAX),
            grants: Grants::new(Arc::new(policy)).with_env(env),
            preopens: Preopens::default(),
            inherited,
            #[cfg(unix)]
            subscriptions: Subscriptions::default(),
            workers: Workers::default(),
            is_worker: false,
            #[cfg(unix)]
            children,
        }
    }

    pub(crate) fn inbox(&mut self) -> &mut Inbox {
        self.inbox
            .get_or_insert_with(|| Inbox::new(INBOX_SIZE, DATAGRAM_MAX))
    }

    /// Takes an object in. An object that finds no room is closed.
    pub(crate) fn open(&mut self, object: Object) -> Result<u64, ErrorCode> {
        let sockets = self.sockets.take(object.sockets());
        let sockets = sockets.ok_or(ErrorCode::QuotaExceeded)?;
        let handle = self.handles.insert(object);
        let handle = handle.ok_or(ErrorCode::QuotaExceeded)?;
        self.entry(handle)?.sockets = Some(sockets);
        Ok(handle)
    }

    /// Refuses before anything is opened, so that the peer never sees a connection that is dropped.
    pub(crate) fn room(&self) -> Result<(), ErrorCode> {
        if self.handles.has_room() && self.sockets.used() < self.sockets.max() {
            Ok(())
        } else {
            Err(ErrorCode::QuotaExceeded)
        }
    }

    /// Refuses to a worker what only its guest has.
    pub(crate) fn not_in_worker(&self) -> Result<(), ErrorCode> {
        match self.is_worker {
            true => Err(ErrorCode::NotSupported),
            false => Ok(()),
        }
    }

    /// Takes the place of an object of so many `sockets`, which is not open yet or has no handle.
    /// Whoever opens it drops the place first, under the same lock.
    pub(crate) fn place(&self, sockets: usize) -> Result<Place, ErrorCode> {
        let sockets = u64::try_from(sockets).unwrap_or(u64::MAX);
        let permits = self.handles.permit().zip(self.sockets.take(sockets));
        let (handle, sockets) = permits.ok_or(ErrorCode::QuotaExceeded)?;
        Ok(Place::new(handle, sockets))
    }

    pub(crate) fn entry(&mut self, handle: u64) -> Result<&mut Entry, ErrorCode> {
        self.handles.get_mut(handle).ok_or(ErrorCode::BadHandle)
    }

    /// Has the attempt to take something from an object, which is to follow, ask the system.
    pub(crate) fn suppose_readable(&self, handle: u64) {
        let entry = self.handles.get(handle);
        if let Some(entry) = entry.filter(|entry| entry.reads.is_empty()) {
            entry.object.suppose_readable();
        }
    }

    pub(crate) fn listener(&self, handle: u64) -> Result<Arc<TcpListeners>, ErrorCode> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::Listener(listener)) => Ok(Arc::clone(listener)),
            _ => Err(ErrorCode::BadHandle),
        }
    }

    pub(crate) fn stream(&self, handle: u64) -> Result<Arc<Stream>, ErrorCode> {
        match self.handles.get(handle).map(|entry| &entry.object) {
            Some(Object::Stream(stream)) => Ok(Arc::clone(stream)),
            Some(Object::Socket(_)) => Err(ErrorCode::NotConnected),
            _ => Err(ErrorCode::BadHandle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io(handles: u32, sockets: u32) -> Io {
        let mut policy = Policy::default();
        policy.limits.handles_max = handles;
        policy.limits.sockets_max = sockets;
        let event_loop = aio_loop::Loop::new().unwrap();
        let interrupt = Interrupt::default();
        Io::new(
            event_loop.handle(),
            policy,
            Inherited::default(),
            &interrupt,
        )
    }

    #[test]
    fn what_is_in_the_making_has_its_place() {
        for io in [io(1, 9), io(9, 1)] {
            let place = io.place(1).unwrap();
            assert!(io.place(1).is_err() && io.room().is_err());
            drop(place);
            assert!(io.place(1).is_ok());
        }
    }

    #[test]
    fn each_socket_of_an_object_counts_and_a_refusal_takes_nothing() {
        let io = io(1, 3);
        assert!(io.place(4).is_err());
        let place = io.place(3).unwrap();
        assert_eq!((io.sockets.used(), io.place(1).is_err()), (3, true));
        drop(place);
        assert!(io.room().is_ok());
    }
}
