//! `aio:host/dns`: names to addresses. A look-up runs on a helper thread of the loop; what it finds
//! may be connected to under the grant that allowed the name.

use std::net::SocketAddr;

use aio_loop::dns::{self, Family, Hints, Lookup, LookupError};
use wasmtime::Result;
use wasmtime::component::Accessor;

use super::Imports;
use super::convert::lookup_code;
use super::io::{Io, Refusal};
use super::wit::dns::{Host, HostWithStore, Query, Resolved, ReverseFlags};
use super::wit::types::{ErrorCode, IpFamily, IpSocketAddress};
use crate::interrupt::Interrupt;
use crate::quota::Permit;
use crate::state::State;

/// A look-up that was granted, and its place in the quota.
pub(crate) struct Started {
    pub(crate) lookup: Lookup,
    pub(crate) permit: Permit,
}

impl Io {
    /// Checks a guest's look-up and starts it. `name` is the guest's.
    pub(crate) fn lookup(
        &self,
        name: &str,
        service: &str,
        family: Option<IpFamily>,
    ) -> Result<Started, Refusal> {
        self.grants.lookup(name)?;
        let permit = self.lookups.take(1).ok_or(ErrorCode::QuotaExceeded)?;
        let lookup = dns::lookup(&self.handle, name, service, hints(family));
        Ok(Started { lookup, permit })
    }

    /// Grants what a look-up found.
    pub(crate) fn found(
        &mut self,
        name: &str,
        found: Result<Vec<SocketAddr>, LookupError>,
    ) -> Result<Vec<IpSocketAddress>, ErrorCode> {
        let addresses = found.map_err(|error| lookup_code(&error))?;
        self.grants.pin(name, &addresses);
        Ok(addresses.into_iter().map(IpSocketAddress::from).collect())
    }
}

fn hints(family: Option<IpFamily>) -> Hints {
    let family = family.map(|family| match family {
        IpFamily::Ipv4 => Family::V4,
        IpFamily::Ipv6 => Family::V6,
    });
    Hints { family }
}

impl Host for State {}

impl<T> HostWithStore<T> for Imports {
    async fn lookup(
        store: &Accessor<T, Self>,
        name: String,
        service: String,
        family: Option<IpFamily>,
    ) -> Result<Result<Vec<IpSocketAddress>, ErrorCode>> {
        let started = store.with(|mut access| -> Result<(Started, Interrupt), ErrorCode> {
            let state = access.get();
            let started = state.io().lookup(&name, &service, family);
            Ok((
                started.map_err(|refusal| state.refuse(refusal))?,
                state.interrupt.clone(),
            ))
        });
        let (Started { lookup, permit }, interrupt) = match started {
            Ok(started) => started,
            Err(code) => return Ok(Err(code)),
        };
        let found = interrupt.or_stop(lookup).await;
        drop(permit);
        Ok(match found {
            Ok(found) => store.with(|mut access| access.get().io().found(&name, found)),
            Err(stopped) => Err(stopped.into()),
        })
    }

    async fn resolve(
        _store: &Accessor<T, Self>,
        _query: Query,
    ) -> Result<Result<Vec<Resolved>, ErrorCode>> {
        Ok(Err(ErrorCode::NotSupported))
    }

    async fn reverse(
        _store: &Accessor<T, Self>,
        _address: IpSocketAddress,
        _flags: ReverseFlags,
        _timeout: Option<u64>,
    ) -> Result<Result<(String, String), ErrorCode>> {
        Ok(Err(ErrorCode::NotSupported))
    }
}
