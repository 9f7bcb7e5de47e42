//! `aio:host/dns`: names to addresses and back. A look-up runs on a helper thread of the loop; what
//! it finds may be connected to under the grant that allowed the name.

use std::net::SocketAddr;
use std::sync::Arc;

use aio_loop::dns::{
    Family, Flags, Found, Hints, LookupError, Names, Query, ReverseFlags, SocketKind,
};
use wasmtime::Result;
use wasmtime::component::Accessor;

use super::Imports;
use super::convert::lookup_code;
use super::io::{Io, Refusal};
use super::wit::dns::{self as wit, Host, HostWithStore, ResolveFlags, Resolved, SocketType};
use super::wit::types::{ErrorCode, IpFamily, IpSocketAddress};
use crate::quota::Permit;
use crate::state::{State, delay};

type Code<T> = Result<T, ErrorCode>;
type Answer<T> = Result<T, LookupError>;

impl Io {
    /// Checks a guest's look-up and starts it. `name` is the guest's.
    pub(crate) fn lookup(
        &self,
        name: &str,
        service: &str,
        family: Option<IpFamily>,
    ) -> Result<impl Future<Output = Answer<Vec<SocketAddr>>> + use<>, Refusal> {
        self.grants.lookup(name)?;
        let (permit, held) = self.lookup_permit()?;
        let hints = Hints {
            family: family.map(Family::from),
            ..Hints::default()
        };
        let lookup = self.resolver.lookup(name, service, hints, held);
        Ok(counted(lookup, permit))
    }

    /// Grants what a look-up of `name` found.
    pub(crate) fn found(
        &mut self,
        name: &str,
        found: Answer<Vec<SocketAddr>>,
    ) -> Code<Vec<IpSocketAddress>> {
        let addresses = found.map_err(|error| lookup_code(&error))?;
        self.grants.pin(name, &addresses);
        Ok(addresses.into_iter().map(IpSocketAddress::from).collect())
    }

    /// The same as [`Io::lookup`] with all that can be asked. This machine's own addresses, which
    /// are asked for without a name, are no secret.
    fn resolve(
        &self,
        query: &wit::Query,
    ) -> Result<impl Future<Output = Answer<Vec<Found>>> + use<>, Refusal> {
        let name = query.name.as_deref();
        name.map_or(Ok(()), |name| self.grants.lookup(name))?;
        let (permit, held) = self.lookup_permit()?;
        let service = query.service.as_deref().unwrap_or_default();
        let resolve = self.resolver.resolve(name, service, query.into(), held);
        Ok(counted(self.within(resolve, query.timeout)?, permit))
    }

    fn resolved(&mut self, name: Option<&str>, found: Answer<Vec<Found>>) -> Code<Vec<Resolved>> {
        let found = found.map_err(|error| lookup_code(&error))?;
        if let Some(name) = name {
            let addresses: Vec<_> = found.iter().map(|found| found.address).collect();
            self.grants.pin(name, &addresses);
        }
        // Protocols beyond IP's own have no number here, and none is told unasked.
        Ok(found.into_iter().filter_map(resolved).collect())
    }

    /// Checks a guest's reverse look-up and starts it.
    pub(crate) fn reverse(
        &self,
        address: SocketAddr,
        flags: wit::ReverseFlags,
        timeout: Option<u64>,
    ) -> Result<impl Future<Output = Answer<Names>> + use<>, Refusal> {
        let flags = ReverseFlags::from(flags);
        if !flags.numeric_host {
            self.grants.reverse(address.ip())?;
        }
        let (permit, held) = self.lookup_permit()?;
        let reverse = self.resolver.reverse(address, flags, held);
        Ok(counted(self.within(reverse, timeout)?, permit))
    }

    /// A place in the quota, for the guest's wait and for the work of the system.
    fn lookup_permit(&self) -> Code<(Arc<Permit>, Arc<Permit>)> {
        let permit = self.lookups.take(1).ok_or(ErrorCode::QuotaExceeded)?;
        let permit = Arc::new(permit);
        Ok((Arc::clone(&permit), permit))
    }

    fn within<T: Send + 'static>(&self, query: Query<T>, timeout: Option<u64>) -> Code<Query<T>> {
        let Some(timeout) = timeout else {
            return Ok(query);
        };
        let timeout = delay(timeout).ok_or(ErrorCode::OutOfRange)?;
        Ok(query.within(&self.handle, timeout))
    }
}

/// A look-up counts until its answer is there; and, if it was given up, until its helper thread is
/// back, or a guest that begins and cancels would occupy them all.
async fn counted<T: Send + 'static>(query: Query<T>, permit: Arc<Permit>) -> Answer<T> {
    let answer = query.await;
    drop(permit);
    answer
}

/// Tells what a reverse look-up found.
pub(crate) fn names(answer: Answer<Names>) -> Code<(String, String)> {
    let Names { host, service } = answer.map_err(|error| lookup_code(&error))?;
    Ok((host, service))
}

fn resolved(found: Found) -> Option<Resolved> {
    Some(Resolved {
        address: found.address.into(),
        socket_type: found.kind.into(),
        protocol: u8::try_from(found.protocol).ok()?,
        canonical_name: found.canonical_name,
    })
}

impl From<IpFamily> for Family {
    fn from(family: IpFamily) -> Self {
        match family {
            IpFamily::Ipv4 => Self::V4,
            IpFamily::Ipv6 => Self::V6,
        }
    }
}

impl From<SocketType> for SocketKind {
    fn from(kind: SocketType) -> Self {
        match kind {
            SocketType::Stream => Self::Stream,
            SocketType::Datagram => Self::Datagram,
            SocketType::Raw => Self::Raw,
        }
    }
}

impl From<SocketKind> for SocketType {
    fn from(kind: SocketKind) -> Self {
        match kind {
            SocketKind::Stream => Self::Stream,
            SocketKind::Datagram => Self::Datagram,
            SocketKind::Raw => Self::Raw,
        }
    }
}

impl From<&wit::Query> for Hints {
    fn from(query: &wit::Query) -> Self {
        Self {
            family: query.family.map(Family::from),
            kind: query.socket_type.map(SocketKind::from),
            protocol: query.protocol.unwrap_or(0).into(),
            flags: query.flags.into(),
        }
    }
}

impl From<ResolveFlags> for Flags {
    fn from(flags: ResolveFlags) -> Self {
        Self {
            passive: flags.contains(ResolveFlags::PASSIVE),
            canonical_name: flags.contains(ResolveFlags::CANONICAL_NAME),
            numeric_host: flags.contains(ResolveFlags::NUMERIC_HOST),
            numeric_service: flags.contains(ResolveFlags::NUMERIC_SERVICE),
            v4_mapped: flags.contains(ResolveFlags::V4_MAPPED),
            all: flags.contains(ResolveFlags::ALL),
            address_configured: flags.contains(ResolveFlags::ADDRESS_CONFIGURED),
        }
    }
}

impl From<wit::ReverseFlags> for ReverseFlags {
    fn from(flags: wit::ReverseFlags) -> Self {
        Self {
            numeric_host: flags.contains(wit::ReverseFlags::NUMERIC_HOST),
            numeric_service: flags.contains(wit::ReverseFlags::NUMERIC_SERVICE),
            name_required: flags.contains(wit::ReverseFlags::NAME_REQUIRED),
            no_domain: flags.contains(wit::ReverseFlags::NO_FQDN),
            datagram: flags.contains(wit::ReverseFlags::DATAGRAM),
        }
    }
}

impl Host for State {}

impl<T> HostWithStore<T> for Imports {
    async fn lookup(
        store: &Accessor<T, Self>,
        name: String,
        service: String,
        family: Option<IpFamily>,
    ) -> Result<Code<Vec<IpSocketAddress>>> {
        let begin = |io: &Io| io.lookup(&name, &service, family);
        Ok(ask(store, begin, |io, found| io.found(&name, found)).await)
    }

    async fn resolve(store: &Accessor<T, Self>, query: wit::Query) -> Result<Code<Vec<Resolved>>> {
        let end = |io: &mut Io, found| io.resolved(query.name.as_deref(), found);
        Ok(ask(store, |io| io.resolve(&query), end).await)
    }

    async fn reverse(
        store: &Accessor<T, Self>,
        address: IpSocketAddress,
        flags: wit::ReverseFlags,
        timeout: Option<u64>,
    ) -> Result<Code<(String, String)>> {
        let begin = |io: &Io| io.reverse(address.into(), flags, timeout);
        Ok(ask(store, begin, |_, answer| names(answer)).await)
    }
}

/// Begins a question and ends it with the store, and waits without it.
async fn ask<T, Q: Future, A>(
    store: &Accessor<T, Imports>,
    begin: impl FnOnce(&Io) -> Result<Q, Refusal>,
    end: impl FnOnce(&mut Io, Q::Output) -> Code<A>,
) -> Code<A> {
    let begun: Code<_> = store.with(|mut access| {
        let state = access.get();
        let begun = begin(&state.io());
        let begun = begun.map_err(|refusal| state.refuse(refusal))?;
        Ok((begun, state.interrupt.clone()))
    });
    let (query, interrupt) = begun?;
    let answer = interrupt.or_stop(query).await?;
    store.with(|mut access| end(&mut access.get().io(), answer))
}
